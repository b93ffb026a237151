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
#include "domain/password.h"

#include <stdio.h>
#include <string.h>

static struct db_conn *connect(const struct tokens_source *source, struct error *err)
{
	return db_acquire(source->pool, clock_monotonic_ms() + source->timeout_ms, err);
}

/* --- login */

/* The connection goes back before the password is checked, which takes much longer than the query. */
static int find_user(const struct tokens_source *source, const char *name, struct arena *arena,
	struct user_row *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	return conn ? user_find(conn, name, arena, out, err) : -1;
}

static int check_credentials(const struct tokens_source *source, const char *username, const char *password,
	int64_t *user_pk, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct user_row user = {0};
	int known = find_user(source, username, arena, &user, err);
	if (known < 0)
		return -1;
	int right = password_check(password, known == 1 ? user.password_hash : NULL,
		clock_monotonic_ms() + source->timeout_ms, err);
	if (right < 0)
		return -1;
	if (right == 0 || !user.active)
		return error_set(err, ERROR_UNAUTHORIZED, "Invalid credentials");
	*user_pk = user.pk;
	return 0;
}

int tokens_login(const struct tokens_source *source, const char *username, const char *password,
	int64_t lifetime_ms, char out[TOKEN_SIZE], struct error *err)
{
	int64_t user_pk, pk;
	if (check_credentials(source, username, password, &user_pk, err))
		return -1;
	char token[TOKEN_SIZE], hash[DIGEST_HEX_SIZE];
	random_hex(token, (TOKEN_SIZE - 1) / 2);
	digest_sha256_hex(token, TOKEN_SIZE - 1, hash);
	struct token_new row = {.hash_hex = hash, .user_pk = user_pk, .lifetime_ms = lifetime_ms};
	CLEANUP(db_release) struct db_conn *conn = connect(source, err);
	if (!conn || token_create(conn, &row, &pk, err))
		return -1;
	memcpy(out, token, TOKEN_SIZE);
	return 0;
}

/* --- lookup */

static int principal_of(const struct token_row *row, struct principal *out, struct error *err)
{
	int role = role_from_name(row->role);
	if (role < 0)
		return error_set_cause(err, ERROR_INTERNAL, "unknown role of a token");
	*out = (struct principal){
		.user_pk = row->user_pk, .role = (enum role)role, .expires_unix_ms = row->expires_unix_ms};
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
