/* SPDX-License-Identifier: MIT */
#include "background/numberer.h"

#include "background/duty.h"
#include "background/loop.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <stdlib.h>

enum {
	BATCH = 1000,
	IDLE_MS = 25,
	TROUBLE_MS = 1000,
	CLEAN_EVERY_MS = 10000,
	CLEAN_BATCH = 10000,
};

struct numberer {
	struct duty duty;
	int64_t retention_ms, next_cleaning_ms;
	struct loop *loop;
};

static void clean(struct numberer *numberer)
{
	struct error err;
	int64_t deleted = 0;
	if (clock_monotonic_ms() < numberer->next_cleaning_ms)
		return;
	numberer->next_cleaning_ms = clock_monotonic_ms() + CLEAN_EVERY_MS;
	if (event_delete_old(numberer->duty.conn, numberer->retention_ms, CLEAN_BATCH, &deleted, &err))
		log_warn("old events were not deleted", LOG_ERROR(&err));
	else if (deleted == CLEAN_BATCH)
		numberer->next_cleaning_ms = 0;
}

static int64_t step(void *context)
{
	struct numberer *numberer = context;
	struct error err;
	int64_t moved = 0, began_ms = clock_monotonic_ms();
	int leads = duty_take(&numberer->duty, &err);
	if (leads == 0)
		return DUTY_ASK_AGAIN_MS;
	if (leads < 0 || outbox_move(numberer->duty.conn, BATCH, &moved, &err)) {
		log_warn("events are delayed", LOG_ERROR(&err));
		duty_leave(&numberer->duty);
		return TROUBLE_MS;
	}
	int64_t took_ms = clock_monotonic_ms() - began_ms; /* to pass over what is not committed yet */
	clean(numberer);
	return moved ? 0 : took_ms > IDLE_MS ? took_ms : IDLE_MS;
}

struct numberer *numberer_create(struct db_pool *pool, int64_t retention_ms)
{
	struct numberer *numberer = memory_alloc(sizeof(*numberer));
	numberer->duty = (struct duty){.pool = pool, .which = OUTBOX_NUMBERS, .what = "numbering events"};
	numberer->retention_ms = retention_ms;
	numberer->loop = loop_start("numberer", step, numberer);
	return numberer;
}

void numberer_free(struct numberer *numberer)
{
	if (!numberer)
		return;
	loop_stop(numberer->loop);
	duty_leave(&numberer->duty);
	free(numberer);
}
