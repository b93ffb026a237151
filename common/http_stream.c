/* SPDX-License-Identifier: MIT */
#include "common/http_stream.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* One way of taking bytes from the socket, as recv() answers. */
typedef ssize_t take_fn(int socket, void *target, size_t size);

static ssize_t take_to_pipe(int socket, void *target, size_t size)
{
	return splice(socket, NULL, *(int *)target, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

static ssize_t take_to_memory(int socket, void *target, size_t size)
{
	return recv(socket, target, size, 0);
}

static int cut(struct http_stream *stream, const char *why, struct error *err)
{
	stream->failed = true;
	return error_set_cause(err, ERROR_UNAVAILABLE, "connection cut, %lld bytes to come: %s",
		(long long)stream->left, why);
}

static int wait_for_bytes(struct http_stream *stream, struct error *err)
{
	struct pollfd ready = {.fd = stream->socket, .events = POLLIN};
	int64_t until_ms =
		stream->stall_timeout_ms ? clock_monotonic_ms() + stream->stall_timeout_ms : INT64_MAX;
	if (stream->deadline_ms && stream->deadline_ms < until_ms)
		until_ms = stream->deadline_ms;
	for (;;) {
		int64_t left_ms = until_ms == INT64_MAX ? -1 : clock_left_ms(until_ms);
		int found = poll(&ready, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
		if (found > 0)
			return 0;
		if (found < 0 && errno != EINTR)
			return cut(stream, strerror(errno), err);
		if (found == 0 && left_ms <= INT_MAX) {
			stream->failed = true;
			return error_set_cause(err, ERROR_DEADLINE, "no byte came, %lld are to come",
				(long long)stream->left);
		}
	}
}

static ssize_t look_into(int socket, void *target, size_t size)
{
	return recv(socket, target, size, MSG_PEEK);
}

static ssize_t wait_and(
	take_fn *take_some, struct http_stream *stream, void *target, size_t size, struct error *err)
{
	for (;;) {
		ssize_t got = take_some(stream->socket, target, size);
		if (got > 0)
			return got;
		if (got == 0)
			return cut(stream, "closed", err);
		if (errno != EAGAIN && errno != EINTR)
			return cut(stream, strerror(errno), err);
		if (errno == EAGAIN && wait_for_bytes(stream, err))
			return -1;
	}
}

static ssize_t take(
	take_fn *take_some, struct http_stream *stream, void *target, size_t size, struct error *err)
{
	if ((uint64_t)size > (uint64_t)stream->left)
		size = (size_t)stream->left;
	ssize_t got = wait_and(take_some, stream, target, size, err);
	stream->left -= got > 0 ? got : 0;
	return got;
}

ssize_t http_stream_splice(struct http_stream *stream, int pipe, size_t size, struct error *err)
{
	return take(take_to_pipe, stream, &pipe, size, err);
}

ssize_t http_stream_read(struct http_stream *stream, void *out, size_t size, struct error *err)
{
	return take(take_to_memory, stream, out, size, err);
}

ssize_t http_stream_peek(struct http_stream *stream, void *out, size_t size, struct error *err)
{
	return wait_and(look_into, stream, out, size, err);
}
