/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/cleanup.h"
#include "common/http_stream.h"
#include "common/memory.h"

#include <assert.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * From one connection into another: the kernel hands over the pages in which the bytes came, so they are copied
 * neither in nor out. A pipe is what it asks for between the two.
 */

enum { SPLICE_PIECE = 1 << 20 };

static ssize_t push_from_pipe(void *context, int socket, size_t size)
{
	return splice(*(int *)context, NULL, socket, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

static int empty_pipe(struct http_exchange *exchange, int socket, int pipe, ssize_t length, struct error *err)
{
	while (length > 0) {
		ssize_t sent = http_socket_push(exchange, socket, push_from_pipe, &pipe, (size_t)length, err);
		if (sent < 0)
			return -1;
		length -= sent;
		exchange->sent += sent;
	}
	return 0;
}

static int pass_through(struct http_exchange *exchange, int socket, const int pipe[2],
	struct http_stream *stream, struct error *err)
{
	if (http_response_flush(exchange, err))
		return -1;
	while (stream->left > 0) {
		ssize_t got = http_stream_splice(stream, pipe[1], SPLICE_PIECE, err);
		if (got < 0 || empty_pipe(exchange, socket, pipe[0], got, err))
			return -1;
	}
	return 0;
}

static int copy(struct http_exchange *exchange, struct http_stream *stream, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(SPLICE_PIECE);
	while (stream->left > 0) {
		ssize_t got = http_stream_read(stream, piece, SPLICE_PIECE, err);
		if (got < 0 || http_exchange_write(exchange, piece, (size_t)got, err))
			return -1;
	}
	return 0;
}

int http_exchange_write_stream(struct http_exchange *exchange, struct http_stream *stream, struct error *err)
{
	assert(exchange->status && !exchange->finished && !exchange->bodiless);
	if (http_response_check_room(exchange, stream->left, err) == -1)
		return -1;
	int ends[2];
	int socket = exchange->framing == HTTP_FRAMED_BY_CHUNKS ? -1 : http_socket_find(exchange);
	if (socket < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return copy(exchange, stream, err);
	(void)!fcntl(ends[1], F_SETPIPE_SZ, SPLICE_PIECE); /* else it keeps its 64 KiB */
	int result = pass_through(exchange, socket, ends, stream, err);
	close(ends[0]);
	close(ends[1]);
	return result;
}
