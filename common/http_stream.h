/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_STREAM_H
#define COMMON_HTTP_STREAM_H

/*
 * The body of a response that is still in its connection, for who can pass it on without having it in memory. It is
 * lent for the time of one call, in which all of it is taken, or that fails.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_stream {
	int socket; /* which does not block */
	int64_t left;
	int64_t stall_timeout_ms; /* without one byte coming; 0: none */
	int64_t deadline_ms;      /* monotonic; 0: none */
	bool failed;              /* it did, not who takes it */
};

/* Moves up to `size` bytes into a pipe, which must be empty: > 0, or -1: UNAVAILABLE (cut), DEADLINE. */
MUST_CHECK ssize_t http_stream_splice(struct http_stream *stream, int pipe, size_t size, struct error *err);
/* The same into memory. */
MUST_CHECK ssize_t http_stream_read(struct http_stream *stream, void *out, size_t size, struct error *err);
/* Waits for bytes, and shows what there is without taking it. */
MUST_CHECK ssize_t http_stream_peek(struct http_stream *stream, void *out, size_t size, struct error *err);

#endif
