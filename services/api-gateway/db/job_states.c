/* SPDX-License-Identifier: MIT */
/*
 * The transitions of a job. Each names the state it starts from, and from running also the attempt:
 * whatever arrives late or twice finds nothing to change.
 */
#include "common/buf.h"
#include "common/cleanup.h"
#include "db/job_rows.h"
#include "db/repo.h"

#include <inttypes.h>

#define RUNNING_ATTEMPT " WHERE id = $1 AND attempt = $2 AND state = 'running'"

static const struct db_statement TAKE_DUE = {"job_take_due",
	"WITH due AS (SELECT id FROM job WHERE state = 'queued' AND kind <> 'deliver' AND next_run_at <= "
	"now() ORDER BY "
	"next_run_at LIMIT $1"
	" FOR UPDATE SKIP LOCKED),"
	" j AS (UPDATE job SET state = 'running', attempt = attempt + 1, gateway = coalesce($3, gateway),"
	" overdue_at = now() + $2::bigint * interval '1 ms', updated = now()"
	" FROM due WHERE job.id = due.id RETURNING job.*)"
	" SELECT" JOB_COLUMNS "FROM j" JOB_JOIN "ORDER BY j.next_run_at"};
static const struct db_statement NOTE_POSTED = {"job_note_posted",
	"UPDATE job SET overdue_at = greatest(overdue_at, now() + $3::bigint * interval '1 ms')"
	" FROM unnest($1::uuid[], $2::bigint[]) AS posted(id, attempt)"
	" WHERE job.id = posted.id AND job.attempt = posted.attempt AND job.state = 'running'"
	" AND overdue_at <> '-infinity'"}; /* EXPECT_NONE_OF_RAM came between */
static const struct db_statement EXPECT_NONE_OF_RAM = {"job_expect_none_of_ram",
	"UPDATE job SET overdue_at = '-infinity' FROM store s"
	" WHERE s.site = $1 AND s.type = 'DictStore' AND s.pk IN (job.store, job.to_store)"
	" AND job.state = 'running' AND job.class = 'background'"};
static const struct db_statement LIST_OVERDUE = {"job_list_overdue",
	"SELECT" JOB_COLUMNS "FROM job j" JOB_JOIN "WHERE j.state = 'running' AND j.overdue_at <= now()"
	" ORDER BY j.overdue_at LIMIT $1 FOR UPDATE OF j SKIP LOCKED"};
static const struct db_statement SUCCEED = {"job_succeed",
	"UPDATE job SET state = 'succeeded', result = $3::jsonb, error_code = NULL, error_message = NULL, "
	"overdue_at = NULL,"
	" updated = now()" RUNNING_ATTEMPT};
static const struct db_statement FAIL = {"job_fail",
	"UPDATE job SET state = 'failed', error_code = $3, error_message = $4, overdue_at = NULL,"
	" updated = now()" RUNNING_ATTEMPT};
static const struct db_statement RETRY = {"job_retry",
	"UPDATE job SET state = CASE WHEN attempt >= max_attempts THEN 'dead' ELSE 'queued' END,"
	" next_run_at = now() + $3::bigint * interval '1 ms', error_code = $4, error_message = $5, "
	"overdue_at = NULL,"
	" updated = now()" RUNNING_ATTEMPT " RETURNING state"};
static const struct db_statement PUT_BACK = {"job_put_back",
	"UPDATE job SET state = 'queued', attempt = attempt - 1, next_run_at = now() + $3::bigint * interval "
	"'1 ms',"
	" overdue_at = NULL, updated = now()" RUNNING_ATTEMPT};
static const struct db_statement CONTINUE = {"job_continue",
	"UPDATE job SET state = 'queued', next_run_at = now() + $3::bigint * interval '1 ms', spec = "
	"$4::jsonb,"
	" max_attempts = max_attempts + 1, error_code = NULL, error_message = NULL, overdue_at = NULL,"
	" updated = now()" RUNNING_ATTEMPT};
static const struct db_statement SET_SPEC = {
	"job_set_spec", "UPDATE job SET spec = $2::jsonb, updated = now() WHERE id = $1"};
static const struct db_statement CANCEL = {"job_cancel",
	"UPDATE job SET state = 'cancelled', overdue_at = NULL, updated = now()"
	" WHERE id = $1 AND state IN ('queued', 'running', 'dead')"};
/* max_attempts grows instead of attempt shrinking: a result of the old attempts must stay a late one */
static const struct db_statement RERUN = {"job_rerun",
	"UPDATE job SET state = 'queued', next_run_at = now(), max_attempts = attempt + "
	"greatest(max_attempts, 10), "
	"deadline = NULL,"
	" class = 'background', store_key = coalesce($2, store_key), result = NULL, error_code = NULL,"
	" error_message = NULL, updated = now() WHERE id = $1 AND state IN ('dead', 'failed')"};
static const struct db_statement NOTE_PROGRESS = {"job_note_progress",
	"UPDATE job SET done = $3, total = nullif($4::bigint, -1), worker = $5, reported = now(),"
	" overdue_at = greatest(overdue_at, now() + $6::bigint * interval '1 ms')" RUNNING_ATTEMPT};
