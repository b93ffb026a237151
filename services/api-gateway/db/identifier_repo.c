/* SPDX-License-Identifier: MIT */
#include "db/identifier_repo.h"

#include "common/arena.h"
#include "db/repo.h"

static const struct db_statement FIND = {
	"identifier_find", "SELECT name, pattern FROM identifier_type WHERE name = $1"};
static const struct db_statement CREATE = {"identifier_create",
	"INSERT INTO identifier_type (name, pattern) VALUES ($1, coalesce($2, ''))"
	" ON CONFLICT ON CONSTRAINT identifier_type_pkey DO NOTHING"};
static const struct db_statement UPDATE = {"identifier_update",
	"UPDATE identifier_type SET pattern = coalesce($2, ''), updated = now() WHERE name = $1"};
static const struct db_statement DELETE = {"identifier_delete",
	"WITH use AS MATERIALIZED (SELECT EXISTS (SELECT FROM media WHERE pid_type = $1)"
	"		OR EXISTS (SELECT FROM media WHERE identifiers ? $1) AS used),"
	" gone AS (DELETE FROM identifier_type WHERE name = $1 AND NOT (SELECT used FROM use) RETURNING name)"
	" SELECT EXISTS (SELECT FROM gone) AS gone FROM identifier_type WHERE name = $1"};
static const struct db_statement LIST_JSON = {"identifier_list_json",
	"SELECT json_build_object('name', name, 'pattern', pattern) FROM identifier_type ORDER BY name"};
static const struct db_statement LIST = {
	"identifier_list", "SELECT name, pattern FROM identifier_type ORDER BY name"};

static const struct db_statement FIND_MANY = {"identifier_find_many",
	"SELECT name, pattern FROM identifier_type WHERE name = ANY ($1::text[]) ORDER BY name"};

static struct identifier_type from_row(const struct db_result *result, int row)
{
	return (struct identifier_type){
		.name = db_text_at(result, row, 0), .pattern = db_text_at(result, row, 1)};
}

int identifier_find(struct db_conn *conn, const char *name, struct arena *arena, struct identifier_type *out,
	struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND, DB_PARAMS(DB_TEXT(name)), arena, &row, err);
	if (found == 1)
		*out = from_row(row, 0);
	return found;
}

int identifier_find_or_create(struct db_conn *conn, const char *name, const char *pattern,
	struct arena *arena, struct identifier_type *out, struct error *err)
{
	int created = repo_change(conn, &CREATE, DB_PARAMS(DB_TEXT(name), DB_TEXT(pattern)), err);
	if (created < 0)
		return -1;
	int found = identifier_find(conn, name, arena, out, err);
	if (found == 0)
		return error_set(err, ERROR_CONFLICT, "the identifier type was deleted at the same moment");
	return found < 0 ? -1 : created;
}

int identifier_update(struct db_conn *conn, const char *name, const char *pattern, struct error *err)
{
	return repo_change(conn, &UPDATE, DB_PARAMS(DB_TEXT(name), DB_TEXT(pattern)), err);
}

static int in_use(struct error *err)
{
	return error_set(err, ERROR_CONFLICT, "media use this identifier type");
}

int identifier_delete(struct db_conn *conn, const char *name, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	int known = db_query_one(conn, &DELETE, DB_PARAMS(DB_TEXT(name)), &row, err);
	if (known < 0)
		return db_error_constraint(conn)[0] ? in_use(err) : -1;
	if (known == 1 && !db_bool(row, 0, "gone"))
		return in_use(err);
	return known;
}

int identifier_list_json(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &LIST_JSON, DB_NO_PARAMS, visit, context, err);
}

static int list(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct identifier_type **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, statement, params, arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		(*out)[i] = from_row(rows, (int)i);
	return 0;
}

int identifier_find_many(struct db_conn *conn, const char *names, struct arena *arena,
	struct identifier_type **out, size_t *count, struct error *err)
{
	return list(conn, &FIND_MANY, DB_PARAMS(DB_TEXT(names)), arena, out, count, err);
}

int identifier_list(struct db_conn *conn, struct arena *arena, struct identifier_type **out, size_t *count,
	struct error *err)
{
	return list(conn, &LIST, DB_NO_PARAMS, arena, out, count, err);
}
