/* SPDX-License-Identifier: MIT */
#ifndef DB_JOB_REPO_H
#define DB_JOB_REPO_H

/*
 * Jobs: what was asked of the workers, and how it stands.
 *
 *	queued --take_due--> running --succeed--> succeeded
 *	  ^                     |----fail-------> failed (final error) or dead (out of attempts)
 *	  '------retry----------'		  cancelled from queued, running or dead
 *
 * A job someone waits for (class quick, stream) is born running with attempt 1 and a deadline; a
 * background job is born queued. Each transition from running names the attempt it is about: a late or
 * repeated result changes nothing and returns 0. Strings are lent by the arena.
 */

#include "db/media_repo.h"
#include "schemas/control_message.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_DEAD, JOB_CANCELLED };
const char *job_state_name(enum job_state state); /* "queued" ... */

/* A background attempt of which nothing is heard for so long counts as lost. The broker delivers again at once
 * when a worker dies: this is for what the broker has lost. */
enum { JOB_RESULT_TIMEOUT_MS = 3600 * 1000 };

struct job_new {
	const char *id; /* UUID */
	enum job_kind kind;
	enum job_class class;
	int64_t media_pk; /* 0: none */
	const char *pid;  /* NULL: none */
	int64_t store_pk;
	const char *store_key;    /* NULL: none */
	const char *replaces_key; /* put over a READY media: the key it has now; NULL: none */
	int64_t to_store_pk;      /* copy, move: where to; 0: none */
	const char *to_key;       /* copy, move; NULL: none */
	int64_t max_attempts;     /* 0: 1 for quick and stream, 10 for background */
	int64_t delay_ms;         /* background: not before that */
	int64_t deadline_unix_ms; /* of the whole job; 0: none (background), required otherwise */
	const char *spec;         /* JSON text, the domain's own; NULL: {} */
	const char *gateway;      /* which instance; NULL: none */
	const char *request_id;
};

struct job_row {
	const char *id;
	enum job_kind kind;
	enum job_class class;
	enum job_state state;
	int64_t media_pk; /* 0: none; the media may have been deleted since */
	const char *pid;
	struct store_descriptor store;
	const char *store_key, *replaces_key;
	int64_t to_store_pk; /* 0: none, or the store has been deleted since */
	const char *to_key;
	int64_t attempt, max_attempts;
	int64_t deadline_unix_ms;               /* 0 none */
	const char *spec;                       /* JSON text */
	const char *result;                     /* JSON text; NULL: none */
	const char *error_code, *error_message; /* NULL: none */
	const char *gateway, *request_id;
	int64_t begun_unix_ms; /* of the attempt; 0: none, or born running */
	int64_t created_unix_ms, updated_unix_ms;
};

MUST_CHECK int job_insert(struct db_conn *conn, const struct job_new *job, struct error *err);
/* 1 / 0 / -1. A text that is no UUID is 0. */
MUST_CHECK int job_find(struct db_conn *conn, const char *id, enum db_lock lock, struct arena *arena,
	struct job_row *out, struct error *err);
/* The job as the API shows it (job_json() in migrations/040_jobs.sql): 1 / 0 / -1 */
MUST_CHECK int job_read_json(
	struct db_conn *conn, const char *id, struct arena *arena, const char **json, struct error *err);

/* The watch of that key looks once more, now, and then ends. 1 / 0 / -1 */
MUST_CHECK int job_end_watch(
	struct db_conn *conn, int64_t media_pk, const char *store_key, struct error *err);
/* The job that follows what is to come to this key, with what was announced. 1 / 0 / -1 */
MUST_CHECK int job_find_watch(struct db_conn *conn, int64_t media_pk, const char *store_key,
	struct arena *arena, struct job_row *out, struct error *err);
/* Claims up to `limit` background jobs that are due: they are running, their attempt counted, and are to
 * come back (job_list_overdue) if no result arrives within timeout_ms. Several gateways never get the
 * same one. */
MUST_CHECK int job_take_due(struct db_conn *conn, int limit, int64_t timeout_ms, const char *gateway,
	struct arena *arena, struct job_row **out, size_t *count, struct error *err);
/* What background jobs a site's RAM stores were sent may be lost, and comes back (job_list_overdue) now. */
MUST_CHECK int job_expect_none_of_ram(struct db_conn *conn, const char *site, struct error *err);
/* These attempts, as job_take_due() gave them out, are with the broker: only timeout_ms from now without a result are
 * they to come back. */
MUST_CHECK int job_note_posted(struct db_conn *conn, const struct job_row *const *jobs, size_t count,
	int64_t timeout_ms, struct error *err);
/* running jobs whose deadline (quick, stream) or result (background) is overdue, locked FOR UPDATE SKIP
 * LOCKED: needs a transaction, in which the caller fails or retries them. */
MUST_CHECK int job_list_overdue(struct db_conn *conn, int limit, struct arena *arena, struct job_row **out,
	size_t *count, struct error *err);

/* Each: 1 / 0 not running with this attempt (late, repeated, cancelled, gone) / -1. `result` is JSON text
 * or NULL. */
MUST_CHECK int job_succeed(
	struct db_conn *conn, const char *id, int64_t attempt, const char *result, struct error *err);
MUST_CHECK int job_fail(
	struct db_conn *conn, const char *id, int64_t attempt, const struct error *why, struct error *err);
/* Back to queued, to run after delay_ms, or dead when out of attempts: *state says which. */
MUST_CHECK int job_retry(struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms,
	const struct error *why, enum job_state *state, struct error *err);
/* Publishing failed before a worker could see it: queued again after delay_ms, the attempt not counted. */
MUST_CHECK int job_put_back(
	struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms, struct error *err);
/* One step of the attempt is done: queued again at once, or after delay_ms, with another spec. The attempt
 * that follows is not counted against the job. */
MUST_CHECK int job_continue(struct db_conn *conn, const char *id, int64_t attempt, int64_t delay_ms,
	const char *spec, struct error *err);
/* Another spec, whatever the state: 1 / 0 / -1 */
MUST_CHECK int job_set_spec(struct db_conn *conn, const char *id, const char *spec, struct error *err);
/* From queued, running or dead: 1 / 0 finished already or no such job / -1. */
MUST_CHECK int job_cancel(struct db_conn *conn, const char *id, struct error *err);
/* A dead or failed job is queued anew, in the background, with its attempts uncounted; `store_key` is where
 * a put writes this time, NULL: as before. 1 / 0 / -1. */
MUST_CHECK int job_rerun(struct db_conn *conn, const char *id, const char *store_key, struct error *err);
/* How far the attempt is, and that it is alive: it is overdue only timeout_ms from now. 1 / 0 it is not
 * running / -1. */
MUST_CHECK int job_note_progress(
	struct db_conn *conn, const struct progress_message *progress, int64_t timeout_ms, struct error *err);
/* Whether an unfinished or dead job (`spool` in its spec), or an upload, still needs this file of the spool: 1 / 0 / -1. */
MUST_CHECK int job_spool_needed(struct db_conn *conn, const char *name, struct error *err);
/* Deletes finished jobs (succeeded, failed, cancelled; dead ones stay) older than that, at most `limit`. */
MUST_CHECK int job_delete_finished(
	struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err);

#endif
