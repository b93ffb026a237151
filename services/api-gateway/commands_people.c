/* SPDX-License-Identifier: MIT */
#include "commands_people.h"

#include "commands.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "config.h"
#include "db/migrate.h"
#include "db/pool.h"
#include "domain/people.h"
#include "domain/tokens.h"
#include "prompt.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What each of them works with, released by close_desk(). */
struct desk {
	struct arena *arena;
	struct db_pool *pool;
	struct people people;
	struct tokens_source tokens;
	struct error err;
};

static void close_desk(struct desk *desk)
{
	db_pool_free(desk->pool);
	arena_free(desk->arena);
}

static int fail(const struct error *err)
{
	fprintf(stderr, "api-gateway: %s%s%s\n", err->message, err->cause[0] ? ": " : "", err->cause);
	return EXIT_FAILURE;
}

/* A database whose schema is another program's is not touched. */
static int check_schema(struct desk *desk)
{
	CLEANUP(db_release)
	struct db_conn *conn =
		db_acquire(desk->pool, clock_monotonic_ms() + desk->tokens.timeout_ms, &desk->err);
	return conn ? db_migrate_check(conn, migration_files, &desk->err) : -1;
}

static int open_desk(const struct config *config, struct desk *desk)
{
	struct db_pool_options options = {
		.url = config->database_url,
		.application_name = "api-gateway command",
		.size = 1,
		.statement_timeout_ms = config->database_timeout_ms,
	};
	desk->arena = arena_create();
	desk->pool = db_pool_create(&options);
	desk->people = (struct people){desk->pool, config->database_timeout_ms, config->password_min};
	desk->tokens = (struct tokens_source){desk->pool, config->database_timeout_ms};
	return check_schema(desk);
}

#define OPEN_DESK(desk, line)                                                                                \
	CLEANUP(close_desk) struct desk desk = {0};                                                          \
	if (open_desk((line)->config, &desk))                                                                \
	return fail(&desk.err)

/* --- users */

int command_user_add(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	CLEANUP(prompt_wipe) struct prompt_secret password;
	const char *ignored;
	if (prompt_password("Password", true, &password, &desk.err) ||
		people_create(&desk.people, line->argument, password.text, line->options[0], desk.arena,
			&ignored, &desk.err))
		return fail(&desk.err);
	fprintf(stderr, "user %s is made, with the role %s\n", line->argument, line->options[0]);
	return EXIT_SUCCESS;
}

static int change(struct desk *desk, const struct command_line *line, const struct people_change *what,
	const char *done)
{
	const char *ignored;
	if (people_change(&desk->people, line->argument, what, 0, desk->arena, &ignored, &desk->err))
		return fail(&desk->err);
	fprintf(stderr, "user %s %s\n", line->argument, done);
	return EXIT_SUCCESS;
}

int command_user_passwd(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	CLEANUP(prompt_wipe) struct prompt_secret password;
	const char *ignored;
	if (people_read(&desk.people, line->argument, desk.arena, &ignored, NULL, &desk.err) ||
		prompt_password("New password", true, &password, &desk.err))
		return fail(&desk.err);
	struct people_change what = {.password = password.text};
	return change(&desk, line, &what, "has a new password; tokens of earlier logins are ended");
}

int command_user_role(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	struct people_change what = {.role = line->options[0]};
	return change(&desk, line, &what, "has a new role");
}

int command_user_disable(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	struct people_change what = {.active = PEOPLE_DISABLE};
	return change(&desk, line, &what, "is disabled, and the tokens are ended");
}

int command_user_enable(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	struct people_change what = {.active = PEOPLE_ENABLE};
	return change(&desk, line, &what, "is enabled");
}

/* --- tables */

static const char *text_of(const cJSON *row, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, name);
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value) ? "yes" : "no";
	return cJSON_IsString(value) && *value->valuestring ? value->valuestring : "-";
}

