/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>

/*
 * civetweb's own way from a file to the socket counts neither deadlines nor pace, and gives up where the socket is
 * full. Below SENDFILE_FROM looking for the socket costs more than copying.
 */

enum { SENDFILE_FROM = 1 << 20, SENDFILE_PIECE = 4 << 20, COPY_PIECE = 256 * 1024 };

static int shorter(struct error *err)
{
	return error_set_cause(err, ERROR_INTERNAL, "the file became shorter while it was sent");
}

static int copy(struct http_exchange *exchange, int fd, int64_t first, int64_t length, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(COPY_PIECE);
	while (length > 0) {
		ssize_t got = pread(fd, piece, length < COPY_PIECE ? (size_t)length : COPY_PIECE, first);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "read a file");
		if (got == 0)
			return shorter(err);
		if (http_exchange_write(exchange, piece, (size_t)got, err))
			return -1;
		first += got;
		length -= got;
	}
	return 0;
}

static int cut(struct http_exchange *exchange, struct error *err)
{
	exchange->cut = true;
	return error_set(err, ERROR_CANCELLED, "the client went away or stopped reading");
}

static bool wait_for_room(struct http_exchange *exchange, int socket)
{
	struct pollfd room = {.fd = socket, .events = POLLOUT};
	int64_t until_ms = clock_monotonic_ms() + exchange->server->options.body_timeout_ms;
	for (;;) {
		int ready = poll(&room, 1, (int)clock_left_ms(until_ms));
		if (ready > 0)
			return !(room.revents & (POLLERR | POLLHUP));
		if (ready == 0 || errno != EINTR)
			return false;
	}
}

/* Bytes sent, at most one piece; 0: the socket was full, and has room again. -1: the client is gone, or *err. */
static ssize_t send_piece(
	struct http_exchange *exchange, int socket, int fd, int64_t first, int64_t length, struct error *err)
{
	size_t piece = http_pace_piece(exchange, length < SENDFILE_PIECE ? (size_t)length : SENDFILE_PIECE);
	off_t at = (off_t)first;
	int64_t began_ms = http_pace_begin(exchange);
	ssize_t sent = sendfile(socket, fd, &at, piece);
	int reason = errno;
	bool full = sent < 0 && (reason == EAGAIN || reason == EINTR);
	bool gone = full ? !wait_for_room(exchange, socket)
			 : sent < 0 && (reason == EPIPE || reason == ECONNRESET || reason == ENOTCONN);
	http_pace_end(exchange, began_ms, sent);
	if (gone)
		return cut(exchange, err);
	if (full)
		return 0;
	if (sent < 0)
		return error_set_errno(err, reason, "send a file");
	return sent > 0 ? sent : shorter(err);
}

static int send_from_pages(
	struct http_exchange *exchange, int socket, int fd, int64_t first, int64_t length, struct error *err)
{
	if (http_response_flush(exchange, err))
		return -1;
	while (length > 0) {
		ssize_t sent = send_piece(exchange, socket, fd, first, length, err);
		if (sent < 0)
			return -1;
		first += sent;
		length -= sent;
		exchange->sent += sent;
	}
	return 0;
}

int http_exchange_write_file(
	struct http_exchange *exchange, int fd, int64_t first, int64_t length, struct error *err)
{
	assert(exchange->status && !exchange->finished);
	if (exchange->bodiless)
		return 0;
	if (http_response_check_room(exchange, length, err) == -1)
		return -1;
	bool plain = exchange->framing != HTTP_FRAMED_BY_CHUNKS;
	int socket = plain && length >= SENDFILE_FROM ? http_socket_find(exchange) : -1;
	return socket >= 0 ? send_from_pages(exchange, socket, fd, first, length, err)
			   : copy(exchange, fd, first, length, err);
}
