/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/cleanup.h"
#include "common/memory.h"

#include <assert.h>
#include <errno.h>
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

struct file_piece {
	int fd;
	off_t at;
};

static ssize_t push_from_file(void *context, int socket, size_t size)
{
	struct file_piece *piece = context;
	off_t at = piece->at;
	return sendfile(socket, piece->fd, &at, size < SENDFILE_PIECE ? size : SENDFILE_PIECE);
}

static int send_from_pages(
	struct http_exchange *exchange, int socket, int fd, int64_t first, int64_t length, struct error *err)
{
	if (http_response_flush(exchange, err))
		return -1;
	while (length > 0) {
		struct file_piece piece = {fd, (off_t)first};
		ssize_t sent =
			http_socket_push(exchange, socket, push_from_file, &piece, (size_t)length, err);
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
