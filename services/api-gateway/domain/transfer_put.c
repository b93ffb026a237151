/* SPDX-License-Identifier: MIT */
/*
 * The put. Rows are written before the job is sent, so that whatever dies in between leaves something that
 * the scheduler finds; the job's own key makes it harmless when two attempts overlap.
 */
#include "domain/transfer_parts.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "config.h"
#include "db/job_repo.h"
#include "domain/job_spec.h"
#include "domain/once.h"
#include "domain/record.h"
#include "domain/retry.h"
#include "messaging/job_post.h"

enum {
	FIRST_ATTEMPT = 1,
	RESUME_POLL_MS = 200,
	IDLE_MS = 1000,         /* of whoever ends what is overdue */
	DECIDES_MS = 10 * 1000, /* behind the deadline: who waits says first what became of the put */
};

struct put_run {
	struct transfer *transfer;
	const struct transfer_put *put;
	const struct caller *caller;
	struct arena *arena;
	struct transfer_claim claim;
	struct job_message job;
	struct job_spec spec;
};

static bool is_inline(const struct intake *intake)
{
	return intake->inline_bytes != NULL;
}

static void compose(struct put_run *run, const struct intake *intake)
{
	const struct config *config = run->transfer->parts.config;
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	run->job = (struct job_message){
		.id = arena_strdup(run->arena, id),
		.kind = JOB_PUT,
		.class = is_inline(intake) ? JOB_QUICK : JOB_STREAM,
		.attempt = FIRST_ATTEMPT,
		.request_id = run->caller->actor.request_id,
		.pid = run->put->pid,
		.deadline_unix_ms = clock_unix_ms() + (is_inline(intake) ? config->quick_deadline_ms
									 : config->transfer_deadline_ms),
		.size = intake->size,
		.sha256 = intake->sums.sha256,
		.content_type = run->put->content_type,
		.source = {.inline_bytes = intake->inline_bytes,
			.inline_length = is_inline(intake) ? (size_t)intake->size : 0},
	};
	run->spec = (struct job_spec){
		.size = intake->size,
		.sha256 = intake->sums.sha256,
		.crc32c = *intake->sums.crc32c ? intake->sums.crc32c : NULL,
		.md5 = *intake->sums.md5 ? intake->sums.md5 : NULL,
		.content_type = run->put->content_type,
		.filename = run->put->filename,
		.actor = run->caller->actor.name,
	};
	if (is_inline(intake))
		return;
	struct spool *spool = run->transfer->parts.spool;
	run->job.source.path = spool_path(spool, run->arena, intake->file.name);
	run->job.source.blocks = intake->summer.blocks.sums.data;
	run->job.source.blocks_length = intake->summer.blocks.sums.length;
	run->job.source.compared = *intake->compared ? arena_strdup(run->arena, intake->compared) : NULL;
	run->job.source.url =
		spool_ticket_url(spool, run->arena, intake->file.name, run->job.deadline_unix_ms);
	run->spec.spool = arena_strdup(run->arena, intake->file.name);
	run->spec.spool_url = spool_url(spool);
}

/* Row and job, in one transaction. */
static int begin(struct put_run *run, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(run->transfer, err);
	if (!conn)
		return -1;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err) ||
		transfer_claim(conn, run->put, 0, &run->caller->actor, run->arena, &run->claim, err))
		return -1;
	struct job_new job = {
		.id = run->job.id,
		.kind = JOB_PUT,
		.class = run->job.class,
		.media_pk = run->claim.media.pk,
		.pid = run->put->pid,
		.store_pk = run->claim.media.store.pk,
		.store_key = run->claim.key,
		.replaces_key = run->claim.replaces_key,
		.max_attempts =
			run->job.class == JOB_BACKGROUND
				? retry_attempts(JOB_PUT)
				: 10, /* of looking whether the bytes are there, should this gateway die */
		.deadline_unix_ms = run->job.deadline_unix_ms ? run->job.deadline_unix_ms + DECIDES_MS : 0,
		.spec = job_spec_print(&run->spec, run->arena),
		.request_id = run->caller->actor.request_id,
	};
	if (job_insert(conn, &job, err) || once_note_effect(conn, run->caller->claim_id, run->job.id, err) ||
		db_commit(&tx, err))
		return -1;
	run->job.store = run->claim.media.store;
	run->job.key = run->claim.key;
	return 0;
}

/* The job was not handed over: the rows say so, or the scheduler will find out when the deadline has
 * passed. */
static void give_up(struct put_run *run, const struct error *why)
{
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(run->transfer, &err);
	if (!conn ||
		record_failure(conn, run->transfer->parts.spool, run->job.id, run->job.attempt, why, &err))
		log_warn("a put that failed is not recorded yet", LOG_STR("job_id", run->job.id),
			LOG_ERROR(&err));
}

/* Writes down what the worker has said. The delivery is settled: acknowledged when recorded, else it goes
 * to the next gateway. */
