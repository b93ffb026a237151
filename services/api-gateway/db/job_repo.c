/* SPDX-License-Identifier: MIT */
/* Jobs as rows: inserting and reading. How they change is in job_states.c. */
#include "db/job_repo.h"

#include "common/arena.h"
#include "db/job_rows.h"
#include "db/repo.h"

#include <string.h>

static const struct db_statement INSERT = {"job_insert",
	"INSERT INTO job (id, kind, class, state, media, pid, store, store_key, replaces_key, attempt, "
	"max_attempts,"
	" next_run_at, deadline, overdue_at, spec, gateway, request_id, to_store, to_key)"
	" SELECT $1, $2, $3, CASE WHEN waited THEN 'running' ELSE 'queued' END, $4, $5, $6, $7, $8, "
	"waited::int,"
	" coalesce($9, CASE WHEN waited THEN 1 ELSE 10 END), now() + $10::bigint * interval '1 ms',"
	" from_unix_ms($11::bigint), CASE WHEN waited THEN from_unix_ms($11::bigint) END, "
	"coalesce($12::jsonb, '{}'), $13, $14, $15, $16"
	" FROM (SELECT $3 <> 'background' AS waited) w"};
static const struct db_statement FIND = {
	"job_find", "SELECT" JOB_COLUMNS "FROM job j" JOB_JOIN "WHERE j.id = $1"};
static const struct db_statement FIND_LOCKED = {
	"job_find_locked", "SELECT" JOB_COLUMNS "FROM job j" JOB_JOIN "WHERE j.id = $1 FOR UPDATE OF j"};
static const struct db_statement END_WATCH = {"job_end_watch",
	"UPDATE job SET next_run_at = least(next_run_at, now()),"
	" spec = spec || jsonb_build_object('expires', unix_ms(now())::text)"
	" WHERE media = $1 AND store_key = $2 AND kind = 'verify' AND state IN ('queued', 'running')"
	" AND spec ? 'expires'"};
static const struct db_statement FIND_WATCH = {"job_find_watch",
	"SELECT" JOB_COLUMNS "FROM job j" JOB_JOIN
	"WHERE j.media = $1 AND j.store_key = $2 AND j.kind = 'verify'"
	" ORDER BY j.created LIMIT 1"};
static const struct db_statement READ_JSON = {
	"job_read_json", "SELECT job_json(j) FROM job j WHERE j.id = $1"};

static const char *const STATE_NAMES[] = {
	[JOB_QUEUED] = "queued",
	[JOB_RUNNING] = "running",
	[JOB_SUCCEEDED] = "succeeded",
	[JOB_FAILED] = "failed",
	[JOB_DEAD] = "dead",
	[JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
	return STATE_NAMES[state];
}

enum job_state job_state_from_name(const char *name)
{
	int state = JOB_QUEUED;
	while (strcmp(STATE_NAMES[state], name) != 0)
		state++; /* ends: the column is checked against the same list */
	return (enum job_state)state;
}

/* Both columns are only ever written from these names. */
static enum job_kind kind_from_name(const char *name)
{
	int kind = JOB_PUT;
	while (kind < JOB_HOLD && strcmp(job_kind_name((enum job_kind)kind), name) != 0)
		kind++;
	return (enum job_kind)kind;
}

static enum job_class class_from_name(const char *name)
{
	int class = JOB_QUICK;
	while (class < JOB_BACKGROUND && strcmp(job_class_name((enum job_class) class), name) != 0)
		class ++;
	return (enum job_class) class;
}

static void from_row(const struct db_result *result, int row, struct job_row *out)
{
	*out = (struct job_row){
		.id = db_text(result, row, "id"),
		.kind = kind_from_name(db_text(result, row, "kind")),
		.class = class_from_name(db_text(result, row, "class")),
		.state = job_state_from_name(db_text(result, row, "state")),
		.media_pk = db_int(result, row, "media"),
		.pid = db_text(result, row, "pid"),
		.store_key = db_text(result, row, "store_key"),
		.replaces_key = db_text(result, row, "replaces_key"),
		.to_store_pk = db_int(result, row, "to_store"),
		.to_key = db_text(result, row, "to_key"),
		.attempt = db_int(result, row, "attempt"),
		.max_attempts = db_int(result, row, "max_attempts"),
		.deadline_unix_ms = db_int(result, row, "deadline"),
		.spec = db_text(result, row, "spec"),
		.result = db_text(result, row, "result"),
		.error_code = db_text(result, row, "error_code"),
		.error_message = db_text(result, row, "error_message"),
		.gateway = db_text(result, row, "gateway"),
		.request_id = db_text(result, row, "request_id"),
		.begun_unix_ms = db_int(result, row, "begun"),
		.created_unix_ms = db_int(result, row, "created"),
		.updated_unix_ms = db_int(result, row, "updated"),
	};
	store_from_row(result, row, &out->store);
}

struct job_row *job_rows_of(const struct db_result *rows, struct arena *arena, size_t *count)
{
	*count = (size_t)db_rows(rows);
	struct job_row *jobs = arena_alloc(arena, (*count + 1) * sizeof(*jobs));
	for (size_t i = 0; i < *count; i++)
		from_row(rows, (int)i, &jobs[i]);
	return jobs;
}

int job_rows(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct job_row **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, statement, params, arena, &rows, err))
		return -1;
	*out = job_rows_of(rows, arena, count);
	return 0;
}

