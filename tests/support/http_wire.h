/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HTTP_WIRE_H
#define SUPPORT_HTTP_WIRE_H

/*
 * HTTP as bytes on a socket, for tests that must say exactly what is sent and see exactly what comes
 * back. Every wait ends after WIRE_TIMEOUT_S. Header-only, so that each test program links no more than
 * its subject.
 */

#include "common/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { WIRE_TIMEOUT_S = 10 };

struct wire_reply {
	int status;      /* 0: no reply came */
	struct buf head; /* with the status line */
	struct buf body; /* chunks joined */
	bool whole;      /* the body ended where its framing says */
};

static inline void wire_reply_release(struct wire_reply *reply)
{
	buf_release(&reply->head);
	buf_release(&reply->body);
}

static inline struct sockaddr_in wire_loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static inline int wire_connect(int port)
{
	struct sockaddr_in address = wire_loopback(port);
	struct timeval timeout = {.tv_sec = WIRE_TIMEOUT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A listening socket on a free port. */
static inline int wire_listen(int *port)
{
	struct sockaddr_in address = wire_loopback(0);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0)
		abort();
	getsockname(fd, (struct sockaddr *)&address, &size);
	*port = ntohs(address.sin_port);
	return fd;
}

static inline bool wire_send_bytes(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;
	while (length) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		length -= (size_t)sent;
	}
	return true;
}

static inline bool wire_send(int fd, const char *text)
{
	return wire_send_bytes(fd, text, strlen(text));
}

/* Up to and including the end mark. */
static inline bool wire_read_until(int fd, const char *mark, struct buf *out)
{
	size_t length = strlen(mark), start = out->length;
	char byte;
	while (recv(fd, &byte, 1, 0) == 1) {
		buf_append(out, &byte, 1);
		if (out->length - start >= length &&
			memcmp(out->data + out->length - length, mark, length) == 0)
			return true;
	}
	return false;
}

static inline bool wire_read_bytes(int fd, size_t length, struct buf *out)
{
	char piece[16384];
	while (length) {
		ssize_t count = recv(fd, piece, length < sizeof(piece) ? length : sizeof(piece), 0);
		if (count <= 0)
			return false;
		buf_append(out, piece, (size_t)count);
		length -= (size_t)count;
	}
	return true;
}

static inline const char *wire_header(const struct wire_reply *reply, const char *name)
{
	static _Thread_local char value[1024];
	size_t length = strlen(name);
	for (const char *line = strchr(reply->head.data, '\n'); line; line = strchr(line + 1, '\n')) {
		if (strncasecmp(line + 1, name, length) != 0 || line[1 + length] != ':')
			continue;
		const char *start = line + length + 3;
		size_t size = strcspn(start, "\r");
		memcpy(value, start, size < sizeof(value) ? size : sizeof(value) - 1);
		value[size] = '\0';
		return value;
	}
	return NULL;
}

static inline bool wire_read_chunks(int fd, struct buf *body)
{
	for (;;) {
		struct buf line = {0}, end = {0};
		size_t size = wire_read_until(fd, "\r\n", &line) ? strtoul(line.data, NULL, 16) : SIZE_MAX;
		bool whole =
			size != SIZE_MAX && wire_read_bytes(fd, size, body) && wire_read_bytes(fd, 2, &end);
		buf_release(&line);
		buf_release(&end);
		if (!whole || size == 0)
			return whole;
	}
}

static inline bool wire_at_end(int fd)
{
	char byte;
	return recv(fd, &byte, 1, 0) <= 0;
}

/* Release `reply`. bodiless: what was asked was HEAD. */
static inline void wire_read_reply(int fd, bool bodiless, struct wire_reply *reply)
{
	*reply = (struct wire_reply){0};
	if (!wire_read_until(fd, "\r\n\r\n", &reply->head))
		return;
	reply->status = atoi(reply->head.data + strlen("HTTP/1.1 "));
	const char *length = wire_header(reply, "Content-Length");
	if (bodiless || reply->status < 200 || reply->status == 204 || reply->status == 304)
		reply->whole = true;
	else if (length)
		reply->whole = wire_read_bytes(fd, strtoul(length, NULL, 10), &reply->body);
	else if (wire_header(reply, "Transfer-Encoding"))
		reply->whole = wire_read_chunks(fd, &reply->body);
	else
		while (wire_read_bytes(fd, 1, &reply->body))
			reply->whole = true;
}

#endif
