/* SPDX-License-Identifier: MIT */
#include "db/request_reply_repo.h"

#include "common/arena.h"
#include "db/repo.h"

static const struct db_statement ADD = {"request_reply_add",
	"INSERT INTO request_reply (job, reply_to, correlation_id, kind, message_id, request_id, packed)"
	" VALUES ($1::uuid, $2, $3, $4, $5, $6, $7)"};
/* News: another state, another attempt, or that a worker has said more of how far it is, each two seconds at
 * most. */
static const struct db_statement LIST_DUE = {"request_reply_list_due",
	"SELECT r.pk, r.job, r.reply_to, r.correlation_id, r.kind, r.message_id, r.request_id, r.packed,"
	" j.pid, j.state, j.state NOT IN ('queued', 'running') AS ended, j.attempt, j.error_code, "
	"j.error_message,"
	" CASE WHEN j.reported IS NOT NULL THEN json_build_object('done', j.done, 'total', j.total) END AS "
	"progress,"
	" n.news FROM request_reply r JOIN job j ON j.id = r.job CROSS JOIN LATERAL (SELECT"
	" concat_ws(' ', j.state, j.attempt, (extract(epoch FROM j.reported) / 2)::bigint) AS news) n"
	" WHERE n.news <> r.told ORDER BY r.pk LIMIT $1 FOR UPDATE OF r SKIP LOCKED"};
static const struct db_statement TOLD = {
	"request_reply_told", "UPDATE request_reply SET told = $2 WHERE pk = $1"};
static const struct db_statement REMOVE = {"request_reply_remove", "DELETE FROM request_reply WHERE pk = $1"};

int request_reply_add(struct db_conn *conn, const struct request_reply *reply, struct error *err)
{
	return db_execute(conn, &ADD,
		DB_PARAMS(DB_TEXT(reply->job), DB_TEXT(reply->reply_to), DB_TEXT(reply->correlation_id),
			DB_TEXT(reply->kind), DB_TEXT(reply->message_id), DB_TEXT(reply->request_id),
			DB_BOOL(reply->packed)),
		NULL, err);
}

static struct request_reply_due read_due(const struct db_result *rows, int row)
{
	return (struct request_reply_due){
		.reply = {.pk = db_int(rows, row, "pk"),
			.job = db_text(rows, row, "job"),
			.reply_to = db_text(rows, row, "reply_to"),
			.correlation_id = db_text(rows, row, "correlation_id"),
			.kind = db_text(rows, row, "kind"),
			.message_id = db_text(rows, row, "message_id"),
			.request_id = db_text(rows, row, "request_id"),
			.packed = db_bool(rows, row, "packed")},
		.pid = db_text(rows, row, "pid"),
		.state = db_text(rows, row, "state"),
		.ended = db_bool(rows, row, "ended"),
		.attempt = db_int(rows, row, "attempt"),
		.progress = db_text(rows, row, "progress"),
		.error_code = db_text(rows, row, "error_code"),
		.error_message = db_text(rows, row, "error_message"),
		.news = db_text(rows, row, "news"),
	};
}

int request_reply_list_due(struct db_conn *conn, int limit, struct arena *arena,
	struct request_reply_due **out, size_t *count, struct error *err)
{
	const struct db_result *rows;
	if (repo_rows(conn, &LIST_DUE, DB_PARAMS(DB_INT(limit)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		(*out)[i] = read_due(rows, (int)i);
	return 0;
}

int request_reply_told(struct db_conn *conn, int64_t pk, const char *news, struct error *err)
{
	return repo_change(conn, &TOLD, DB_PARAMS(DB_INT(pk), DB_TEXT(news)), err);
}

int request_reply_remove(struct db_conn *conn, int64_t pk, struct error *err)
{
	return repo_change(conn, &REMOVE, DB_PARAMS(DB_INT(pk)), err);
}
