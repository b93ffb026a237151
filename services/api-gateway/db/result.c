/* SPDX-License-Identifier: MIT */
#include "db/result.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/memory.h"
#include "db/query.h"

#include <assert.h>

struct db_result *result_create(PGresult *taken)
{
	struct db_result *result = memory_alloc(sizeof(*result));
	result->pg = taken;
	return result;
}

void db_result_free(struct db_result *result)
{
	if (!result)
		return;
	PQclear(result->pg);
	free(result);
}

void db_result_cleanup(struct db_result **result)
{
	db_result_free(*result);
}

static void release_result(void *result)
{
	db_result_free(result);
}

void db_result_to_arena(struct db_result *result, struct arena *arena)
{
	arena_defer(arena, release_result, result);
}

int db_rows(const struct db_result *result)
{
	return PQntuples(result->pg);
}

static int column_of(const struct db_result *result, const char *name)
{
	int column = PQfnumber(result->pg, name);
	assert(column >= 0); /* statement and reader stand in one file */
	return column;
}

const char *db_text_at(const struct db_result *result, int row, int column)
{
	return PQgetisnull(result->pg, row, column) ? NULL : PQgetvalue(result->pg, row, column);
}

size_t db_length_at(const struct db_result *result, int row, int column)
{
	return (size_t)PQgetlength(result->pg, row, column);
}

int64_t db_int_at(const struct db_result *result, int row, int column)
{
	const char *text = db_text_at(result, row, column);
	return text ? strtoll(text, NULL, 10) : 0;
}

const char *db_text(const struct db_result *result, int row, const char *column)
{
	return db_text_at(result, row, column_of(result, column));
}

size_t db_length(const struct db_result *result, int row, const char *column)
{
	return db_length_at(result, row, column_of(result, column));
}

int64_t db_int(const struct db_result *result, int row, const char *column)
{
	return db_int_at(result, row, column_of(result, column));
}

bool db_bool(const struct db_result *result, int row, const char *column)
{
	const char *text = db_text(result, row, column);
	return text && text[0] == 't';
}

bool db_is_null(const struct db_result *result, int row, const char *column)
{
	return PQgetisnull(result->pg, row, column_of(result, column));
}

int64_t db_int_or(const struct db_result *result, int row, const char *column, int64_t none)
{
	return db_is_null(result, row, column) ? none : db_int(result, row, column);
}

/* https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO: every element quoted, so that only " and \
 * need care. */
static void append_element(struct buf *out, const char *value)
{
	buf_append(out, "\"", 1);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_append(out, "\\", 1);
		buf_append(out, c, 1);
	}
	buf_append(out, "\"", 1);
}

void db_text_array(struct buf *out, const char *const *values, size_t count)
{
	buf_append(out, "{", 1);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_append(out, ",", 1);
		append_element(out, values[i]);
	}
	buf_append(out, "}", 1);
}
