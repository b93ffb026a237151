/* SPDX-License-Identifier: MIT */
#include "domain/record.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/random.h"
#include "domain/audits.h"
#include "domain/record_copy.h"
#include "domain/record_deliver.h"
#include "domain/retry.h"
#include "domain/spool.h"

#include <string.h>

enum { LAST_LOOK_MS = 500 }; /* behind the end of a URL */

/* --- what each kind of job means for its media */

int record_delete(
	struct record *record, int64_t store_pk, const char *key, int64_t delay_ms, struct error *err)
{
	if (!store_pk || !key)
		return 0; /* the store is gone, and with it what was in it */
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	if (!store_type_deletes(
		    record->job.store.type)) /* what is there stays, and what failed is not there */
		return 0;
	struct job_new job = {
		.id = id,
		.kind = JOB_DELETE,
		.class = JOB_BACKGROUND,
		.pid = record->job.pid,
		.store_pk = store_pk,
		.store_key = key,
		.max_attempts = retry_attempts(JOB_DELETE),
		.delay_ms = delay_ms,
		.request_id = record->job.request_id,
	};
	return job_insert(record->conn, &job, err);
}

static int delete_object(struct record *record, const char *key, int64_t delay_ms, struct error *err)
{
	return record_delete(record, record->job.store.pk, key, delay_ms, err);
}

/* The bytes are in the store under job.store_key. 1: they are the media's now · 0: nobody wants them · -1 */
static int attach_bytes(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	if (job->media_pk == 0)
		return 0;
	struct media_bytes bytes = {
		.media_pk = job->media_pk,
		.expected_key = job->replaces_key ? job->replaces_key : job->store_key,
		.store_key = job->store_key,
		.size = record->result->size,
		.sha256 = record->result->sha256 ? record->result->sha256 : record->spec.sha256,
		.crc32c = record->spec.crc32c,
		.md5 = record->spec.md5,
		.content_type = record->spec.content_type,
		.filename = record->spec.filename,
		.holder = record->result->holder,
	};
	return media_finish_put(record->conn, &bytes, &record->actor, err);
}

static int put_done(struct record *record, struct error *err)
{
	int attached = attach_bytes(record, err);
	if (attached < 0)
		return -1;
	record->outcome = attached ? RECORD_DONE : RECORD_SUPERSEDED;
	if (!attached)
		return delete_object(record, record->job.store_key, 0, err);
	if (record->job.replaces_key)
		return delete_object(record, record->job.replaces_key, RECORD_GRACE_MS, err);
	return 0;
}

static int put_failed(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	if (job->media_pk && !job->replaces_key &&
		media_fail_put(record->conn, job->media_pk, job->store_key, &record->actor, err) < 0)
		return -1;
	return delete_object(record, job->store_key, 0, err);
}

/* The job's media: 1 / 0 it was deleted, or there never was one / -1 */
static int find_media(struct record *record, struct media_row *out, struct error *err)
{
	int64_t pk = record->job.media_pk;
	return pk ? media_find_by_pk(record->conn, pk, DB_NO_LOCK, record->arena, out, err) : 0;
}

/* Whether the media has moved on from the job's key, or given it up: then what lies there is nobody's. */
static int is_abandoned(struct record *record, bool *abandoned, struct error *err)
{
	struct media_row media;
	int found = find_media(record, &media, err);
	if (found < 0)
		return -1;
	*abandoned =
		!found || media.status == MEDIA_FAILED || strcmp(media.store_key, record->job.store_key) != 0;
	return 0;
}

/* A watched presigned upload. */
static int verify_done(struct record *record, struct error *err)
{
	bool abandoned = false;
	int attached = attach_bytes(record, err);
	if (attached < 0 || (!attached && is_abandoned(record, &abandoned, err)))
		return -1;
	record->outcome = attached ? RECORD_DONE : RECORD_SUPERSEDED;
	return abandoned ? delete_object(record, record->job.store_key, 0, err) : 0;
}

