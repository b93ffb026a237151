/* SPDX-License-Identifier: MIT */
#include "common/bus_socket.h"

#include "common/bus_watchdog.h"
#include "common/cleanup.h"
#include "common/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static void set_option(int fd, int level, int name, int value)
{
	/* each only makes it better: a system without one still connects */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static int wait_connected(int fd, int64_t deadline_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	int got;
	do
		got = poll(&ready, 1, clock_left_ms(deadline_ms));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return ETIMEDOUT;
	int failure = 0;
	socklen_t size = sizeof(failure);
	if (got < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size))
		return errno;
	/* a socket that the watchdog shut while it was connecting reports no error */
	return !failure && (ready.revents & POLLHUP) ? ECONNABORTED : failure;
}

/* Returns the descriptor, or -1 and the errno value. */
static int connect_one(
	const struct addrinfo *address, int64_t deadline_ms, struct bus_watchdog *watchdog, int *failure)
{
	CLEANUP(cleanup_fd)
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
		address->ai_protocol);
	if (fd < 0) {
		*failure = errno;
		return -1;
	}
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	*failure = connect(fd, address->ai_addr, address->ai_addrlen) ? errno : 0;
	if (*failure == EINPROGRESS) {
		bus_watchdog_guard(watchdog, fd);
		*failure = wait_connected(fd, deadline_ms);
		bus_watchdog_guard(watchdog, -1);
	}
	return *failure ? -1 : TAKE_FD(fd);
}

int bus_socket_connect(
	const char *host, int port, int64_t deadline_ms, struct bus_watchdog *watchdog, struct error *err)
{
	char service[16];
	snprintf(service, sizeof(service), "%d", port);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses;
	int unresolved = getaddrinfo(host, service, &hints, &addresses);
	if (unresolved)
		return error_set_cause(err, ERROR_UNAVAILABLE, "host name: %s", gai_strerror(unresolved));
	int fd = -1, failure = 0;
	for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next)
		fd = connect_one(a, deadline_ms, watchdog, &failure);
	freeaddrinfo(addresses);
	return fd >= 0 ? fd : error_set_cause(err, ERROR_UNAVAILABLE, "connect: %s", strerror(failure));
}
