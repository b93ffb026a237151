/* SPDX-License-Identifier: MIT */
#include "store/pipe.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct pipe {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t timeout_ms;
	char *ring;
	size_t capacity, start, count;
	bool writer_done, reader_done;
	struct error error; /* code NONE: the end is a clean one */
};

struct pipe *pipe_create(size_t capacity, int64_t timeout_ms)
{
	struct pipe *pipe = memory_alloc(sizeof(*pipe));
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pipe->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&pipe->lock, NULL);
	pipe->timeout_ms = timeout_ms;
	pipe->ring = memory_alloc(capacity);
	pipe->capacity = capacity;
	return pipe;
}

void pipe_free(struct pipe *pipe)
{
	if (!pipe)
		return;
	pthread_cond_destroy(&pipe->changed);
	pthread_mutex_destroy(&pipe->lock);
	free(pipe->ring);
	free(pipe);
}

/* Under the lock. False when nothing changed until the deadline. */
static bool wait_for_change(struct pipe *pipe, int64_t deadline_ms)
{
	struct timespec until = clock_timespec(deadline_ms);
	return pthread_cond_timedwait(&pipe->changed, &pipe->lock, &until) == 0;
}

/* Under the lock: as much as there is room for, in up to two pieces. */
static size_t fill(struct pipe *pipe, const char *bytes, size_t length)
{
	size_t room = pipe->capacity - pipe->count;
	if (length > room)
		length = room;
	size_t at = (pipe->start + pipe->count) % pipe->capacity;
	size_t first = length < pipe->capacity - at ? length : pipe->capacity - at;
	memcpy(pipe->ring + at, bytes, first);
	memcpy(pipe->ring, bytes + first, length - first);
	pipe->count += length;
	return length;
}

int pipe_write(struct pipe *pipe, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;
	LOCK_SCOPE(&pipe->lock);
	int64_t deadline = clock_monotonic_ms() + pipe->timeout_ms;
	while (length) {
		if (pipe->reader_done)
			return error_set_cause(err, ERROR_CANCELLED, "the receiver has stopped");
		if (pipe->count == pipe->capacity) {
			if (!wait_for_change(pipe, deadline) && pipe->count == pipe->capacity)
				return error_set_cause(err, ERROR_DEADLINE, "the receiver has stalled");
			continue;
		}
		size_t taken = fill(pipe, at, length);
		at += taken;
		length -= taken;
		deadline = clock_monotonic_ms() + pipe->timeout_ms;
		pthread_cond_signal(&pipe->changed);
	}
	return 0;
}

ssize_t pipe_read(struct pipe *pipe, void *out, size_t size, struct error *err)
{
	LOCK_SCOPE(&pipe->lock);
	int64_t deadline = clock_monotonic_ms() + pipe->timeout_ms;
	while (pipe->count == 0 && !pipe->writer_done)
		if (!wait_for_change(pipe, deadline) && pipe->count == 0 && !pipe->writer_done)
			return error_set_cause(err, ERROR_DEADLINE, "the source has stalled");
	if (pipe->count == 0 && pipe->error.code != ERROR_NONE) {
		*err = pipe->error;
		return -1;
	}
	if (size > pipe->count)
		size = pipe->count;
	size_t first = size < pipe->capacity - pipe->start ? size : pipe->capacity - pipe->start;
	memcpy(out, pipe->ring + pipe->start, first);
	memcpy((char *)out + first, pipe->ring, size - first);
	pipe->start = (pipe->start + size) % pipe->capacity;
	pipe->count -= size;
	pthread_cond_signal(&pipe->changed);
	return (ssize_t)size;
}

void pipe_close_writing(struct pipe *pipe, const struct error *err)
{
	LOCK_SCOPE(&pipe->lock);
	if (err)
		pipe->error = *err;
	pipe->writer_done = true;
	pthread_cond_signal(&pipe->changed);
}

void pipe_close_reading(struct pipe *pipe)
{
	LOCK_SCOPE(&pipe->lock);
	pipe->reader_done = true;
	pthread_cond_signal(&pipe->changed);
}
