/* SPDX-License-Identifier: MIT */
/* civetweb does not give an exchange's socket away: it is looked up among the process's descriptors by its two
 * addresses. That is some system calls for each of them, so it is done where much depends on it. */
#include "common/http_internal.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_port(int fd, int (*name)(int, struct sockaddr *, socklen_t *), int port, const char *address)
{
	struct sockaddr_in end = {0};
	socklen_t size = sizeof(end);
	char text[INET_ADDRSTRLEN];
	if (name(fd, (struct sockaddr *)&end, &size) != 0 || end.sin_family != AF_INET ||
		ntohs(end.sin_port) != port)
		return false;
	return !address ||
	       (inet_ntop(AF_INET, &end.sin_addr, text, sizeof(text)) && strcmp(text, address) == 0);
}

int http_socket_find(const struct http_exchange *exchange)
{
	DIR *descriptors = opendir("/proc/self/fd");
	int found = -1;
	for (struct dirent *entry; found < 0 && descriptors && (entry = readdir(descriptors));) {
		int fd = atoi(entry->d_name);
		if (is_port(fd, getpeername, exchange->request->remote_port,
			    exchange->request->remote_addr) &&
			is_port(fd, getsockname, exchange->server->port, NULL))
			found = fd;
	}
	if (descriptors)
		closedir(descriptors);
	return found;
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

ssize_t http_socket_push(struct http_exchange *exchange, int socket,
	ssize_t (*push)(void *context, int socket, size_t size), void *context, size_t length,
	struct error *err)
{
	size_t piece = http_pace_piece(exchange, length);
	int64_t began_ms = http_pace_begin(exchange);
	ssize_t sent = push(context, socket, piece);
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
		return error_set_errno(err, reason, "send from a file or a connection");
	return sent > 0 ? sent
			: error_set_cause(err, ERROR_INTERNAL, "what is sent became shorter meanwhile");
}
