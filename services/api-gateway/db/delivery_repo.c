/* SPDX-License-Identifier: MIT */
/* From events to deliveries, and from deliveries to what became of them. */
#include "db/delivery_repo.h"

#include "common/arena.h"
#include "db/job_rows.h"
#include "db/repo.h"

#include <string.h>

/* A tab is in no pattern. */
static const struct db_statement BEHIND = {"delivery_behind",
	"SELECT w.pk, s.seq, array_to_string(w.events, E'\\t') AS events, w.pid_pattern, $1 - p.pending AS "
	"room"
	" FROM webhook w JOIN webhook_state s ON s.webhook = w.pk CROSS JOIN LATERAL"
	" (SELECT count(*) AS pending FROM webhook_delivery d WHERE d.webhook = w.pk AND d.state = "
	"'pending') p"
	" WHERE w.active AND s.seq < (SELECT last FROM event_sequence) AND p.pending < $1"
	" ORDER BY s.seq LIMIT 1000"};
static const struct db_statement EVENTS = {"delivery_events",
	"SELECT seq, routing_key, CASE WHEN media IS NOT NULL THEN subject ELSE body ->> 'pid' END AS pid"
	" FROM event WHERE seq > $1 ORDER BY seq LIMIT $2"};
static const struct db_statement MAKE = {"delivery_make",
	"WITH moved AS (UPDATE webhook_state s SET seq = $4 FROM webhook w WHERE s.webhook = $1 AND w.pk = $1"
	" AND w.active AND s.seq < $4 RETURNING s.webhook), made AS ("
	"INSERT INTO webhook_delivery (webhook, seq, event, what, subject)"
	" SELECT m.webhook, e.seq, e.id, e.what, e.subject FROM moved m JOIN event e ON e.seq = ANY "
	"($2::bigint[])"
	" ORDER BY e.seq ON CONFLICT (webhook, seq) DO NOTHING RETURNING job)"
	" INSERT INTO job (id, kind, class, state, max_attempts)"
	" SELECT job, 'deliver', 'background', 'queued', $3 FROM made"};
static const struct db_statement TAKE_DUE = {"delivery_take_due",
	"WITH due AS (SELECT t.job, t.pk AS delivery, t.webhook, t.seq AS event_seq FROM webhook w"
	" JOIN webhook_state s ON s.webhook = w.pk CROSS JOIN LATERAL"
	" (SELECT d.job, d.pk, d.webhook, d.seq, j.next_run_at FROM webhook_delivery d JOIN job j ON j.id = "
	"d.job"
	" WHERE d.webhook = w.pk AND d.state = 'pending' AND j.state = 'queued' AND j.next_run_at <= now()"
	" ORDER BY j.next_run_at, d.seq LIMIT greatest(0, CASE WHEN s.failures > 0 THEN 1 ELSE $2::bigint END"
	" - (SELECT count(*) FROM webhook_delivery r JOIN job rj ON rj.id = r.job WHERE r.webhook = w.pk"
	" AND r.state = 'pending' AND rj.state = 'running'))) t"
	" WHERE w.active AND coalesce(s.paused_until <= now(), true)"
	" ORDER BY t.next_run_at, t.seq LIMIT $1),"
	" j AS (UPDATE job SET state = 'running', attempt = attempt + 1, gateway = coalesce($4, gateway),"
	" overdue_at = now() + $3::bigint * interval '1 ms', updated = now()"
	" FROM due WHERE job.id = due.job AND job.state = 'queued' RETURNING job.*, due.delivery, "
	"due.webhook,"
	" due.event_seq) SELECT j.delivery, j.webhook, j.event_seq," JOB_COLUMNS "FROM j" JOB_JOIN
	"ORDER BY j.event_seq"};
static const struct db_statement TOLD = {
	"delivery_told", "SELECT webhook_told($1::uuid, $2::bigint::integer, $3)"};
static const struct db_statement MISSED = {
	"delivery_missed", "SELECT webhook_missed($1::uuid, $2, $3::bigint::integer, $4, $5, $6)"};
static const struct db_statement DISABLE = {
	"delivery_disable", "SELECT webhook_disable(webhook, $2) FROM webhook_delivery WHERE job = $1::uuid"};
static const struct db_statement DISABLE_FAILING = {"delivery_disable_failing",
	"SELECT webhook_disable(w.pk, 'no delivery has succeeded since ' || rfc3339(s.failing_since))"
	" FROM webhook w JOIN webhook_state s ON s.webhook = w.pk"
	" WHERE w.active AND s.failing_since < now() - $1::bigint * interval '1 ms'"};
