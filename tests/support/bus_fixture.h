/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_BUS_FIXTURE_H
#define SUPPORT_BUS_FIXTURE_H

/*
 * For tests against a real RabbitMQ (TEST_AMQP_URL): a topology with names of this process's own that
 * expires by itself, a publisher, and an inbox that collects what a consumer delivers.
 */

#include "support/cmocka.h"

#include "common/bus.h"
#include "common/clock.h"
#include "common/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIXTURE_EXPIRES_MS = 120000, FIXTURE_PATIENCE_MS = 20000 };

/* One exchange, a work queue (dead-lettered to a second one), and a spare queue. */
struct bus_fixture {
	char exchange[64], dead[64], work[64], dead_queue[64], spare[64];
	struct bus_exchange exchanges[3];
	struct bus_queue queues[4];
	struct bus_binding bindings[4];
	struct bus_options options;
};

static inline const char *required_env(const char *name)
{
	const char *value = getenv(name);
	if (!value || !*value)
		fail_msg("%s must be set: this test needs a real server", name);
	return value;
}

static inline void bus_fixture_init(struct bus_fixture *f, const char *urls)
{
	static _Atomic int serial;
	memset(f, 0, sizeof(*f));
	int number = ++serial;
	snprintf(f->exchange, sizeof(f->exchange), "test.%d.%d", (int)getpid(), number);
	snprintf(f->dead, sizeof(f->dead), "test.%d.%d.dead", (int)getpid(), number);
	snprintf(f->work, sizeof(f->work), "test.%d.%d.work", (int)getpid(), number);
	snprintf(f->dead_queue, sizeof(f->dead_queue), "test.%d.%d.letters", (int)getpid(), number);
	snprintf(f->spare, sizeof(f->spare), "test.%d.%d.spare", (int)getpid(), number);
	f->exchanges[0] = (struct bus_exchange){f->exchange, "direct", true};
	f->exchanges[1] = (struct bus_exchange){f->dead, "fanout", true};
	f->queues[0] = (struct bus_queue){.name = f->work,
		.durable = true,
		.dead_letter_exchange = f->dead,
		.expires_ms = FIXTURE_EXPIRES_MS};
	f->queues[1] =
		(struct bus_queue){.name = f->dead_queue, .durable = true, .expires_ms = FIXTURE_EXPIRES_MS};
	f->queues[2] =
		(struct bus_queue){.name = f->spare, .durable = true, .expires_ms = FIXTURE_EXPIRES_MS};
	f->bindings[0] = (struct bus_binding){f->exchange, f->work, false, "work"};
	f->bindings[1] = (struct bus_binding){f->dead, f->dead_queue, false, ""};
	f->bindings[2] = (struct bus_binding){f->exchange, f->spare, false, "spare"};
	f->options = (struct bus_options){.urls = urls,
		.app_id = "test",
		.name = "test",
		.heartbeat_s = 4,
		.topology = {f->exchanges, f->queues, f->bindings}};
}

static inline int64_t in_ms(int64_t ms)
{
	return clock_monotonic_ms() + ms;
}

