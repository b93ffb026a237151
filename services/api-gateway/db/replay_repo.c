/* SPDX-License-Identifier: MIT */
#include "db/replay_repo.h"

#include "db/repo.h"

#define LEASE(parameter) "now() + " parameter "::bigint * interval '1 ms'"

static const struct db_statement INSERT = {"replay_insert",
	"INSERT INTO event_replay AS r (after_seq, until_seq, done_seq, pattern, exchange, routing_key, "
	"actor)"
	" VALUES ($1, $2, $1, $3, $4, $5, $6) RETURNING event_replay_json(r)"};
static const struct db_statement READ = {
	"replay_read", "SELECT event_replay_json(r) FROM event_replay r WHERE pk = $1"};
static const struct db_statement LIST = {"replay_list",
	"SELECT coalesce(json_agg(event_replay_json(r) ORDER BY r.pk DESC), '[]')"
	" FROM (SELECT * FROM event_replay ORDER BY pk DESC LIMIT $1) r"};
static const struct db_statement TAKE_ONE = {"replay_take",
	"UPDATE event_replay SET state = 'running', worked_on_until = " LEASE(
		"$1") ", updated = now()"
		      " WHERE pk = (SELECT pk FROM event_replay WHERE state IN ('queued', 'running') AND"
		      " worked_on_until <= now() ORDER BY pk LIMIT 1 FOR UPDATE SKIP LOCKED)"
		      " RETURNING pk, after_seq, until_seq, done_seq, pattern, exchange, routing_key, actor"};
static const struct db_statement ADVANCE = {"replay_advance",
	"UPDATE event_replay SET done_seq = $2, published = published + $3, worked_on_until = " LEASE(
		"$4") ", updated = now() WHERE pk = $1"};
static const struct db_statement END = {"replay_end",
	"UPDATE event_replay SET state = CASE WHEN $2::text IS NULL THEN 'succeeded' ELSE 'failed' END,"
	" error = $2, updated = now() WHERE pk = $1 AND state = 'running'"};
static const struct db_statement DELETE_OLD = {"replay_delete_old",
	"DELETE FROM event_replay WHERE state IN ('succeeded', 'failed')"
	" AND updated < now() - $1::bigint * interval '1 ms'"};

int replay_insert(struct db_conn *conn, const struct replay_row *row, struct arena *arena, const char **json,
	struct error *err)
{
	return repo_document(conn, &INSERT,
		DB_PARAMS(DB_INT(row->after), DB_INT(row->until), DB_TEXT(row->pattern),
			DB_TEXT(row->exchange), DB_TEXT(row->routing_key), DB_TEXT(row->actor)),
		arena, json, err);
}

int replay_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err)
{
	return repo_text(conn, &READ, DB_PARAMS(DB_INT(pk)), arena, json, err);
}

int replay_list_json(
	struct db_conn *conn, int limit, struct arena *arena, const char **json, struct error *err)
{
	return repo_document(conn, &LIST, DB_PARAMS(DB_INT(limit)), arena, json, err);
}

int replay_take(struct db_conn *conn, int64_t lease_ms, struct arena *arena, struct replay_row *out,
	struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &TAKE_ONE, DB_PARAMS(DB_INT(lease_ms)), arena, &row, err);
	if (found == 1)
		*out = (struct replay_row){
			.pk = db_int(row, 0, "pk"),
			.after = db_int(row, 0, "after_seq"),
			.until = db_int(row, 0, "until_seq"),
			.done = db_int(row, 0, "done_seq"),
			.pattern = db_text(row, 0, "pattern"),
			.exchange = db_text(row, 0, "exchange"),
			.routing_key = db_text(row, 0, "routing_key"),
			.actor = db_text(row, 0, "actor"),
		};
	return found;
}

int replay_advance(struct db_conn *conn, int64_t pk, int64_t done, int64_t published, int64_t lease_ms,
	struct error *err)
{
	return db_execute(conn, &ADVANCE,
		DB_PARAMS(DB_INT(pk), DB_INT(done), DB_INT(published), DB_INT(lease_ms)), NULL, err);
}

int replay_end(struct db_conn *conn, int64_t pk, const char *error, struct error *err)
{
	return db_execute(conn, &END, DB_PARAMS(DB_INT(pk), DB_TEXT(error)), NULL, err);
}

int replay_delete_old(struct db_conn *conn, int64_t age_ms, struct error *err)
{
	return db_execute(conn, &DELETE_OLD, DB_PARAMS(DB_INT(age_ms)), NULL, err);
}
