/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_CONNECTION_H
#define COMMON_BUS_CONNECTION_H

/*
 * One AMQP connection, for bus_publisher and bus_consumer only: broker list with failover, login, topology
 * declared at every connect, events instead of frames, close reasons, log lines. Everything here belongs to
 * the thread that owns the connection, except bus_connection_wake() and bus_connection_abort().
 *
 * No call of rabbitmq-c waits beyond a limit: it runs under the watchdog (BUS_STALL_MS) or has a timeout of
 * its own. The state machine: closed -> bus_connection_open() -> open -> any call that returns -1 has
 * closed it again and logged why.
 */

#include "common/bus.h"
#include "common/bus_incoming.h"
#include "common/bus_url.h"

#include <amqp.h>

struct bus_watchdog;

enum {
	BUS_CONNECT_MS = 5000,   /* TCP, per address */
	BUS_RPC_MS = 5000,       /* login, declarations, subscriptions: each */
	BUS_STALL_MS = 10000,    /* a write that the broker does not take */
	BUS_CLOSE_MS = 1000,     /* saying goodbye */
	BUS_SETTLED_MS = 5000,   /* a connection that lived as long was a success: the backoff begins anew */
	BUS_COMPLAIN_MS = 30000, /* between two log lines about the same trouble */
};

enum { BUS_CHANNEL_CONTROL = 1, BUS_CHANNEL_FIRST = 2 }; /* declarations; the owner's */

struct bus_connection {
	const struct bus_options *options;
	const struct bus_subscription
		*subscriptions; /* of these queues the exclusive ones are declared; NULL: none */
	struct bus_urls urls;
	size_t url; /* tried next, or in use */
	struct bus_watchdog *watchdog;
	struct bus_incoming incoming;
	amqp_connection_state_t amqp; /* NULL while closed */
	int fd;      /* a duplicate of the library's socket: stays valid whatever that does */
	int wake_fd; /* eventfd */
	int64_t opened_ms;
	int64_t complain_ms;          /* not before: next line about being unable to connect */
	int64_t complain_topology_ms; /* the same about declarations */
	bool takes_no_transient;      /* queues, but for exclusive ones: has ended a connection over that */
	char reason[240];             /* why the last call failed */
};

/* `channels`: how many the owner uses, from BUS_CHANNEL_FIRST on. Never fails: addresses that cannot be
 * parsed are an error line and a connection that never opens. */
void bus_connection_init(struct bus_connection *connection, const struct bus_options *options,
	const struct bus_subscription *subscriptions, size_t channels);
void bus_connection_release(struct bus_connection *connection);

/* Tries each address once. 0: open, topology declared. -1: closed; logged at most every BUS_COMPLAIN_MS. */
MUST_CHECK int bus_connection_open(struct bus_connection *connection);
/* Says goodbye within BUS_CLOSE_MS. */
void bus_connection_close(struct bus_connection *connection);
/* Gives the connection up after a failure with the reason given by the failed call, and logs it. Always
 * returns -1. */
int bus_connection_lose(struct bus_connection *connection);

/* After an rabbitmq-c call that got an answer (declare, consume, ...) on the channel. 0: done · 1:
 * refused, the broker closed the channel, `reason` is set · -1: connection lost. */
MUST_CHECK int bus_connection_answer(struct bus_connection *connection, uint16_t channel);
/* After a call that only writes: 0, or -1: connection lost. */
MUST_CHECK int bus_connection_sent(struct bus_connection *connection, int status);
/* Around the library's calls that write: the watchdog's limit. */
void bus_connection_begin(struct bus_connection *connection, int limit_ms);
void bus_connection_end(struct bus_connection *connection);
/* Between true and false what is written is sent in full packets: fewer wake-ups for the broker. */
void bus_connection_gather(struct bus_connection *connection, bool gather);

/* 1: *event · 0: nothing to read now · -1: connection lost. Keeps the heartbeat: to be called every few
 * seconds. */
MUST_CHECK int bus_connection_next(struct bus_connection *connection, struct bus_event *event);
/* Until something can be read, someone wakes, or the time is over (cut to what heartbeats need while
 * open). */
void bus_connection_wait(struct bus_connection *connection, int64_t timeout_ms);

/* Any thread. */
void bus_connection_wake(struct bus_connection *connection);
/* Any thread: from now on every call fails at once. For an owner whose thread must end now. */
void bus_connection_abort(struct bus_connection *connection);

/* bus_topology.c. Declares everything on the control channel; what the broker refuses is logged and
 * passed over. -1: connection lost. */
MUST_CHECK int bus_topology_declare(struct bus_connection *connection);

#endif