/* Polls a condition for up to FIXTURE_PATIENCE_MS. */
#define assert_eventually(condition)                                                                         \
	do {                                                                                                 \
		int64_t until_ = in_ms(FIXTURE_PATIENCE_MS);                                                 \
		while (!(condition) && clock_left_ms(until_))                                                \
			clock_sleep_ms(5);                                                                   \
		if (!(condition))                                                                            \
			fail_msg("never came true: %s", #condition);                                         \
	} while (0)

static inline struct bus_publisher *ready_publisher(struct bus_fixture *f)
{
	struct bus_publisher *publisher = bus_publisher_create(&f->options);
	assert_eventually(bus_publisher_ready(publisher));
	return publisher;
}

static inline struct bus_message text_message(const struct bus_fixture *f, const char *key, const char *text)
{
	return (struct bus_message){.exchange = f->exchange,
		.routing_key = key,
		.content_type = "text/plain",
		.persistent = true,
		.mandatory = true,
		.body = text,
		.length = strlen(text)};
}

/* --- what a consumer delivered */

struct inbox {
	pthread_mutex_t lock;
	struct bus_delivery **deliveries;
	size_t count, capacity;
	bool ack_at_once;
	char (*bodies)[64]; /* kept also after the delivery was settled */
};

static inline void inbox_init(struct inbox *inbox, bool ack_at_once)
{
	*inbox = (struct inbox){.ack_at_once = ack_at_once};
	pthread_mutex_init(&inbox->lock, NULL);
}

static inline void inbox_deliver(struct bus_delivery *delivery, void *context)
{
	struct inbox *inbox = context;
	pthread_mutex_lock(&inbox->lock);
	if (inbox->count == inbox->capacity) {
		inbox->capacity = inbox->capacity ? 2 * inbox->capacity : 64;
		inbox->deliveries = memory_resize(inbox->deliveries, inbox->capacity * sizeof(delivery));
		inbox->bodies = memory_resize(inbox->bodies, inbox->capacity * sizeof(inbox->bodies[0]));
	}
	snprintf(inbox->bodies[inbox->count], sizeof(inbox->bodies[0]), "%.*s",
		delivery->length < 63 ? (int)delivery->length : 63, (const char *)delivery->body);
	inbox->deliveries[inbox->count++] = inbox->ack_at_once ? NULL : delivery;
	pthread_mutex_unlock(&inbox->lock);
	if (inbox->ack_at_once)
		bus_delivery_settle(delivery, BUS_ACK);
}

static inline size_t inbox_count(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	size_t count = inbox->count;
	pthread_mutex_unlock(&inbox->lock);
	return count;
}

static inline struct bus_delivery *inbox_take(struct inbox *inbox, size_t index)
{
	pthread_mutex_lock(&inbox->lock);
	struct bus_delivery *delivery = inbox->deliveries[index];
	inbox->deliveries[index] = NULL;
	pthread_mutex_unlock(&inbox->lock);
	return delivery;
}

/* How many arrived with that body. */
static inline size_t inbox_copies(struct inbox *inbox, const char *body)
{
	size_t copies = 0;
	pthread_mutex_lock(&inbox->lock);
	for (size_t i = 0; i < inbox->count; i++)
		copies += strcmp(inbox->bodies[i], body) == 0;
	pthread_mutex_unlock(&inbox->lock);
	return copies;
}

static inline void inbox_settle_all(struct inbox *inbox, enum bus_settlement settlement)
{
	for (size_t i = 0; i < inbox_count(inbox); i++) {
		struct bus_delivery *delivery = inbox_take(inbox, i);
		if (delivery)
			bus_delivery_settle(delivery, settlement);
	}
}

static inline void inbox_release(struct inbox *inbox)
{
	free(inbox->deliveries);
	free(inbox->bodies);
	pthread_mutex_destroy(&inbox->lock);
}

static inline struct bus_consumer *ready_consumer(
	struct bus_fixture *f, const struct bus_subscription *subscriptions, struct inbox *inbox)
{
	struct bus_consumer *consumer = bus_consumer_create(&f->options, subscriptions, inbox_deliver, inbox);
	assert_eventually(bus_consumer_ready(consumer));
	return consumer;
}

/* Settles what is left, then frees both. */
static inline void end_consumer(struct bus_consumer *consumer, struct inbox *inbox)
{
	bus_consumer_stop(consumer);
	inbox_settle_all(inbox, BUS_ACK);
	bus_consumer_free(consumer);
	inbox_release(inbox);
}

/* Runs the command that an environment variable holds. */
static inline void run_shell(const char *variable)
{
	const char *command = required_env(variable);
	if (system(command) != 0)
		fail_msg("%s failed: %s", variable, command);
}

#endif