static int finish(struct put_run *run, struct bus_delivery *delivery, const struct result_message *result,
	struct transfer_stored *out, struct error *err)
{
	enum record_outcome outcome = RECORD_IGNORED;
	struct error failure;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(run->transfer, err);
	int recorded = conn ? record_result(conn, run->transfer->parts.spool, result, run->arena, &outcome,
				      &failure, err)
			    : -1;
	bus_delivery_settle(delivery, recorded == 0 ? BUS_ACK : BUS_REQUEUE);
	if (recorded)
		return -1;
	if (outcome == RECORD_FAILED) {
		*err = failure;
		return -1;
	}
	if (outcome == RECORD_CANCELLED)
		return error_set(err, ERROR_CONFLICT, "this upload was cancelled");
	if (outcome != RECORD_DONE)
		return error_set(err, ERROR_CONFLICT, "another change of this media came first");
	out->ready = true;
	return 0;
}

int transfer_put_later(struct transfer *transfer, const struct transfer_put *put, struct intake *intake,
	const struct caller *caller, struct arena *arena, struct transfer_stored *out, struct error *err)
{
	struct put_run run = {.transfer = transfer, .put = put, .caller = caller, .arena = arena};
	compose(&run, intake);
	run.job.class = JOB_BACKGROUND;
	run.job.deadline_unix_ms = 0;
	if (begin(&run, err))
		return -1;
	intake_keep(intake);
	*out = (struct transfer_stored){.created = run.claim.created,
		.sha256 = arena_strdup(arena, intake->sums.sha256),
		.job_id = run.job.id};
	return 0;
}

int transfer_put(struct transfer *transfer, const struct transfer_put *put, struct intake *intake,
	const struct caller *caller, struct arena *arena, struct transfer_stored *out, struct error *err)
{
	struct put_run run = {.transfer = transfer, .put = put, .caller = caller, .arena = arena};
	compose(&run, intake);
	if (begin(&run, err))
		return -1;
	intake_keep(intake);
	*out = (struct transfer_stored){.created = run.claim.created,
		.sha256 = arena_strdup(arena, intake->sums.sha256),
		.job_id = run.job.id};

	struct bus_delivery *delivery;
	struct result_message result;
	if (job_post_and_wait(
		    transfer->parts.post, &run.job, caller->traceparent, arena, &delivery, &result, err) == 0)
		return finish(&run, delivery, &result, out, err);
	if (err->code == ERROR_DEADLINE)
		return 0; /* not ready: the job goes on */
	give_up(&run, err);
	return -1;
}

/* Its gateway may have died before it had sent the job, and the broker may have lost it: the scheduler sends it again,
 * once. What the first attempt comes to meanwhile does no harm. Where the bytes were sent with the job there is nothing
 * to send again, and its end is near. */
static int send_again(struct transfer *transfer, const char *job_id, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	struct job_row job;
	int found = conn ? job_find(conn, job_id, DB_NO_LOCK, arena, &job, err) : -1;
	if (found != 1 || !job_spec_parse(job.spec, arena).spool)
		return found < 0 ? -1 : 0;
	struct error why;
	enum job_state state;
	error_set(&why, ERROR_DEADLINE, "the gateway that had begun it is gone");
	return job_retry(conn, job_id, FIRST_ATTEMPT, 0, &why, &state, err) < 0 ? -1 : 0;
}

/* 1 finished, *ready says how / 0 still at it, or to be tried again / -1 */
static int look_at(struct transfer *transfer, const char *job_id, bool *ready, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	struct job_row job;
	int found = conn ? job_find(conn, job_id, DB_NO_LOCK, arena, &job, err) : -1;
	if (found < 0)
		return -1;
	*ready = found && job.state == JOB_SUCCEEDED;
	return !found || (job.state != JOB_RUNNING && job.state != JOB_QUEUED);
}

int transfer_resume(
	struct transfer *transfer, const char *job_id, struct transfer_stored *out, struct error *err)
{
	int64_t until_ms =
		clock_monotonic_ms() + transfer->parts.config->quick_deadline_ms + DECIDES_MS + IDLE_MS;
	bool ready = false;
	int finished;
	if (send_again(transfer, job_id, err))
		return -1;
	while ((finished = look_at(transfer, job_id, &ready, err)) == 0 && clock_left_ms(until_ms) > 0)
		clock_sleep_ms(RESUME_POLL_MS);
	if (finished < 0)
		return -1;
	if (finished && !ready)
		return 0;
	*out = (struct transfer_stored){.ready = ready, .job_id = job_id};
	return 1;
}

int transfer_announce(struct transfer *transfer, const struct transfer_put *put, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn)
		return -1;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct transfer_claim claim;
	if (db_begin(conn, &tx, err) || transfer_claim(conn, put, 0, &caller->actor, arena, &claim, err))
		return -1;
	return db_commit(&tx, err);
}
