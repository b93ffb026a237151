/* SPDX-License-Identifier: MIT */
#include "background/deliverer.h"

#include "background/duty.h"
#include "background/hand_over.h"
#include "background/loop.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/delivery_repo.h"
#include "domain/deliveries.h"
#include "messaging/job_post.h"

#include <stdlib.h>

enum {
	BATCH = 50,
	IDLE_MS = 200,
	TROUBLE_MS = 2000,
	CLEAN_EVERY_MS = 5000,
	CLEAN_BATCH = 5000,
};

struct deliverer {
	struct deliverer_options options;
	struct duty duty;
	int64_t next_cleaning_ms;
	struct loop *loop;
};

/* A batch's own: what its jobs are composed with. */
struct batch {
	struct db_conn *conn;
	const struct delivery_row *deliveries; /* by place */
};

static int compose(void *context, const struct job_row *row, size_t place, struct arena *arena,
	struct job_message *out, struct error *why)
{
	const struct batch *batch = context;
	return deliveries_compose(batch->conn, row, &batch->deliveries[place], arena, out, why);
}

static int post_due(struct deliverer *deliverer, size_t *count, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	const struct deliverer_options *options = &deliverer->options;
	struct db_conn *conn = deliverer->duty.conn;
	struct job_row *jobs;
	struct delivery_row *deliveries;
	*count = 0;
	if (job_post_check(options->post, err))
		return 0; /* what is due stays due */
	int64_t until_ms = job_hand_over_until_ms();
	if (delivery_take_due(conn, BATCH, options->parallel, JOB_HAND_OVER_MS, options->instance, arena,
		    &jobs, &deliveries, count, err))
		return -1;
	struct batch batch = {conn, deliveries};
	const struct hand_over work = {.conn = conn,
		.post = options->post,
		.until_ms = until_ms,
		.compose = compose,
		.context = &batch};
	return hand_over(&work, jobs, *count, arena, err);
}

static int clean(struct deliverer *deliverer, struct error *err)
{
	int64_t disabled = 0, deleted = 0;
	if (clock_monotonic_ms() < deliverer->next_cleaning_ms)
		return 0;
	deliverer->next_cleaning_ms = clock_monotonic_ms() + CLEAN_EVERY_MS;
	if (delivery_disable_failing(
		    deliverer->duty.conn, deliverer->options.disable_after_ms, &disabled, err))
		return -1;
	if (disabled)
		log_warn("webhooks were disabled: their targets failed for too long",
			LOG_INT("webhooks", disabled));
	return delivery_delete_old(
		deliverer->duty.conn, deliverer->options.retention_ms, CLEAN_BATCH, &deleted, err);
}

static int64_t step(void *context)
{
	struct deliverer *deliverer = context;
	struct error err;
	size_t posted = 0;
	bool more = false;
	int leads = duty_take(&deliverer->duty, &err);
	if (leads == 0)
		return DUTY_ASK_AGAIN_MS;
	if (leads < 0 || clean(deliverer, &err) ||
		deliveries_walk(deliverer->duty.conn, deliverer->options.pending_max, &more, &err) ||
		post_due(deliverer, &posted, &err)) {
		log_warn("deliveries to webhooks are delayed", LOG_ERROR(&err));
		duty_leave(&deliverer->duty);
		return TROUBLE_MS;
	}
	return more || posted == BATCH ? 0 : IDLE_MS;
}

struct deliverer *deliverer_create(const struct deliverer_options *options)
{
	struct deliverer *deliverer = memory_alloc(sizeof(*deliverer));
	deliverer->options = *options;
	deliverer->duty = (struct duty){
		.pool = options->pool, .which = OUTBOX_DELIVERS, .what = "delivering to webhooks"};
	deliverer->loop = loop_start("deliverer", step, deliverer);
	return deliverer;
}

void deliverer_free(struct deliverer *deliverer)
{
	if (!deliverer)
		return;
	loop_stop(deliverer->loop);
	duty_leave(&deliverer->duty);
	free(deliverer);
}
