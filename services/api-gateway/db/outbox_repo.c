/* SPDX-License-Identifier: MIT */
#include "db/outbox_repo.h"

#include "common/arena.h"
#include "db/repo.h"

#include <inttypes.h>
#include <string.h>

enum { BATCH_BYTES = 4 * 1024 * 1024 };

#define COLUMNS " seq, id, routing_key, what, subject, body::text AS body, unix_ms(created) AS time "
/* Stops after the row with which the bodies exceed $3 bytes: one row at least. */
#define BOUNDED(rows)                                                                                        \
	"SELECT * FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS "      \
	"before"                                                                                             \
	" FROM (" rows ") r) b WHERE before <= $3 ORDER BY seq"

/* By who does it: numbering and publishing are led separately, perhaps by two gateways. */
static const struct db_statement LEADS = {"outbox_leads",
	"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND "
	"granted"
	" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	" AND classid = 7234017 AND objid = 283807668 + $1::int) OR"
	" pg_try_advisory_lock(7234017, 283807668 + $1::int) AS leads"};
static const struct db_statement MOVE = {"outbox_move", "SELECT relay_outbox($1)"};
static const struct db_statement PUBLISHED = {"event_published", "SELECT seq FROM event_published"};
static const struct db_statement AFTER = {
	"event_after", BOUNDED("SELECT" COLUMNS "FROM event WHERE seq > $1 ORDER BY seq LIMIT $2")};
static const struct db_statement SPAN = {"event_span",
	"SELECT coalesce((SELECT min(seq) FROM event), last + 1) AS oldest, last FROM event_sequence"};
/* If this is lost in a crash of the server, what it marked is published once more. */
static const struct db_statement MARK = {"event_mark",
	"UPDATE event_published SET seq = $1 FROM set_config('synchronous_commit', 'off', true) WHERE seq < "
	"$1"};
/* Events lie in the order of their age, but for what a long transaction brought late. */
static const struct db_statement DELETE_OLD = {"event_delete_old",
	"DELETE FROM event WHERE seq IN (SELECT seq FROM (SELECT seq, created FROM event ORDER BY seq LIMIT "
	"$2) oldest"
	" WHERE created < now() - $1::bigint * interval '1 ms' AND seq <= (SELECT p.seq FROM event_published "
	"p) AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.seq = oldest.seq AND d.state = "
	"'pending'))"};

int outbox_try_lead(struct db_conn *conn, enum outbox_duty duty, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query_one(conn, &LEADS, DB_PARAMS(DB_INT(duty)), &row, err) < 0)
		return -1;
	return db_bool(row, 0, "leads");
}

int outbox_move(struct db_conn *conn, int limit, int64_t *moved, struct error *err)
{
	return repo_int(conn, &MOVE, DB_PARAMS(DB_INT(limit)), moved, err) == 1 ? 0 : -1;
}

int event_list_after(struct db_conn *conn, int64_t seq, int limit, struct arena *arena,
	struct event_row **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &AFTER, DB_PARAMS(DB_INT(seq), DB_INT(limit), DB_INT(BATCH_BYTES)), arena, &rows,
		    err))
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
			.time_unix_ms = db_int(rows, i, "time"),
		};
	for (int i = 0; i < (int)*count; i++) { /* an object with members: seq goes before them */
		struct event_row *event = &(*out)[i];
		event->body = arena_printf(
			arena, "{\"seq\" : %" PRId64 ", %s", event->seq, db_text(rows, i, "body") + 1);
		event->body_length = strlen(event->body);
	}
	return 0;
}

int event_published(struct db_conn *conn, int64_t *seq, struct error *err)
{
	return repo_int(conn, &PUBLISHED, DB_NO_PARAMS, seq, err) == 1 ? 0 : -1;
}

int event_span(struct db_conn *conn, int64_t *oldest, int64_t *last, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query_one(conn, &SPAN, DB_NO_PARAMS, &row, err) < 0)
		return -1;
	*oldest = db_int(row, 0, "oldest");
	*last = db_int(row, 0, "last");
	return 0;
}

int event_mark_published(struct db_conn *conn, int64_t seq, struct error *err)
{
	return db_execute(conn, &MARK, DB_PARAMS(DB_INT(seq)), NULL, err);
}

int event_delete_old(struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_OLD, DB_PARAMS(DB_INT(age_ms), DB_INT(limit)), deleted, err);
}
