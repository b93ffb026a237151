/* SPDX-License-Identifier: MIT */
/* Deliveries as people see them. */
#include "db/delivery_repo.h"
#include "db/repo.h"

static const struct db_statement OF = {"delivery_of",
	"SELECT d.state, EXISTS (SELECT FROM event e WHERE e.seq = d.seq AND e.id = d.event) AS kept"
	" FROM webhook_delivery d WHERE d.webhook = $1 AND d.pk = $2 FOR UPDATE OF d"};
static const struct db_statement RESEND = {"delivery_resend", "SELECT webhook_resend($1, $2)"};
static const struct db_statement READ = {"delivery_read",
	"SELECT webhook_delivery_json(d) FROM webhook_delivery d WHERE d.webhook = $1 AND d.pk = $2"};
static const struct db_statement LIST = {"delivery_list",
	"SELECT coalesce(json_agg(json ORDER BY pk DESC) FILTER (WHERE place <= $4), '[]') AS list,"
	" CASE WHEN count(*) > $4 THEN min(pk) FILTER (WHERE place <= $4) END AS next FROM"
	" (SELECT d.pk, webhook_delivery_json(d) AS json, row_number() OVER (ORDER BY d.pk DESC) AS place"
	" FROM webhook_delivery d WHERE d.webhook = $1 AND ($2::text IS NULL OR d.state = $2)"
	" AND ($3::bigint IS NULL OR d.pk < $3) ORDER BY d.pk DESC LIMIT $4 + 1) page"};
static const struct db_statement DELETE_OLD = {"delivery_delete_old",
	"WITH gone AS (DELETE FROM webhook_delivery WHERE pk IN (SELECT pk FROM webhook_delivery"
	" WHERE state <> 'pending' AND updated < now() - $1::bigint * interval '1 ms'"
	" ORDER BY updated LIMIT $2) RETURNING job)"
	" DELETE FROM job USING gone WHERE job.id = gone.job AND job.state NOT IN ('queued', 'running')"};
static const struct db_statement BACKLOG = {"delivery_backlog",
	"SELECT count(*) FILTER (WHERE w.active) AS active,"
	" count(*) FILTER (WHERE w.active AND s.failing_since IS NOT NULL) AS failing,"
	" count(*) FILTER (WHERE NOT w.active) AS disabled,"
	" coalesce(max(q.last - s.seq) FILTER (WHERE w.active), 0) AS behind,"
	" (SELECT count(*) FROM webhook_delivery WHERE state = 'pending') AS pending,"
	" (SELECT count(*) FROM webhook_delivery WHERE state = 'failed') AS failed"
	" FROM event_sequence q LEFT JOIN (webhook w JOIN webhook_state s ON s.webhook = w.pk) ON true"};

int delivery_resend(struct db_conn *conn, int64_t webhook, int64_t pk, int64_t attempts, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	int found = db_query_one(conn, &OF, DB_PARAMS(DB_INT(webhook), DB_INT(pk)), &row, err);
	if (found != 1)
		return found;
	if (*db_text(row, 0, "state") == 'p')
		return error_set(err, ERROR_CONFLICT, "this delivery is still being tried");
	if (!db_bool(row, 0, "kept"))
		return error_set(err, ERROR_GONE, "its event is no longer kept");
	return db_execute(conn, &RESEND, DB_PARAMS(DB_INT(pk), DB_INT(attempts)), NULL, err) ? -1 : 1;
}

int delivery_read_json(struct db_conn *conn, int64_t webhook, int64_t pk, struct arena *arena,
	const char **json, struct error *err)
{
	return repo_text(conn, &READ, DB_PARAMS(DB_INT(webhook), DB_INT(pk)), arena, json, err);
}

int delivery_list_json(struct db_conn *conn, int64_t webhook, const char *state, int64_t cursor,
	int64_t limit, struct arena *arena, const char **json, int64_t *next, struct error *err)
{
	const struct db_result *row = NULL;
	if (repo_row(conn, &LIST,
		    DB_PARAMS(DB_INT(webhook), DB_TEXT(state), DB_INT_OR_NULL(cursor, 0), DB_INT(limit)),
		    arena, &row, err) < 0)
		return -1;
	*json = db_text(row, 0, "list");
	*next = db_int(row, 0, "next");
	return 0;
}

int delivery_delete_old(struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_OLD, DB_PARAMS(DB_INT(age_ms), DB_INT(limit)), deleted, err);
}

int delivery_backlog_read(struct db_conn *conn, struct delivery_backlog *out, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query(conn, &BACKLOG, DB_NO_PARAMS, &row, err))
		return -1;
	*out = (struct delivery_backlog){
		.active = db_int(row, 0, "active"),
		.failing = db_int(row, 0, "failing"),
		.disabled = db_int(row, 0, "disabled"),
		.pending = db_int(row, 0, "pending"),
		.failed = db_int(row, 0, "failed"),
		.behind = db_int(row, 0, "behind"),
	};
	return 0;
}
