/* SPDX-License-Identifier: MIT */
#include "background/scheduler.h"

#include "background/hand_over.h"
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

/* A step's own: what its jobs are composed with. */
struct step {
	struct scheduler *scheduler;
	struct db_conn *conn;
};

static int compose(void *context, const struct job_row *row, size_t place, struct arena *arena,
	struct job_message *out, struct error *why)
{
	(void)place;
	const struct step *step = context;
	struct scheduler *scheduler = step->scheduler;
	struct db_conn *conn = step->conn;
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

static int post_due(struct scheduler *scheduler, struct db_conn *conn, size_t *count, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	const struct scheduler_options *options = &scheduler->options;
	struct step step = {scheduler, conn};
	struct job_row *jobs;
	*count = 0;
	if (job_post_check(options->post, err))
		return 0; /* what is due stays due */
	const struct hand_over work = {.conn = conn,
		.post = options->post,
		.spool = options->spool,
		.until_ms = job_hand_over_until_ms(),
		.compose = compose,
		.context = &step};
	if (job_take_due(conn, BATCH, JOB_HAND_OVER_MS, options->instance, arena, &jobs, count, err))
		return -1;
	return hand_over(&work, jobs, *count, arena, err);
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