static int verify_failed(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	bool expired = record->spec.expires_unix_ms && record->spec.expires_unix_ms <= clock_unix_ms();
	if (!job->media_pk || !expired)
		return 0;
	bool abandoned;
	if (media_fail_put(record->conn, job->media_pk, job->store_key, &record->actor, err) < 0 ||
		is_abandoned(record, &abandoned, err))
		return -1;
	return abandoned ? delete_object(record, job->store_key, 0, err) : 0; /* what is there did not fit */
}

static int nothing_follows(struct record *record, struct error *err)
{
	(void)record;
	(void)err;
	return 0;
}

/* Kinds that are not listed change no rows: nothing follows. */
static const struct {
	int (*done)(struct record *record, struct error *err);
	int (*failed)(struct record *record, struct error *err);
} CONSEQUENCES[] = {
	[JOB_PUT] = {put_done, put_failed},
	[JOB_DELETE] = {nothing_follows, nothing_follows},
	[JOB_VERIFY] = {verify_done, verify_failed},
	[JOB_COPY] = {record_copy_done, record_copy_failed},
	[JOB_MOVE] = {record_move_done, record_move_failed},
	[JOB_AUDIT] = {nothing_follows, nothing_follows},
	[JOB_MULTIPART] = {nothing_follows, nothing_follows},
	[JOB_DELIVER] = {record_deliver_done, record_deliver_failed},
	[JOB_HOLD] = {nothing_follows, nothing_follows},
};

/* --- the result itself */

static int fail(struct record *record, const struct error *why, struct error *err)
{
	record->failure = *why;
	int failed = job_fail(record->conn, record->job.id, record->job.attempt, why, err);
	if (failed < 0)
		return -1;
	record->outcome = failed ? RECORD_FAILED : RECORD_IGNORED;
	return failed ? CONSEQUENCES[record->job.kind].failed(record, err) : 0;
}

/* Whether a put's media was deleted meanwhile, or is to have other bytes: then its source may be gone for good. */
static int is_unwanted(struct record *record, bool *unwanted, struct error *err)
{
	const struct job_row *job = &record->job;
	struct media_row media;
	*unwanted = false;
	if (job->kind != JOB_PUT)
		return 0;
	int found = find_media(record, &media, err);
	if (found < 0)
		return -1;
	const char *expected = job->replaces_key ? job->replaces_key : job->store_key;
	*unwanted = !found || strcmp(media.store_key, expected) != 0;
	return 0;
}

static int postpone(struct record *record, const struct error *why, int64_t delay_ms, struct error *err)
{
	enum job_state state = JOB_QUEUED;
	bool unwanted;
	if (is_unwanted(record, &unwanted, err))
		return -1;
	if (unwanted)
		return fail(record, why, err);
	int retried =
		job_retry(record->conn, record->job.id, record->job.attempt, delay_ms, why, &state, err);
	if (retried < 0)
		return -1;
	record->outcome = retried ? RECORD_POSTPONED : RECORD_IGNORED;
	record->failure = *why;
	if (!retried || state != JOB_DEAD)
		return record_copy_restart(record, err) || record_deliver_missed(record, err) ? -1 : 0;
	record->outcome = RECORD_FAILED;
	record->dead = true;
	return CONSEQUENCES[record->job.kind].failed(record, err);
}

/* A watch goes on until the presigned URL has expired, however often nothing was found. */
static bool still_watching(const struct record *record, enum error_code code)
{
	return record->job.kind == JOB_VERIFY && record->spec.expires_unix_ms > clock_unix_ms() &&
	       (code == ERROR_NOT_FOUND || code == ERROR_CHECKSUM);
}

/* A watch looks once more when its URL has ended, not much later. */
static int64_t pause_ms(const struct record *record)
{
	int64_t delay = retry_delay_ms(record->job.kind, record->job.attempt);
	int64_t left = record->spec.expires_unix_ms ? record->spec.expires_unix_ms - clock_unix_ms() : delay;
	return left > 0 && left + LAST_LOOK_MS < delay ? left + LAST_LOOK_MS : delay;
}

