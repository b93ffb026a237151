/* SPDX-License-Identifier: MIT */
#ifndef DB_IDENTIFIER_REPO_H
#define DB_IDENTIFIER_REPO_H

/* Identifier types: {name, pattern}. Strings are lent by the arena. */

#include "common/error.h"
#include "db/query.h"

#include <stddef.h>

struct arena;
struct db_conn;

struct identifier_type {
	const char *name;
	const char *pattern; /* "" : anything */
};

/* 1 / 0 / -1 */
MUST_CHECK int identifier_find(struct db_conn *conn, const char *name, struct arena *arena,
	struct identifier_type *out, struct error *err);
/* Creates the type unless it exists; *out is what is there afterwards. 1 created / 0 existed / -1. */
MUST_CHECK int identifier_find_or_create(struct db_conn *conn, const char *name, const char *pattern,
	struct arena *arena, struct identifier_type *out, struct error *err);
/* 1 / 0 no such type / -1 */
MUST_CHECK int identifier_update(
	struct db_conn *conn, const char *name, const char *pattern, struct error *err);
/* 1 / 0 no such type / -1: CONFLICT while media use it as pid_type or in their identifiers. */
MUST_CHECK int identifier_delete(struct db_conn *conn, const char *name, struct error *err);
/* Each as {name, pattern}, by name. */
MUST_CHECK int identifier_list_json(
	struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);
/* Those named in a text[] literal, by name (in byte order): for checking many identifiers at once. */
MUST_CHECK int identifier_find_many(struct db_conn *conn, const char *names, struct arena *arena,
	struct identifier_type **out, size_t *count, struct error *err);
/* All rows, by name. */
MUST_CHECK int identifier_list(struct db_conn *conn, struct arena *arena, struct identifier_type **out,
	size_t *count, struct error *err);

#endif
