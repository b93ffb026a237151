/* SPDX-License-Identifier: MIT */
#include "domain/tokens.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/random.h"
#include "db/token_repo.h"
#include "db/user_repo.h"
#include "domain/password.h"

#include <stdio.h>
#include <string.h>

/* The connection goes back before the password is hashed, which takes much longer than the query. */
static int find_user(const struct scope *scope, const char *name, struct user_row *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	return conn ? user_find(conn, name, scope->arena, out, err) : -1;
}

int tokens_login(const struct scope *scope, const char *username, const char *password, int64_t lifetime_ms,
	char out[TOKEN_SIZE], struct error *err)
{
	struct user_row user = {0};
	int known = find_user(scope, username, &user, err);
	if (known < 0)
		return -1;
	int right = password_check(password, known == 1 ? user.password_hash : NULL, scope->deadline_ms, err);
	if (right < 0)
		return -1;
	if (right == 0 || !user.active)
		return error_set(err, ERROR_UNAUTHORIZED, "Invalid credentials");

	char token[TOKEN_SIZE], hash[DIGEST_HEX_SIZE];
	random_hex(token, (TOKEN_SIZE - 1) / 2);
	digest_sha256_hex(token, TOKEN_SIZE - 1, hash);
	struct token_new row = {.hash_hex = hash, .user_pk = user.pk, .lifetime_ms = lifetime_ms};
	int64_t pk;
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	if (!conn || token_create(conn, &row, &pk, err) != 0)
		return -1;
	memcpy(out, token, TOKEN_SIZE);
	return 0;
}

static int find_token(
	const struct scope *scope, const char *hash_hex, struct principal *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	struct token_row row;
	int found = conn ? token_find(conn, hash_hex, scope->arena, &row, err) : -1;
	if (found != 1)
		return found;
	int role = role_from_name(row.role);
	if (role < 0)
		return error_set_cause(err, ERROR_INTERNAL, "unknown role of a token");
	*out = (struct principal){
		.user_pk = row.user_pk, .role = (enum role)role, .expires_unix_ms = row.expires_unix_ms};
	snprintf(out->username, sizeof(out->username), "%s", row.user_name);
	return 1;
}

int tokens_lookup(void *tokens_source, const unsigned char hash[TOKEN_HASH_SIZE], struct principal *out,
	struct error *err)
{
	const struct tokens_source *source = tokens_source;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct scope scope = {source->pool, clock_monotonic_ms() + source->timeout_ms, arena};
	char hex[2 * TOKEN_HASH_SIZE + 1];
	hex_encode(hash, TOKEN_HASH_SIZE, hex);
	return find_token(&scope, hex, out, err);
}
