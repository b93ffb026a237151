/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_SOCKET_H
#define COMMON_BUS_SOCKET_H

/* Makes the TCP connection to a broker: non-blocking, close-on-exec, no delay, kept alive. */

#include "common/error.h"

#include <stdint.h>

struct bus_watchdog;

/* Tries each address that the name has until the deadline. Each socket is under the watchdog while it
 * connects (the guard is given back as -1). Returns the descriptor, or -1: UNAVAILABLE with the cause.
 * Resolving the name has the system's own limits. */
MUST_CHECK int bus_socket_connect(
	const char *host, int port, int64_t deadline_ms, struct bus_watchdog *watchdog, struct error *err);

#endif
