/* SPDX-License-Identifier: MIT */
#include "support/store_fake_http.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { REQUESTS_MAX = 64, HEAD_MAX = 16384, MARK_MAX = 64, PATIENCE_MS = 20000 };

struct fake_http {
	const struct fake_step *steps;
	size_t step_count;
	int listener, stop[2]; /* a byte in the pipe ends the thread */
	char url[64], mark[MARK_MAX];
	pthread_t thread;
	pthread_mutex_t lock;
	char *requests[REQUESTS_MAX]; /* under lock */
	size_t count;                 /* under lock */
};

/* Readable, or a time too long, or stopped: only the first is true. */
static bool wait_for(struct fake_http *server, int fd)
{
	struct pollfd fds[] = {{fd, POLLIN, 0}, {server->stop[0], POLLIN, 0}};
	return poll(fds, 2, PATIENCE_MS) > 0 && !fds[1].revents && fds[0].revents;
}

static void discard(struct fake_http *server, int fd, int64_t left)
{
	char piece[65536];
	while (left > 0 && wait_for(server, fd)) {
		ssize_t got =
			recv(fd, piece, left < (int64_t)sizeof(piece) ? (size_t)left : sizeof(piece), 0);
		if (got <= 0)
			return;
		left -= got;
	}
}

static const char *header_value(const char *head, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
			return line + 2 + length + 2;
	return NULL;
}

/* Reads head and body; the head is kept. False when the connection had no request. */
static bool take_request(struct fake_http *server, int fd)
{
	char *head = memory_alloc(HEAD_MAX);
	size_t length = 0;
	char *end = NULL;
	while (!end && length < HEAD_MAX - 1 && wait_for(server, fd)) {
		ssize_t got = recv(fd, head + length, HEAD_MAX - 1 - length, 0);
		if (got <= 0)
			break;
		length += (size_t)got;
		end = strstr(head, "\r\n\r\n");
	}
	if (!end) {
		free(head);
		return false;
	}
	const char *announced = header_value(head, "content-length");
	discard(server, fd, (announced ? atoll(announced) : 0) - (int64_t)(head + length - end - 4));
	end[2] = '\0';
	const char *mark = header_value(head, "x-amz-meta-mediastore-put");
	if (mark)
		snprintf(server->mark, MARK_MAX, "%.*s", (int)strcspn(mark, "\r"), mark);
	LOCK_SCOPE(&server->lock);
	if (server->count < REQUESTS_MAX)
		server->requests[server->count++] = head;
	else
		free(head);
	return true;
}

static void append_headers(const struct fake_http *server, const char *headers, struct buf *out)
{
	const char *place = headers ? strstr(headers, "{mark}") : NULL;
	if (!place)
		buf_append_text(out, headers ? headers : "");
	else
		buf_printf(out, "%.*s%s%s", (int)(place - headers), headers, server->mark, place + 6);
}

static void answer(struct fake_http *server, int fd, const struct fake_step *step)
{
	CLEANUP(buf_release) struct buf out = {0};
	size_t length = step->body && !step->length ? strlen(step->body) : step->length;
	size_t sent = step->fault == FAKE_NONE ? length : step->fault_at;
	if (step->fault == FAKE_MUTE)
		return;
	buf_printf(&out, "HTTP/1.1 %d Scripted\r\nConnection: close\r\n", step->status);
	if (step->status != 204)
		buf_printf(&out, "Content-Length: %lld\r\n",
			step->announced ? (long long)step->announced : (long long)length);
	append_headers(server, step->headers, &out);
	buf_append_text(&out, "\r\n");
	buf_append(&out, step->body, sent);
	for (size_t at = 0; at < out.length;) {
		ssize_t put = send(fd, out.data + at, out.length - at, MSG_NOSIGNAL);
		if (put <= 0)
			return;
		at += (size_t)put;
	}
	if (step->fault == FAKE_STALL)
		discard(server, fd, 1);
}

static void *serve(void *context)
{
	struct fake_http *server = context;
	size_t done = 0;
	for (;;) {
		struct pollfd fds[] = {{server->listener, POLLIN, 0}, {server->stop[0], POLLIN, 0}};
		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return NULL;
		CLEANUP(cleanup_fd) int fd = accept(server->listener, NULL, NULL);
		if (fd < 0 || !take_request(server, fd))
			continue;
		answer(server, fd, &server->steps[done < server->step_count ? done : server->step_count - 1]);
		done++;
		shutdown(fd, SHUT_WR);
	}
}

struct fake_http *fake_http_start(const struct fake_step *steps, size_t count)
{
	struct fake_http *server = memory_alloc(sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	server->steps = steps;
	server->step_count = count;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_mutex_init(&server->lock, NULL);
	if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
		listen(server->listener, 16) != 0 ||
		getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
		pipe(server->stop) != 0 || pthread_create(&server->thread, NULL, serve, server) != 0) {
		perror("fake HTTP server");
		abort();
	}
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	return server;
}

void fake_http_stop(struct fake_http *server)
{
	if (write(server->stop[1], "", 1) != 1)
		abort();
	pthread_join(server->thread, NULL);
	close(server->listener);
	close(server->stop[0]);
	close(server->stop[1]);
	pthread_mutex_destroy(&server->lock);
	for (size_t i = 0; i < server->count; i++)
		free(server->requests[i]);
	free(server);
}

const char *fake_http_url(const struct fake_http *server)
{
	return server->url;
}

size_t fake_http_count(struct fake_http *server)
{
	LOCK_SCOPE(&server->lock);
	return server->count;
}

const char *fake_http_request(struct fake_http *server, size_t i)
{
	LOCK_SCOPE(&server->lock);
	return i < server->count ? server->requests[i] : "";
}