static const struct db_statement SPOOL_NEEDED = {"job_spool_needed",
	"SELECT 1 FROM job WHERE state IN ('queued', 'running', 'dead') AND spec ->> 'spool' = $1"
	" UNION ALL SELECT 1 FROM upload WHERE id::text = $1 AND (state <> 'finished' OR kind = "
	"'partial')"
	" LIMIT 1"};
static const struct db_statement DELETE_FINISHED = {"job_delete_finished",
	"DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state IN ('succeeded', 'failed', 'cancelled')"
	" AND updated < now() - $1::bigint * interval '1 ms' ORDER BY updated LIMIT $2 FOR UPDATE SKIP "
	"LOCKED)"};

int job_take_due(struct db_conn *conn, int limit, int64_t timeout_ms, const char *gateway,
	struct arena *arena, struct job_row **out, size_t *count, struct error *err)
{
	return job_rows(conn, &TAKE_DUE, DB_PARAMS(DB_INT(limit), DB_INT(timeout_ms), DB_TEXT(gateway)),
		arena, out, count, err);
}

int job_note_posted(struct db_conn *conn, const struct job_row *const *jobs, size_t count, int64_t timeout_ms,
	struct error *err)
{
	CLEANUP(buf_release) struct buf ids = {0}, attempts = {0};
	for (size_t i = 0; i < count; i++) {
		buf_printf(&ids, "%c%s", i ? ',' : '{', jobs[i]->id);
		buf_printf(&attempts, "%c%" PRId64, i ? ',' : '{', jobs[i]->attempt);
	}
	if (!count)
		return 0;
	buf_append_text(&ids, "}");
	buf_append_text(&attempts, "}");
	return db_execute(conn, &NOTE_POSTED,
		DB_PARAMS(DB_TEXT(ids.data), DB_TEXT(attempts.data), DB_INT(timeout_ms)), NULL, err);
}

int job_expect_none_of_ram(struct db_conn *conn, const char *site, struct error *err)
{
	return db_execute(conn, &EXPECT_NONE_OF_RAM, DB_PARAMS(DB_TEXT(site)), NULL, err);
}

int job_list_overdue(struct db_conn *conn, int limit, struct arena *arena, struct job_row **out,
	size_t *count, struct error *err)
{
	return job_rows(conn, &LIST_OVERDUE, DB_PARAMS(DB_INT(limit)), arena, out, count, err);
}

int job_succeed(struct db_conn *conn, const char *id, int64_t attempt, const char *result, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	return repo_change(conn, &SUCCEED, DB_PARAMS(DB_TEXT(id), DB_INT(attempt), DB_TEXT(result)), err);
}

int job_fail(
	struct db_conn *conn, const char *id, int64_t attempt, const struct error *why, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	return repo_change(conn, &FAIL,
		DB_PARAMS(DB_TEXT(id), DB_INT(attempt), DB_TEXT(error_wire_name(why->code)),
			DB_TEXT(why->message)),
		err);
}

int job_retry(struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms,
	const struct error *why, enum job_state *state, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	int changed = db_query_one(conn, &RETRY,
		DB_PARAMS(DB_TEXT(id), DB_INT(attempt), DB_INT(delay_ms), DB_TEXT(error_wire_name(why->code)),
			DB_TEXT(why->message)),
		&row, err);
	if (changed == 1)
		*state = job_state_from_name(db_text_at(row, 0, 0));
	return changed;
}

int job_put_back(struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	return repo_change(conn, &PUT_BACK, DB_PARAMS(DB_TEXT(id), DB_INT(attempt), DB_INT(delay_ms)), err);
}

int job_continue(struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms, const char *spec,
	struct error *err)
{
	return repo_change(conn, &CONTINUE,
		DB_PARAMS(DB_TEXT(id), DB_INT(attempt), DB_INT(delay_ms), DB_TEXT(spec)), err);
}

int job_set_spec(struct db_conn *conn, const char *id, const char *spec, struct error *err)
{
	return repo_change(conn, &SET_SPEC, DB_PARAMS(DB_TEXT(id), DB_TEXT(spec)), err);
}

int job_cancel(struct db_conn *conn, const char *id, struct error *err)
{
	return job_is_id(id) ? repo_change(conn, &CANCEL, DB_PARAMS(DB_TEXT(id)), err) : 0;
}

int job_rerun(struct db_conn *conn, const char *id, const char *store_key, struct error *err)
{
	return job_is_id(id) ? repo_change(conn, &RERUN, DB_PARAMS(DB_TEXT(id), DB_TEXT(store_key)), err) : 0;
}

int job_note_progress(
	struct db_conn *conn, const struct progress_message *progress, int64_t timeout_ms, struct error *err)
{
	if (!job_is_id(progress->job_id))
		return 0;
	return repo_change(conn, &NOTE_PROGRESS,
		DB_PARAMS(DB_TEXT(progress->job_id), DB_INT(progress->attempt), DB_INT(progress->done),
			DB_INT(progress->total), DB_TEXT(progress->worker), DB_INT(timeout_ms)),
		err);
}

int job_spool_needed(struct db_conn *conn, const char *name, struct error *err)
{
	int64_t one;
	return repo_int(conn, &SPOOL_NEEDED, DB_PARAMS(DB_TEXT(name)), &one, err);
}

int job_delete_finished(struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_FINISHED, DB_PARAMS(DB_INT(age_ms), DB_INT(limit)), deleted, err);
}
