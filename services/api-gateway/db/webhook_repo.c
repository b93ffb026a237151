/* SPDX-License-Identifier: MIT */
#include "db/webhook_repo.h"

#include "db/repo.h"

#define JOINED " FROM webhook w JOIN webhook_state s ON s.webhook = w.pk"

static const struct db_statement INSERT = {"webhook_insert",
	"WITH made AS (INSERT INTO webhook (url, description, events, pid_pattern, active, seal_id, secret, "
	"actor)"
	" VALUES ($1, $2, $3::text[], $4, $5, $6::uuid, $7, $8) RETURNING pk)"
	" INSERT INTO webhook_state (webhook, seq) SELECT pk, (SELECT last FROM event_sequence) FROM made"
	" RETURNING webhook"};
static const struct db_statement FIND = {"webhook_find",
	"SELECT pk, url, description, events, pid_pattern, active, seal_id, secret, actor FROM webhook"
	" WHERE pk = $1 FOR UPDATE"};
static const struct db_statement READ = {
	"webhook_read", "SELECT webhook_json(w, s)" JOINED " WHERE w.pk = $1"};
static const struct db_statement LIST = {"webhook_list", "SELECT webhook_json(w, s)" JOINED " ORDER BY w.pk"};
static const struct db_statement UPDATE = {"webhook_update",
	"UPDATE webhook SET url = $2, description = $3, events = $4::text[], pid_pattern = $5, active = $6,"
	" disabled_reason = CASE WHEN NOT $6 THEN disabled_reason END, updated = now() WHERE pk = $1"};
static const struct db_statement RESUME = {"webhook_resume",
	"UPDATE webhook_state SET failures = 0, failing_since = NULL, paused_until = NULL "
	"WHERE webhook = $1"};
static const struct db_statement GIVE_UP = {"webhook_give_up", "SELECT webhook_give_up($1, $2)"};
static const struct db_statement SET_SECRET = {"webhook_set_secret",
	"UPDATE webhook SET old_secret = secret, old_secret_until = now() + $3::bigint * interval '1 ms',"
	" secret = $2, updated = now() WHERE pk = $1"};
static const struct db_statement DELETE = {"webhook_delete", "DELETE FROM webhook WHERE pk = $1"};
static const struct db_statement TARGET = {"webhook_target",
	"SELECT url, seal_id, secret, CASE WHEN old_secret_until > now() THEN old_secret END AS old_secret"
	" FROM webhook WHERE pk = $1"};

int webhook_insert(struct db_conn *conn, const struct webhook_row *row, int64_t *pk, struct error *err)
{
	int made = repo_int(conn, &INSERT,
		DB_PARAMS(DB_TEXT(row->url), DB_TEXT(row->description), DB_TEXT(row->events),
			DB_TEXT(row->pid_pattern), DB_BOOL(row->active), DB_TEXT(row->seal_id),
			DB_TEXT(row->secret), DB_TEXT(row->actor)),
		pk, err);
	return made == 1 ? 0 : -1;
}

int webhook_find(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct webhook_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND, DB_PARAMS(DB_INT(pk)), arena, &row, err);
	if (found == 1)
		*out = (struct webhook_row){
			.pk = db_int(row, 0, "pk"),
			.url = db_text(row, 0, "url"),
			.description = db_text(row, 0, "description"),
			.events = db_text(row, 0, "events"),
			.pid_pattern = db_text(row, 0, "pid_pattern"),
			.active = db_bool(row, 0, "active"),
			.seal_id = db_text(row, 0, "seal_id"),
			.secret = db_text(row, 0, "secret"),
			.actor = db_text(row, 0, "actor"),
		};
	return found;
}

int webhook_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err)
{
	return repo_text(conn, &READ, DB_PARAMS(DB_INT(pk)), arena, json, err);
}

int webhook_list_json(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &LIST, DB_NO_PARAMS, visit, context, err);
}

int webhook_update(struct db_conn *conn, const struct webhook_row *row, struct error *err)
{
	if (db_execute(conn, &UPDATE,
		    DB_PARAMS(DB_INT(row->pk), DB_TEXT(row->url), DB_TEXT(row->description),
			    DB_TEXT(row->events), DB_TEXT(row->pid_pattern), DB_BOOL(row->active)),
		    NULL, err))
		return -1;
	if (row->active)
		return db_execute(conn, &RESUME, DB_PARAMS(DB_INT(row->pk)), NULL, err);
	return db_execute(
		conn, &GIVE_UP, DB_PARAMS(DB_INT(row->pk), DB_TEXT("the webhook was disabled")), NULL, err);
}

int webhook_set_secret(
	struct db_conn *conn, int64_t pk, const char *sealed, int64_t overlap_ms, struct error *err)
{
	return repo_change(
		conn, &SET_SECRET, DB_PARAMS(DB_INT(pk), DB_TEXT(sealed), DB_INT(overlap_ms)), err);
}

int webhook_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	if (db_execute(conn, &GIVE_UP, DB_PARAMS(DB_INT(pk), DB_TEXT("the webhook was deleted")), NULL, err))
		return -1;
	return repo_change(conn, &DELETE, DB_PARAMS(DB_INT(pk)), err);
}

int webhook_find_target(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct webhook_target *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &TARGET, DB_PARAMS(DB_INT(pk)), arena, &row, err);
	if (found == 1)
		*out = (struct webhook_target){
			.url = db_text(row, 0, "url"),
			.seal_id = db_text(row, 0, "seal_id"),
			.secret = db_text(row, 0, "secret"),
			.old_secret = db_text(row, 0, "old_secret"),
		};
	return found;
}