static const struct db_statement REOPEN = {"delivery_reopen",
	"UPDATE webhook_delivery SET state = 'pending', updated = now() WHERE job = $1::uuid"};

int delivery_list_behind(struct db_conn *conn, int64_t pending_max, struct arena *arena,
	struct delivery_cursor **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &BEHIND, DB_PARAMS(DB_INT(pending_max)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (int i = 0; i < (int)*count; i++) {
		char *rest = arena_strdup(arena, db_text(rows, i, "events"));
		const char **patterns = arena_alloc(arena, (strlen(rest) + 2) * sizeof(*patterns));
		size_t pattern_count = 0;
		while (rest && *rest)
			patterns[pattern_count++] = strsep(&rest, "\t");
		patterns[pattern_count] = NULL;
		(*out)[i] = (struct delivery_cursor){
			.webhook = db_int(rows, i, "pk"),
			.seq = db_int(rows, i, "seq"),
			.events = patterns,
			.pid_pattern = db_text(rows, i, "pid_pattern"),
			.room = db_int(rows, i, "room"),
		};
	}
	return 0;
}

int delivery_list_events(struct db_conn *conn, int64_t after, int limit, struct arena *arena,
	struct delivery_event **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &EVENTS, DB_PARAMS(DB_INT(after), DB_INT(limit)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (int i = 0; i < (int)*count; i++)
		(*out)[i] = (struct delivery_event){
			db_int(rows, i, "seq"), db_text(rows, i, "routing_key"), db_text(rows, i, "pid")};
	return 0;
}

int delivery_make(struct db_conn *conn, int64_t webhook, const char *seqs, int64_t attempts, int64_t seq,
	struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	return db_execute(conn, &MAKE,
		DB_PARAMS(DB_INT(webhook), DB_TEXT(arena_printf(arena, "{%s}", seqs)), DB_INT(attempts),
			DB_INT(seq)),
		NULL, err);
}

int delivery_take_due(struct db_conn *conn, int limit, int parallel, int64_t timeout_ms, const char *gateway,
	struct arena *arena, struct job_row **out, struct delivery_row **deliveries, size_t *count,
	struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &TAKE_DUE,
		    DB_PARAMS(DB_INT(limit), DB_INT(parallel), DB_INT(timeout_ms), DB_TEXT(gateway)), arena,
		    &rows, err))
		return -1;
	*out = job_rows_of(rows, arena, count);
	*deliveries = arena_alloc(arena, (*count + 1) * sizeof(**deliveries));
	for (int i = 0; i < (int)*count; i++)
		(*deliveries)[i] = (struct delivery_row){db_int(rows, i, "delivery"),
			db_int(rows, i, "webhook"), db_int(rows, i, "event_seq")};
	return 0;
}

int delivery_told(
	struct db_conn *conn, const char *job_id, const struct delivery_answer *answer, struct error *err)
{
	return db_execute(conn, &TOLD,
		DB_PARAMS(DB_TEXT(job_id), DB_INT_OR_NULL(answer->status, 0), DB_TEXT(answer->answer)), NULL,
		err);
}

int delivery_missed(struct db_conn *conn, const char *job_id, bool final,
	const struct delivery_answer *answer, const struct error *why, struct error *err)
{
	return db_execute(conn, &MISSED,
		DB_PARAMS(DB_TEXT(job_id), DB_BOOL(final), DB_INT_OR_NULL(answer->status, 0),
			DB_TEXT(answer->answer), DB_TEXT(error_wire_name(why->code)), DB_TEXT(why->message)),
		NULL, err);
}

int delivery_disable(struct db_conn *conn, const char *job_id, const char *reason, struct error *err)
{
	return db_execute(conn, &DISABLE, DB_PARAMS(DB_TEXT(job_id), DB_TEXT(reason)), NULL, err);
}

int delivery_disable_failing(struct db_conn *conn, int64_t age_ms, int64_t *disabled, struct error *err)
{
	return db_execute(conn, &DISABLE_FAILING, DB_PARAMS(DB_INT(age_ms)), disabled, err);
}

int delivery_reopen(struct db_conn *conn, const char *job_id, struct error *err)
{
	return db_execute(conn, &REOPEN, DB_PARAMS(DB_TEXT(job_id)), NULL, err);
}
