/* SPDX-License-Identifier: MIT */
#include "db/job_list.h"

#include "db/job_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE                                                                                                 \
	" FROM job j WHERE ($1::text[] IS NULL OR j.state = ANY ($1)) AND ($2::text[] IS NULL OR j.kind = "  \
	"ANY ($2))"                                                                                          \
	" AND ($3::text IS NULL OR j.class = $3) AND ($4::text IS NULL OR j.pid = $4)"                       \
	" AND ($5::bigint IS NULL OR j.store = $5 OR j.to_store = $5)"                                       \
	" AND ($6::timestamptz IS NULL OR j.created >= $6) AND ($7::timestamptz IS NULL OR j.created < $7)"  \
	" AND ($8::bigint IS NULL OR (j.created, j.id) <"                                                    \
	" (timestamptz 'epoch' + $8::bigint * interval '1 microsecond', $9::uuid))"                          \
	" ORDER BY j.created DESC, j.id DESC"

static const struct db_statement LIST = {"job_list", "SELECT job_json(j)" PAGE " LIMIT $10"};
/* the page's last job, if another follows it */
static const struct db_statement NEXT = {"job_list_next",
	"SELECT (extract(epoch FROM created) * 1000000)::bigint, id FROM"
	" (SELECT created, id, row_number() OVER () AS place, count(*) OVER () AS seen FROM"
	" (SELECT j.created, j.id" PAGE " LIMIT $10 + 1) page) numbered WHERE place = $10 AND seen > $10"};

struct cursor {
	int64_t created_us; /* 0: none */
	const char *id;
};

static int parse_cursor(const char *text, struct cursor *out, struct error *err)
{
	char *end;
	*out = (struct cursor){0, NULL};
	if (!text)
		return 0;
	errno = 0;
	long long created = strtoll(text, &end, 10);
	if (errno || created <= 0 || created > INT64_C(100) * 365 * 86400 * 1000000 || *end != '.' ||
		!job_is_id(end + 1))
		return error_set(err, ERROR_INVALID, "cursor is none that a list has given");
	*out = (struct cursor){created, end + 1};
	return 0;
}

#define QUERY_PARAMS(query, cursor)                                                                          \
	DB_PARAMS(DB_TEXT((query)->states), DB_TEXT((query)->kinds), DB_TEXT((query)->class),                \
		DB_TEXT((query)->pid), DB_INT_OR_NULL((query)->store_pk, 0), DB_TEXT((query)->since),        \
		DB_TEXT((query)->until), DB_INT_OR_NULL((cursor).created_us, 0), DB_TEXT((cursor).id),       \
		DB_INT((query)->limit))

int job_list_next(
	struct db_conn *conn, const struct job_query *query, char out[JOB_CURSOR_SIZE], struct error *err)
{
	struct cursor cursor;
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (parse_cursor(query->cursor, &cursor, err))
		return -1;
	int more = db_query_one(conn, &NEXT, QUERY_PARAMS(query, cursor), &row, err);
	if (more == 1)
		snprintf(out, JOB_CURSOR_SIZE, "%s.%s", db_text_at(row, 0, 0), db_text_at(row, 0, 1));
	return more;
}

int job_list(struct db_conn *conn, const struct job_query *query, db_visit_text_fn *visit, void *context,
	struct error *err)
{
	struct cursor cursor;
	if (parse_cursor(query->cursor, &cursor, err))
		return -1;
	return db_stream_text(conn, &LIST, QUERY_PARAMS(query, cursor), visit, context, err);
}