static int record_error(struct record *record, const struct error *why, bool retryable, struct error *err)
{
	/* in its first attempt a job that somebody waits for fails towards him; later ones are ours to
	 * bring to an end */
	bool ours = record->job.class == JOB_BACKGROUND || record->job.attempt > 1;
	if (still_watching(record, why->code) || (ours && retryable))
		return postpone(record, why, pause_ms(record), err);
	return fail(record, why, err);
}

static bool fits(const struct record *record, struct error *why)
{
	const struct result_message *result = record->result;
	if (record->spec.size >= 0 && result->size >= 0 && result->size != record->spec.size) {
		error_set(why, ERROR_CHECKSUM, "the store holds %lld bytes instead of %lld",
			(long long)result->size, (long long)record->spec.size);
		return false;
	}
	if (record->spec.sha256 && result->sha256 && strcmp(record->spec.sha256, result->sha256) != 0) {
		error_set(why, ERROR_CHECKSUM, NULL);
		return false;
	}
	return true;
}

static int record_success(struct record *record, struct error *err)
{
	struct error why;
	if (!fits(record, &why))
		return record_error(record, &why, false, err);
	if (record->job.kind == JOB_AUDIT)
		return audits_record(record, err);
	int stepped = record_copy_step(record, err);
	if (stepped)
		return stepped < 0 ? -1 : 0;
	if (record->job.kind == JOB_MOVE) /* whether it has succeeded, its media decides */
		return record_move_done(record, err);
	int succeeded = job_succeed(record->conn, record->job.id, record->job.attempt, NULL, err);
	if (succeeded < 0)
		return -1;
	record->outcome = succeeded ? RECORD_DONE : RECORD_IGNORED;
	return succeeded ? CONSEQUENCES[record->job.kind].done(record, err) : 0;
}

/* Bytes that arrived after their put was given up, or a second time after their object was deleted: nobody else will
 * remove them. */
static int record_late(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	bool given_up = job->state == JOB_FAILED || job->state == JOB_DEAD || job->state == JOB_CANCELLED;
	bool abandoned = given_up;
	record->outcome = job->state == JOB_CANCELLED ? RECORD_CANCELLED : RECORD_IGNORED;
	if (record->result->code != ERROR_NONE || (!given_up && job->state != JOB_SUCCEEDED))
		return 0;
	if (job->kind == JOB_COPY || job->kind == JOB_MOVE)
		return given_up ? record_delete(record, job->to_store_pk, job->to_key, 0, err) : 0;
	if (job->kind != JOB_PUT)
		return 0;
	if (!given_up && is_abandoned(record, &abandoned, err))
		return -1;
	return abandoned ? delete_object(record, job->store_key, 0, err) : 0;
}

static int record_locked(struct record *record, struct error *err)
{
	const struct result_message *result = record->result;
	if (record->job.state != JOB_RUNNING || record->job.attempt != result->attempt)
		return record_late(record, err);
	struct error why;
	int seen = record_fixity(record, fits(record, &why), err);
	if (seen)
		return seen < 0 ? -1 : 0;
	if (result->code == ERROR_NONE)
		return record_success(record, err);
	error_set(&why, result->code, "%s",
		result->message && *result->message ? result->message : error_default_text(result->code));
	if (result->cause)
		error_add_cause(&why, "%s", result->cause);
	return record_error(record, &why, result->retryable, err);
}

/* The spool file of a job that is over goes; that of one that is dead waits for it to be run again or
 * cancelled. */
static void clear_spool(const struct record *record, struct spool *spool)
{
	bool over = record->outcome == RECORD_DONE || record->outcome == RECORD_SUPERSEDED ||
		    (record->outcome == RECORD_FAILED && !record->dead);
	if (over && record->spec.spool)
		spool_remove(spool, record->spec.spool);
}

