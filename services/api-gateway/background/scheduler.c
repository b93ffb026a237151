/* SPDX-License-Identifier: MIT */
#include "background/scheduler.h"

#include "background/loop.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/job_repo.h"
#include "db/media_move.h"
#include "db/pool.h"
#include "domain/audits.h"
#include "domain/copies.h"
#include "domain/fetch.h"
#include "domain/job_spec.h"
#include "domain/record.h"
#include "domain/retry.h"
#include "domain/spool.h"
#include "messaging/job_post.h"

enum {
	BATCH = 50,
	IDLE_MS = 200,
	TROUBLE_MS = 2000,
	DATABASE_MS = 30000,
	TICKET_MS = 24 * 3600 * 1000,
};

struct scheduler {
	struct scheduler_options options;
	struct loop *loop;
};

/* A put whose bytes are no longer here may have been done: the worker is asked to look. */
static void compose_put(struct scheduler *scheduler, const struct job_spec *spec, struct arena *arena,
	struct job_message *job)
{
	if (!spec->spool) {
		job->kind = JOB_VERIFY;
		return;
	}
	job->source.path = spool_path(scheduler->options.spool, arena, spec->spool);
	job->source.url = spool_ticket_url_at(
		scheduler->options.spool, arena, spec->spool_url, spec->spool, clock_unix_ms() + TICKET_MS);
}

/* Nothing is deleted that a media names, however that has come about. */
static int check_delete(struct db_conn *conn, const struct job_row *row, struct error *why)
{
	int used = media_key_in_use(conn, row->store.pk, row->store_key, why);
	if (used < 0)
		return -1;
	return used ? error_set(why, ERROR_CONFLICT, "a media has its bytes there") : 0;
}

static int compose(struct scheduler *scheduler, struct db_conn *conn, const struct job_row *row,
	struct arena *arena, struct job_message *out, struct error *why)
{
	struct job_spec spec = job_spec_parse(row->spec, arena);
	*out = (struct job_message){
		.id = row->id,
		.kind = row->kind,
		.class = JOB_BACKGROUND,
		.attempt = row->attempt,
		.request_id = row->request_id,
		.pid = row->pid,
		.store = row->store,
		.key = row->store_key,
		.size = spec.size,
		.sha256 = spec.sha256,
		.content_type = spec.content_type,
		.range_last = -1,
	};
	if (row->kind == JOB_PUT && spec.fetch_url)
		return fetch_compose(conn, scheduler->options.secret_key, &spec, arena, out, why);
	if (row->kind == JOB_PUT)
		compose_put(scheduler, &spec, arena, out);
	if (row->kind == JOB_AUDIT)
		audits_compose(&spec, out);
	if (row->kind == JOB_COPY || row->kind == JOB_MOVE)
		return copies_compose(conn, row, &spec, arena, out, why);
	return row->kind == JOB_DELETE ? check_delete(conn, row, why) : 0;
}

static bool is_final(const struct error *why)
{
	return why->code == ERROR_NOT_FOUND || why->code == ERROR_CONFLICT;
}

/* 1 it is with the broker / 0 it is not to be / -1 */
static int post_one(struct scheduler *scheduler, struct db_conn *conn, const struct job_row *row,
	struct arena *arena, int64_t until_ms, struct error *err)
{
	struct error why;
	struct job_message job;
	if (compose(scheduler, conn, row, arena, &job, &why)) {
		if (!is_final(&why))
			*err = why;
		return is_final(&why) ? record_failure(conn, scheduler->options.spool, row->id, row->attempt,
						&why, err)
				      : -1;
	}
	if (job_post_background(scheduler->options.post, &job, until_ms, &why) == 0)
		return 1;
	log_warn("a job could not be handed over yet", LOG_STR("job_id", row->id), LOG_ERROR(&why));
	return job_put_back(conn, row->id, row->attempt, retry_delay_ms(row->kind, 1), err) < 0 ? -1 : 0;
}

static int post_due(struct scheduler *scheduler, struct db_conn *conn, size_t *count, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct job_row *jobs;
	*count = 0;
	if (job_post_check(scheduler->options.post, err))
		return 0; /* what is due stays due */
	int64_t until_ms = job_hand_over_until_ms();
	if (job_take_due(
		    conn, BATCH, JOB_HAND_OVER_MS, scheduler->options.instance, arena, &jobs, count, err))
		return -1;
	const struct job_row *posted[BATCH];
	size_t posted_count = 0;
	int result = 0;
	for (size_t i = 0; i < *count && result >= 0; i++) {
		result = post_one(scheduler, conn, &jobs[i], arena, until_ms, err);
		if (result == 1)
			posted[posted_count++] = &jobs[i];
	}
	struct error late;
	if (job_note_posted(conn, posted, posted_count, JOB_RESULT_TIMEOUT_MS, &late))
		log_warn("jobs will be posted a second time", LOG_ERROR(&late));
	return result < 0 ? -1 : 0;
}

static int64_t step(void *context)
{
	struct scheduler *scheduler = context;
	struct error err;
	size_t posted, overdue;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(scheduler->options.pool, clock_monotonic_ms() + DATABASE_MS, &err);
	if (!conn || record_overdue(conn, scheduler->options.spool, BATCH, &overdue, &err) ||
		post_due(scheduler, conn, &posted, &err)) {
		log_warn("jobs are delayed", LOG_ERROR(&err));
		return TROUBLE_MS;
	}
	return posted == BATCH || overdue == BATCH ? 0 : IDLE_MS;
}

struct scheduler *scheduler_create(const struct scheduler_options *options)
{
	struct scheduler *scheduler = memory_alloc(sizeof(*scheduler));
	scheduler->options = *options;
	scheduler->loop = loop_start("scheduler", step, scheduler);
	return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
	if (!scheduler)
		return;
	loop_stop(scheduler->loop);
	free(scheduler);
}
