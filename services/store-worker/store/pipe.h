/* SPDX-License-Identifier: MIT */
#ifndef STORE_PIPE_H
#define STORE_PIPE_H

/*
 * A bounded run of bytes between one writing and one reading thread: where both ends of a transfer push or
 * both pull. Each side may end it at any time and wakes the other; no wait is longer than the timeout.
 */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pipe;

struct pipe *pipe_create(size_t capacity, int64_t timeout_ms);
void pipe_free(struct pipe *pipe); /* both threads are done with it; NULL is accepted */
/* Waits for room. CANCELLED: the reader has gone. DEADLINE: it did not read for the timeout. */
MUST_CHECK int pipe_write(struct pipe *pipe, const void *bytes, size_t length, struct error *err);
/* Waits for bytes: > 0 of them, 0 at the end, -1: the writer's error, or DEADLINE. */
MUST_CHECK ssize_t pipe_read(struct pipe *pipe, void *out, size_t size, struct error *err);
/* The end; with an error instead (NULL: none), which the reader gets once it has read what was written
 * before. */
void pipe_close_writing(struct pipe *pipe, const struct error *err);
void pipe_close_reading(struct pipe *pipe);

#endif
