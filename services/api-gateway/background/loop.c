/* SPDX-License-Identifier: MIT */
#include "background/loop.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <stdbool.h>

struct loop {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stopping;
	int64_t (*step)(void *context);
	void *context;
};

/* False when the loop is to end. */
static bool rest(struct loop *loop, int64_t ms)
{
	struct timespec until = clock_timespec(clock_monotonic_ms() + ms);
	LOCK_SCOPE(&loop->lock);
	while (!loop->stopping && ms > 0)
		if (pthread_cond_timedwait(&loop->stopped, &loop->lock, &until))
			break;
	return !loop->stopping;
}

static void *run(void *context)
{
	struct loop *loop = context;
	while (rest(loop, loop->step(loop->context)))
		;
	return NULL;
}

struct loop *loop_start(const char *name, int64_t (*step)(void *context), void *context)
{
	struct loop *loop = memory_alloc(sizeof(*loop));
	loop->step = step;
	loop->context = context;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&loop->stopped, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&loop->lock, NULL);
	pthread_create(&loop->thread, NULL, run, loop);
	pthread_setname_np(loop->thread, name);
	return loop;
}

void loop_stop(struct loop *loop)
{
	if (!loop)
		return;
	pthread_mutex_lock(&loop->lock);
	loop->stopping = true;
	pthread_cond_signal(&loop->stopped);
	pthread_mutex_unlock(&loop->lock);
	pthread_join(loop->thread, NULL);
	pthread_cond_destroy(&loop->stopped);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}