/* Names are printable: the schema and people_create() see to it, and a terminal is not to be fooled by
 * older ones. */
static void print_column(const char *text, int width)
{
	int printed = 0;
	for (; *text; text++) {
		bool harmless = (unsigned char)*text >= ' ' && *text != 0x7F;
		putchar(harmless ? *text : '?');
		printed += ((unsigned char)*text & 0xC0) != 0x80;
	}
	printf("%*s", printed < width ? width - printed : 1, " ");
}

static int print_user(const char *json, size_t length, void *context, struct error *err)
{
	(void)context, (void)err;
	cJSON *user = cJSON_ParseWithLength(json, length);
	print_column(text_of(user, "name"), 25);
	printf("%-7s %-7s %s\n", text_of(user, "role"), text_of(user, "active"), text_of(user, "created"));
	cJSON_Delete(user);
	return 0;
}

int command_user_list(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	printf("%-24s %-7s %-7s %s\n", "NAME", "ROLE", "ACTIVE", "CREATED");
	return people_list(&desk.people, print_user, NULL, &desk.err) ? fail(&desk.err) : EXIT_SUCCESS;
}

/* --- tokens */

int command_token_create(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	struct token_wish wish = {
		.user = line->options[0],
		.name = line->options[1],
		.role = line->options[2],
		.default_ms = line->config->token_lifetime_ms,
		.maximum_ms = line->config->token_lifetime_max_ms,
	};
	struct token_made made;
	if (line->options[3] &&
		(settings_duration(line->options[3], &wish.lifetime_ms) || wish.lifetime_ms <= 0)) {
		error_set(&desk.err, ERROR_INVALID, "--lifetime must be a duration such as 12h or 90d");
		return fail(&desk.err);
	}
	if (tokens_make(&desk.tokens, NULL, &wish, desk.arena, &made, &desk.err))
		return fail(&desk.err);
	puts(made.text);
	fprintf(stderr, "token %lld of %s; it is not shown again\n", (long long)made.pk, wish.user);
	explicit_bzero(made.text, sizeof(made.text));
	return EXIT_SUCCESS;
}

int command_token_list(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	struct token_query query = {.user = line->options[0], .limit = TOKEN_PAGE_MAX};
	const char *json;
	if (tokens_list(&desk.tokens, NULL, &query, desk.arena, &json, &desk.err))
		return fail(&desk.err);
	cJSON *list = cJSON_Parse(json);
	const cJSON *token;
	printf("%-8s %-20s %-20s %-7s %-6s %-25s %-25s %s\n", "PK", "USER", "NAME", "ROLE", "LOGIN",
		"EXPIRES", "LAST USED", "REVOKED");
	cJSON_ArrayForEach(token, list) {
		printf("%-8.0f ", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(token, "pk")));
		print_column(text_of(token, "user"), 21);
		print_column(text_of(token, "name"), 21);
		printf("%-7s %-6s %-25s %-25s %s\n", text_of(token, "role"), text_of(token, "login"),
			text_of(token, "expires"), text_of(token, "last_used"), text_of(token, "revoked"));
	}
	if (cJSON_GetArraySize(list) == TOKEN_PAGE_MAX)
		fprintf(stderr, "only the newest %d are shown\n", TOKEN_PAGE_MAX);
	cJSON_Delete(list);
	return EXIT_SUCCESS;
}

int command_token_revoke(const struct command_line *line)
{
	OPEN_DESK(desk, line);
	char *end;
	errno = 0;
	long long pk = strtoll(line->argument, &end, 10);
	if (errno || *end || pk < 1)
		error_set(&desk.err, ERROR_INVALID, "PK must be a number, as token list shows it");
	else if (tokens_revoke(&desk.tokens, NULL, pk, &desk.err) == 0) {
		fprintf(stderr, "token %lld is revoked\n", pk);
		return EXIT_SUCCESS;
	}
	return fail(&desk.err);
}
