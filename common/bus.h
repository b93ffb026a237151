/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

/*
 * RabbitMQ as the services see it. The only modules that know rabbitmq-c are common/bus*.c:
 *	bus_connection	one connection: broker list with failover, login, heartbeat, topology declared at every (re)connect, close reasons
 *	bus_publisher	a thread that publishes for any number of threads, with confirms, returns and deadlines
 *	bus_consumer	a thread that receives from some queues and hands deliveries on
 * Both reconnect with backoff for as long as they live: a broker that is late, restarts or blocks is a log line, never a crash.
 * One AMQP connection belongs to one thread.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus_notes;

/* --- topology: what must exist. Tables end with a row whose name (or source) is NULL. Declaring is
 * idempotent. */

struct bus_exchange {
	const char *name, *type; /* "direct", "topic", "fanout" */
	bool durable;
};

struct bus_queue {
	const char *name;
	bool quorum; /* else classic */
	/* Neither durable nor exclusive: goes with its broker node. RabbitMQ from 4.3 on takes such a queue only where it
	 * is told to; elsewhere it is made a quorum queue, which outlives the node. */
	bool durable, exclusive, auto_delete;
	bool single_active_consumer;
	int delivery_limit;               /* quorum only; 0: none */
	const char *dead_letter_exchange; /* NULL: none */
	int64_t expires_ms;               /* unused for that long: deleted; 0: never */
};

struct bus_binding {
	const char *source; /* exchange */
	const char *destination;
	bool to_exchange; /* destination is an exchange, else a queue */
	const char *routing_key;
};

struct bus_topology {
	const struct bus_exchange *exchanges; /* NULL: none */
	const struct bus_queue *queues;
	const struct bus_binding *bindings;
	/* Names that queues had in earlier versions; ends with NULL. Deleted where nobody consumes them and nothing
	 * waits in them; NULL: none. */
	const char *const *former;
};

/* For amqps: the broker's certificate must be of this authority and name the host of the URL. */
struct bus_tls {
	const char *ca_file;              /* NULL: the system's authorities */
	const char *cert_file, *key_file; /* to show the broker; NULL: none */
};

struct bus_options {
	/* "amqp://user:password@host:port/vhost", amqps for TLS, several separated by commas: tried in turn */
	const char *urls;
	struct bus_tls tls;
	const char *app_id; /* set on every message */
	const char *name;   /* shown by the broker and in log lines: "api-gateway publisher" */
	int heartbeat_s;
	struct bus_topology topology;
	const struct bus_notes *notes; /* tests: what is published is noted there; NULL: nowhere */
};
/* Everything an options struct points to is borrowed and must outlive what was created with it. */

/* For a service that checks its settings at start: INVALID names the address by its position, never
 * quoting it. */
MUST_CHECK int bus_urls_check(const char *urls, struct error *err);

/* --- messages */

struct bus_header {
	const char *name, *value; /* name NULL ends a list */
};

struct bus_message {
	const char *exchange, *routing_key;
	const char *message_id;                                      /* NULL: a new UUID */
	const char *correlation_id, *reply_to, *type, *content_type; /* NULL: left out */
	const struct bus_header *headers;                            /* NULL: none */
	int64_t timestamp_unix_ms;                                   /* 0: now */
	int64_t expiration_ms;                                       /* 0: never */
	bool persistent, mandatory;
	const void *body;
	size_t length;
};

/* --- publishing */

struct bus_publisher;

/* Starts the thread; never waits for the broker. */
struct bus_publisher *bus_publisher_create(const struct bus_options *options);
/* Waits for messages in flight, at most until the monotonic deadline, then ends the thread. */
void bus_publisher_free(struct bus_publisher *publisher, int64_t deadline_ms);
/* Connected and not blocked by the broker. */
bool bus_publisher_ready(struct bus_publisher *publisher);
/* Publishes and waits for the broker's confirm. Message and body are borrowed for the call (copied
 * inside). NOT_FOUND: returned as unroutable (mandatory); UNAVAILABLE: not connected, blocked, nacked,
 * connection lost before the confirm (it may or may not have arrived); DEADLINE; INVALID or TOO_LARGE:
 * AMQP cannot carry it (a name over 255 bytes, headers over 64 KiB, a body over 64 MiB). */
MUST_CHECK int bus_publisher_send(struct bus_publisher *publisher, const struct bus_message *message,
	int64_t deadline_ms, struct error *err);
