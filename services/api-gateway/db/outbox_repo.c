/* SPDX-License-Identifier: MIT */
#include "db/outbox_repo.h"

#include "common/arena.h"
#include "db/repo.h"

enum { BATCH_BYTES = 4 * 1024 * 1024 };

#define COLUMNS " seq, id, routing_key, what, subject, body::text AS body, unix_ms(created) AS time "
/* Stops after the row with which the bodies exceed $3 bytes: one row at least. */
#define BOUNDED(rows)                                                                                        \
	"SELECT * FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS "      \
	"before"                                                                                             \
	" FROM (" rows ") r) b WHERE before <= $3 ORDER BY seq"

static const struct db_statement LEADS = {"outbox_leads",
	"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND "
	"granted"
	" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	" AND classid = 7234017 AND objid = 283807668) OR pg_try_advisory_lock(7234017, 283807668) AS leads"};
static const struct db_statement MOVE = {"outbox_move", "SELECT relay_outbox($1)"};
static const struct db_statement UNPUBLISHED = {"event_unpublished",
	BOUNDED("SELECT" COLUMNS "FROM event WHERE NOT published AND seq > $1 ORDER BY seq LIMIT $2")};
static const struct db_statement AFTER = {
	"event_after", BOUNDED("SELECT" COLUMNS "FROM event WHERE seq > $1 ORDER BY seq LIMIT $2")};
static const struct db_statement MARK = {
	"event_mark", "UPDATE event SET published = true WHERE NOT published AND seq <= $1"};
static const struct db_statement DELETE_OLD = {"event_delete_old",
	"DELETE FROM event WHERE seq IN (SELECT seq FROM event"
	" WHERE published AND created < now() - $1::bigint * interval '1 ms' ORDER BY created LIMIT $2)"};

int outbox_try_lead(struct db_conn *conn, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query_one(conn, &LEADS, DB_NO_PARAMS, &row, err) < 0)
		return -1;
	return db_bool(row, 0, "leads");
}

int outbox_move(struct db_conn *conn, int limit, int64_t *moved, struct error *err)
{
	return repo_int(conn, &MOVE, DB_PARAMS(DB_INT(limit)), moved, err) == 1 ? 0 : -1;
}

static int list(struct db_conn *conn, const struct db_statement *statement, int64_t seq, int limit,
	struct arena *arena, struct event_row **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, statement, DB_PARAMS(DB_INT(seq), DB_INT(limit), DB_INT(BATCH_BYTES)), arena,
		    &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (int i = 0; i < (int)*count; i++)
		(*out)[i] = (struct event_row){
			.seq = db_int(rows, i, "seq"),
			.id = db_text(rows, i, "id"),
			.routing_key = db_text(rows, i, "routing_key"),
			.what = db_text(rows, i, "what"),
			.subject = db_text(rows, i, "subject"),
			.body = db_text(rows, i, "body"),
			.body_length = db_length(rows, i, "body"),
			.time_unix_ms = db_int(rows, i, "time"),
		};
	return 0;
}

int event_list_unpublished(struct db_conn *conn, int limit, struct arena *arena, struct event_row **out,
	size_t *count, struct error *err)
{
	return list(conn, &UNPUBLISHED, 0, limit, arena, out, count, err);
}

int event_list_after(struct db_conn *conn, int64_t seq, int limit, struct arena *arena,
	struct event_row **out, size_t *count, struct error *err)
{
	return list(conn, &AFTER, seq, limit, arena, out, count, err);
}

int event_mark_published(struct db_conn *conn, int64_t seq, struct error *err)
{
	return db_execute(conn, &MARK, DB_PARAMS(DB_INT(seq)), NULL, err);
}

int event_delete_old(struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_OLD, DB_PARAMS(DB_INT(age_ms), DB_INT(limit)), deleted, err);
}
