/* SPDX-License-Identifier: MIT */
#include "domain/sum_thread.h"

#include "common/cleanup.h"
#include "common/memory.h"
#include "domain/checksums.h"

#include <pthread.h>
#include <stdbool.h>

struct sum_thread {
	struct checksummer *summer;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	const void *bytes; /* to be hashed; NULL: nothing */
	size_t length;
	bool over;
};

static void *run(void *context)
{
	struct sum_thread *thread = context;
	LOCK_SCOPE(&thread->lock);
	for (;;) {
		while (!thread->bytes && !thread->over)
			pthread_cond_wait(&thread->changed, &thread->lock);
		if (!thread->bytes)
			return NULL;
		pthread_mutex_unlock(&thread->lock);
		checksummer_update(thread->summer, thread->bytes, thread->length);
		pthread_mutex_lock(&thread->lock);
		thread->bytes = NULL;
		pthread_cond_signal(&thread->changed);
	}
}

static void release(struct sum_thread *thread)
{
	pthread_cond_destroy(&thread->changed);
	pthread_mutex_destroy(&thread->lock);
	free(thread);
}

struct sum_thread *sum_thread_start(struct checksummer *summer)
{
	struct sum_thread *thread = memory_alloc(sizeof(*thread));
	*thread = (struct sum_thread){.summer = summer};
	pthread_mutex_init(&thread->lock, NULL);
	pthread_cond_init(&thread->changed, NULL);
	if (pthread_create(&thread->thread, NULL, run, thread) == 0)
		return thread;
	release(thread);
	return NULL;
}

static void wait_until_done(struct sum_thread *thread)
{
	while (thread->bytes)
		pthread_cond_wait(&thread->changed, &thread->lock);
}

void sum_thread_hand(struct sum_thread *thread, const void *bytes, size_t length)
{
	LOCK_SCOPE(&thread->lock);
	wait_until_done(thread);
	thread->bytes = bytes;
	thread->length = length;
	pthread_cond_signal(&thread->changed);
}

void sum_thread_end(struct sum_thread *thread)
{
	if (!thread)
		return;
	pthread_mutex_lock(&thread->lock);
	thread->over = true;
	pthread_cond_signal(&thread->changed);
	pthread_mutex_unlock(&thread->lock);
	pthread_join(thread->thread, NULL);
	release(thread);
}
