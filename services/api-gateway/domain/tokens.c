/* SPDX-License-Identifier: MIT */
#include "domain/tokens.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/random.h"
#include "db/pool.h"
#include "db/token_repo.h"
#include "db/user_repo.h"

#include <stdio.h>
#include <string.h>

static struct db_conn *connect(const struct tokens_source *source, struct error *err)
{
	return db_acquire(source->pool, clock_monotonic_ms() + source->timeout_ms, err);
}

/* Fills the row's hash with that of a new text. */
static int store_new(
	struct db_conn *conn, struct token_new *row, char text[TOKEN_SIZE], int64_t *pk, struct error *err)
{
	char hash[DIGEST_HEX_SIZE];
	random_hex(text, (TOKEN_SIZE - 1) / 2);
	digest_sha256_hex(text, TOKEN_SIZE - 1, hash);
	row->hash_hex = hash;
	int result = token_create(conn, row, pk, err);
	row->hash_hex = NULL;
	return result;
}

int tokens_start_login(const struct tokens_source *source, int64_t user_pk, int64_t lifetime_ms,
	char out[TOKEN_SIZE], struct error *err)
{
	int64_t pk;
	struct token_new row = {.user_pk = user_pk, .lifetime_ms = lifetime_ms, .login = true};
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	return conn ? store_new(conn, &row, out, &pk, err) : -1;
}

static int read_found(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err)
{
	int found = token_read_json(conn, pk, arena, json, err);
	return found == 0 ? error_set(err, ERROR_NOT_FOUND, "no such token") : found < 0 ? -1 : 0;
}

int tokens_read(const struct tokens_source *source, int64_t pk, struct arena *arena, const char **json,
	struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	return conn ? read_found(conn, pk, arena, json, err) : -1;
}

/* --- for programs */

/* The user's own row: of the asking one when `name` is NULL. */
static int find_owner(struct db_conn *conn, const struct principal *by, const char *name, struct arena *arena,
	struct user_row *out, struct error *err)
{
	const char *wanted = name ? name : by->username;
	if (by && by->role < ROLE_ADMIN && strcmp(wanted, by->username) != 0)
		return error_set(err, ERROR_FORBIDDEN, "only an admin may see or make tokens of others");
	int found = user_find(conn, wanted, arena, out, err);
	return found == 0 ? error_set(err, ERROR_NOT_FOUND, "no such user") : found < 0 ? -1 : 0;
}

static int choose_role(const struct principal *by, const struct user_row *owner, const char *wanted,
	const char **out, struct error *err)
{
	int highest = role_from_name(owner->role), role = wanted ? role_from_name(wanted) : highest;
	if (role < 0)
		return error_set(err, ERROR_INVALID, "role must be reader, writer or admin");
	if (by && role > (int)by->role) {
		if (wanted)
			return error_set(err, ERROR_FORBIDDEN,
				"a token of the role %s cannot make one of the role %s", role_name(by->role),
				wanted);
		role = by->role;
	}
	if (role > highest)
		return error_set(err, ERROR_INVALID, "the user's role is %s, a token's cannot be %s",
			owner->role, wanted);
	*out = role_name((enum role)role);
	return 0;
}

/* What is left to the asking token, if it was made for a program. */
static int64_t lifetime_limit(const struct principal *by, int64_t maximum_ms)
{
	if (!by || by->login || !by->expires_unix_ms)
		return maximum_ms;
	int64_t left_ms = by->expires_unix_ms - clock_unix_ms();
	return left_ms < maximum_ms ? left_ms : maximum_ms;
}

static int choose_lifetime(
	const struct principal *by, const struct token_wish *wish, int64_t *out, struct error *err)
{
	int64_t limit_ms = lifetime_limit(by, wish->maximum_ms);
	if (wish->lifetime_ms > limit_ms)
		return error_set(err, ERROR_INVALID, "a token made here may live for %lld seconds at most",
			(long long)(limit_ms / 1000));
	*out = wish->lifetime_ms ? wish->lifetime_ms : wish->default_ms;
	if (*out > limit_ms)
		*out = limit_ms;
	return 0;
}

int tokens_make(const struct tokens_source *source, const struct principal *by, const struct token_wish *wish,
	struct arena *arena, struct token_made *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	struct user_row owner;
	struct token_new row = {.name = wish->name};
	if (!conn || find_owner(conn, by, wish->user, arena, &owner, err) ||
		choose_role(by, &owner, wish->role, &row.role, err) ||
		choose_lifetime(by, wish, &row.lifetime_ms, err))
		return -1;
	if (!owner.active)
		return error_set(err, ERROR_CONFLICT, "this user is disabled");
	row.user_pk = owner.pk;
	if (store_new(conn, &row, out->text, &out->pk, err))
		return -1;
	return read_found(conn, out->pk, arena, &out->json, err);
}

int tokens_revoke(
	const struct tokens_source *source, const struct principal *by, int64_t pk, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	bool everybodys = !by || by->role == ROLE_ADMIN;
	int done = conn ? token_revoke(conn, pk, everybodys ? 0 : by->user_pk, err) : -1;
	return done == 0 ? error_set(err, ERROR_NOT_FOUND, "no such token") : done < 0 ? -1 : 0;
}

int tokens_list(const struct tokens_source *source, const struct principal *by,
	const struct token_query *query, struct arena *arena, const char **json, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	struct user_row owner = {0};
	bool everybodys = !by && !query->user;
	if (!conn || (!everybodys && find_owner(conn, by, query->user, arena, &owner, err)))
		return -1;
	struct token_page page = {owner.pk, query->before_pk, query->limit};
	return token_list_json(conn, &page, arena, json, err);
}

/* --- lookup */

static int principal_of(const struct token_row *row, struct principal *out, struct error *err)
{
	int role = role_from_name(row->role);
	if (role < 0)
		return error_set_cause(err, ERROR_INTERNAL, "unknown role of a token");
	*out = (struct principal){
		.user_pk = row->user_pk,
		.role = (enum role)role,
		.expires_unix_ms = row->expires_unix_ms,
		.token_pk = row->pk,
		.login = row->login,
	};
	snprintf(out->username, sizeof(out->username), "%s", row->user_name);
	return 0;
}

int tokens_lookup(void *tokens_source, const unsigned char hash[TOKEN_HASH_SIZE], struct principal *out,
	struct error *err)
{
	const struct tokens_source *source = tokens_source;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	char hex[2 * TOKEN_HASH_SIZE + 1];
	hex_encode(hash, TOKEN_HASH_SIZE, hex);
	struct token_row row;
	int found = conn ? token_find(conn, hex, arena, &row, err) : -1;
	if (found == 1 && principal_of(&row, out, err))
		return -1;
	return found;
}
