/* SPDX-License-Identifier: MIT */
#ifndef DB_USER_REPO_H
#define DB_USER_REPO_H

/* Accounts. Roles: "reader", "writer", "admin". Strings of rows are lent by the arena. */

#include "common/error.h"
#include "db/query.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct user_row {
	int64_t pk;
	const char *name, *password_hash, *role;
	bool active;
};

/* 1 / 0 no such user / -1. Inactive users are found too. */
MUST_CHECK int user_find(
	struct db_conn *conn, const char *name, struct arena *arena, struct user_row *out, struct error *err);
/* CONFLICT: the name is taken. INVALID: role or name. */
MUST_CHECK int user_create(struct db_conn *conn, const char *name, const char *password_hash,
	const char *role, int64_t *pk, struct error *err);
/* Creates it unless it exists: 1 created / 0 existed / -1. */
MUST_CHECK int user_ensure(struct db_conn *conn, const char *name, const char *password_hash,
	const char *role, struct error *err);
/* NULL leaves a column as it is. 1 / 0 no such user / -1. */
MUST_CHECK int user_update(struct db_conn *conn, const char *name, const char *password_hash,
	const char *role, struct error *err);
/* Deactivating also ends all tokens of the user. 1 / 0 / -1. */
MUST_CHECK int user_set_active(struct db_conn *conn, const char *name, bool active, struct error *err);
/* Each as {name, role, active, created, updated}, by name. */
MUST_CHECK int user_list_json(
	struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);
/* One of them. 1 / 0 / -1. */
MUST_CHECK int user_read_json(
	struct db_conn *conn, const char *name, struct arena *arena, const char **out, struct error *err);
/* Another form of the same password, unless the password was changed meanwhile: 1 / 0 / -1. */
MUST_CHECK int user_replace_hash(
	struct db_conn *conn, int64_t pk, const char *present, const char *replacement, struct error *err);
/* Whether nobody else is an active admin; inside a transaction that stays so until its end. 1 / 0 / -1. */
MUST_CHECK int user_is_last_admin(struct db_conn *conn, const char *name, struct error *err);

#endif