int job_insert(struct db_conn *conn, const struct job_new *job, struct error *err)
{
	if (job->class != JOB_BACKGROUND && !job->deadline_unix_ms)
		return error_set_cause(err, ERROR_INTERNAL, "a job that someone waits for has no deadline");
	return db_execute(conn, &INSERT,
		DB_PARAMS(DB_TEXT(job->id), DB_TEXT(job_kind_name(job->kind)),
			DB_TEXT(job_class_name(job->class)), DB_INT_OR_NULL(job->media_pk, 0),
			DB_TEXT(job->pid), DB_INT(job->store_pk), DB_TEXT(job->store_key),
			DB_TEXT(job->replaces_key), DB_INT_OR_NULL(job->max_attempts, 0),
			DB_INT(job->delay_ms), DB_INT_OR_NULL(job->deadline_unix_ms, 0), DB_TEXT(job->spec),
			DB_TEXT(job->gateway), DB_TEXT(job->request_id), DB_INT_OR_NULL(job->to_store_pk, 0),
			DB_TEXT(job->to_key)),
		NULL, err);
}

bool job_is_id(const char *text)
{
	static const char FORM[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	for (size_t i = 0; i < sizeof(FORM); i++) {
		bool fits = FORM[i] == 'x' ? text[i] && strchr("0123456789abcdefABCDEF", text[i])
					   : text[i] == FORM[i];
		if (!fits)
			return false;
	}
	return true;
}

int job_end_watch(struct db_conn *conn, int64_t media_pk, const char *store_key, struct error *err)
{
	return repo_change(conn, &END_WATCH, DB_PARAMS(DB_INT(media_pk), DB_TEXT(store_key)), err);
}

int job_find_watch(struct db_conn *conn, int64_t media_pk, const char *store_key, struct arena *arena,
	struct job_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(
		conn, &FIND_WATCH, DB_PARAMS(DB_INT(media_pk), DB_TEXT(store_key)), arena, &row, err);
	if (found == 1)
		from_row(row, 0, out);
	return found;
}

int job_find(struct db_conn *conn, const char *id, enum db_lock lock, struct arena *arena,
	struct job_row *out, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	const struct db_result *row = NULL;
	int found = repo_row(conn, lock ? &FIND_LOCKED : &FIND, DB_PARAMS(DB_TEXT(id)), arena, &row, err);
	if (found == 1)
		from_row(row, 0, out);
	return found;
}

int job_read_json(
	struct db_conn *conn, const char *id, struct arena *arena, const char **json, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	return repo_text(conn, &READ_JSON, DB_PARAMS(DB_TEXT(id)), arena, json, err);
}
