/* SPDX-License-Identifier: MIT */
#ifndef DB_TOKEN_REPO_H
#define DB_TOKEN_REPO_H

/* Tokens: only the SHA-256 of one is kept (here always as 64 hex digits). Strings of rows are lent by the
 * arena. */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct token_row {
	int64_t pk, user_pk;
	const char *user_name, *name; /* the token's name may be NULL */
	const char *role;             /* in force: the lower of the token's and the user's */
	bool login;                   /* made by a login, not for a program */
	int64_t expires_unix_ms;
};

struct token_new {
	const char *hash_hex;
	int64_t user_pk;
	const char *name; /* NULL: none */
	const char *role; /* NULL: the user's */
	int64_t lifetime_ms;
	bool login;
};

struct token_page {
	int64_t user_pk;   /* 0: of all */
	int64_t before_pk; /* 0: from the newest on */
	int64_t limit;
};

MUST_CHECK int token_create(
	struct db_conn *conn, const struct token_new *token, int64_t *pk, struct error *err);
/* 1 valid / 0 unknown, expired, revoked, or its user inactive / -1. Notes last_used, at most once a
 * minute. */
MUST_CHECK int token_find(struct db_conn *conn, const char *hash_hex, struct arena *arena,
	struct token_row *out, struct error *err);
/* 1 / 0 no such live token of that user (user_pk 0: of anybody) / -1. */
MUST_CHECK int token_revoke(struct db_conn *conn, int64_t pk, int64_t user_pk, struct error *err);
/* Revokes the tokens that logins of the user made, but for one of them (0: none). */
MUST_CHECK int token_end_logins(struct db_conn *conn, int64_t user_pk, int64_t keep_pk, struct error *err);
/* {pk, user, name, role, login, expires, last_used, created, revoked}, never a hash; dead ones too. 1 / 0
 * / -1. */
MUST_CHECK int token_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **out, struct error *err);
/* A list of those, newest first. */
MUST_CHECK int token_list_json(struct db_conn *conn, const struct token_page *page, struct arena *arena,
	const char **out, struct error *err);
/* Deletes what expired or was revoked more than a day ago. */
MUST_CHECK int token_delete_expired(struct db_conn *conn, int64_t *deleted, struct error *err);

#endif