/* Publishes `count` messages in order, pipelined, and waits for all. outcomes[i] says how each fared
 * (ERROR_NONE when confirmed). Returns how many were confirmed. */
size_t bus_publisher_send_all(struct bus_publisher *publisher, const struct bus_message *messages,
	size_t count, int64_t deadline_ms, struct error *outcomes);

/* The same in two halves, so that a caller can prepare the next messages while these are on their way. */
struct bus_sending {
	struct bus_batch *batch;
	size_t count;
	int64_t deadline_ms;
	struct error *outcomes;
};
/* Messages are copied; outcomes are borrowed until the end, which each beginning must have. Those of a streak that has
 * ended fail; 0: whichever. */
void bus_publisher_begin(struct bus_publisher *publisher, const struct bus_message *messages, size_t count,
	int64_t deadline_ms, uint64_t streak, struct error *outcomes, struct bus_sending *out);
/* A streak ends when a message may not have arrived, and another one begins: what is begun with the same one never
 * overtakes something that has to be sent again. Above 0. */
uint64_t bus_publisher_streak(struct bus_publisher *publisher);
size_t bus_publisher_end(struct bus_publisher *publisher, struct bus_sending *sending);

/* --- consuming */

enum bus_settlement { BUS_ACK, BUS_REQUEUE, BUS_REJECT /* to the dead letter exchange, if any */ };

struct bus_delivery {
	const char *queue, *exchange, *routing_key;
	const char *message_id, *correlation_id, *reply_to, *type, *content_type, *app_id,
		*user_id; /* "" when absent */
	int64_t timestamp_unix_ms;
	uint64_t subscribed; /* how often its queue had been: another number, and there was an interruption */
	bool redelivered;
	bool oversized; /* its body was larger than 64 MiB and is left out: length is 0 */
	const unsigned char *body;
	size_t length;
};

/* A string header of the message; NULL when absent. */
const char *bus_delivery_header(const struct bus_delivery *delivery, const char *name);
/* Settles and frees the delivery; any thread, any time, also after the consumer has lost the connection it
 * came on (the broker then redelivers). A delivery must be settled before its consumer is freed. */
void bus_delivery_settle(struct bus_delivery *delivery, enum bus_settlement settlement);

struct bus_subscription {
	const char *queue; /* NULL ends a list */
	int prefetch;      /* deliveries not yet settled, at most */
};

struct bus_consumer;

/* Starts the thread; never waits for the broker. deliver() runs on it, owns the delivery, and must return
 * quickly (heartbeats). A queue that is deleted or fails over is declared and subscribed again.
 * `subscriptions` is borrowed like the options. */
struct bus_consumer *bus_consumer_create(const struct bus_options *options,
	const struct bus_subscription *subscriptions,
	void (*deliver)(struct bus_delivery *delivery, void *context), void *context);
bool bus_consumer_ready(struct bus_consumer *consumer); /* subscribed to everything */
/* Takes no new deliveries; what has been delivered can still be settled. When it returns, deliver() is not
 * running and will not run again (called from deliver() itself: after this one). */
void bus_consumer_stop(struct bus_consumer *consumer);
/* Stops, lets the acks drain, ends the thread. All deliveries must have been settled. */
void bus_consumer_free(struct bus_consumer *consumer);

/* --- looking */

struct bus_queue_state {
	const char *name; /* filled in by who asks */
	bool exists;
	int consumers;
	uint32_t messages; /* that wait for one; not those being worked on */
};

/* A connection of its own for looking at queues, opened when first needed and again after it was lost. For one thread,
 * which looks more often than heartbeats are due. The options are borrowed; their topology is not declared. */
struct bus_inspector;
struct bus_inspector *bus_inspector_create(const struct bus_options *options);
void bus_inspector_free(struct bus_inspector *inspector); /* NULL is accepted */
/* What these queues are like now. UNAVAILABLE, within some 15 s. */
MUST_CHECK int bus_inspector_look(
	struct bus_inspector *inspector, struct bus_queue_state *queues, size_t count, struct error *err);

/* How many consumers a queue has now; 0 too when there is no such queue. On a connection of its own, within
 * some 15 s: for rare questions. UNAVAILABLE. */
MUST_CHECK int bus_queue_consumers(
	const struct bus_options *options, const char *queue, int *consumers, struct error *err);

#endif