/* Locks the job and reads what it remembers. 1 / 0 no such job / -1 */
static int load(struct record *record, const char *job_id, struct error *err)
{
	int found = job_find(record->conn, job_id, DB_LOCK, record->arena, &record->job, err);
	if (found != 1)
		return found;
	record->spec = job_spec_parse(record->job.spec, record->arena);
	record->actor = (struct db_actor){record->spec.actor, record->job.request_id};
	return 1;
}

int record_result(struct db_conn *conn, struct spool *spool, const struct result_message *result,
	struct arena *arena, enum record_outcome *outcome, struct error *failure, struct error *err)
{
	struct record record = {.conn = conn, .arena = arena, .result = result, .outcome = RECORD_IGNORED};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err))
		return -1;
	int found = load(&record, result->job_id, err);
	if (found < 0 || (found && record_locked(&record, err)) || db_commit(&tx, err))
		return -1;
	clear_spool(&record, spool);
	*outcome = record.outcome;
	if (failure)
		*failure = record.failure;
	return 0;
}

static int record_one_overdue(struct db_conn *conn, struct spool *spool, struct arena *arena,
	const struct job_row *job, struct error *err)
{
	struct record record = {.conn = conn, .arena = arena, .job = *job, .outcome = RECORD_IGNORED};
	record.spec = job_spec_parse(job->spec, arena);
	record.actor = (struct db_actor){record.spec.actor, job->request_id};
	struct error why;
	error_set(&why, ERROR_DEADLINE, "no result came in time");
	if (postpone(&record, &why, 0, err))
		return -1;
	clear_spool(&record, spool);
	return 0;
}

int record_overdue(struct db_conn *conn, struct spool *spool, int limit, size_t *count, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct job_row *jobs;
	if (db_begin(conn, &tx, err) || job_list_overdue(conn, limit, arena, &jobs, count, err))
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (record_one_overdue(conn, spool, arena, &jobs[i], err))
			return -1;
	return db_commit(&tx, err);
}

/* The end of that attempt without a result of a worker; of another one nothing changes. */
static int end_attempt(struct db_conn *conn, struct spool *spool, const char *job_id, int64_t attempt,
	int (*end)(struct record *record, const struct error *why, struct error *err),
	const struct error *why, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct record record = {.conn = conn, .arena = arena, .outcome = RECORD_IGNORED};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err))
		return -1;
	int found = load(&record, job_id, err);
	bool ours = found == 1 && record.job.state == JOB_RUNNING && record.job.attempt == attempt;
	if (found < 0 || (ours && end(&record, why, err)) || db_commit(&tx, err))
		return -1;
	clear_spool(&record, spool);
	return 0;
}

static int try_later(struct record *record, const struct error *why, struct error *err)
{
	return postpone(record, why, retry_delay_ms(record->job.kind, record->job.attempt), err);
}

int record_lost(struct db_conn *conn, struct spool *spool, const char *job_id, int64_t attempt,
	const struct error *why, struct error *err)
{
	return end_attempt(conn, spool, job_id, attempt, try_later, why, err);
}

int record_failure(struct db_conn *conn, struct spool *spool, const char *job_id, int64_t attempt,
	const struct error *why, struct error *err)
{
	return end_attempt(conn, spool, job_id, attempt, fail, why, err);
}

int record_cancel(struct db_conn *conn, struct spool *spool, const char *job_id, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct record record = {.conn = conn, .arena = arena, .outcome = RECORD_FAILED};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err))
		return -1;
	int found = load(&record, job_id, err);
	if (found <= 0)
		return found ? -1 : error_set(err, ERROR_NOT_FOUND, "no job has this id");
	bool dead = record.job.state == JOB_DEAD; /* what follows from its failure has followed */
	int cancelled = job_cancel(conn, job_id, err);
	if (cancelled < 0 || (cancelled && !dead && CONSEQUENCES[record.job.kind].failed(&record, err)) ||
		db_commit(&tx, err))
		return -1;
	if (!cancelled)
		return error_set(
			err, ERROR_CONFLICT, "this job has %s already", job_state_name(record.job.state));
	clear_spool(&record, spool);
	return 0;
}
