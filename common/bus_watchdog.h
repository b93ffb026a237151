/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_WATCHDOG_H
#define COMMON_BUS_WATCHDOG_H

/*
 * The way out of calls that have none. rabbitmq-c writes without a limit while a broker does not read
 * (memory alarm, stopped process), so its caller arms the watchdog first: past the limit a thread of the
 * watchdog's shuts the socket down and the stuck call fails like any lost connection. The socket is given
 * as a duplicate descriptor that its owner closes after bus_watchdog_guard(w, -1): the library closes its
 * own whenever it likes.
 */

#include <stdbool.h>

struct bus_watchdog;

struct bus_watchdog *bus_watchdog_create(void);
void bus_watchdog_free(struct bus_watchdog *watchdog);
/* The socket to shut down; -1: none. */
void bus_watchdog_guard(struct bus_watchdog *watchdog, int fd);
/* From now on the limit runs, until disarm. One call at a time is guarded. */
void bus_watchdog_arm(struct bus_watchdog *watchdog, int limit_ms);
void bus_watchdog_disarm(struct bus_watchdog *watchdog);
/* Whether a limit ran out since the present socket was given. */
bool bus_watchdog_fired(struct bus_watchdog *watchdog);
/* Shuts the present socket down, and each one guarded later, at once: for an owner that ends. */
void bus_watchdog_trip(struct bus_watchdog *watchdog);

#endif
