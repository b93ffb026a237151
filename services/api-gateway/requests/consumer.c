/* SPDX-License-Identifier: MIT */
#include "requests/consumer.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "config.h"
#include "db/pool.h"
#include "gateway.h"
#include "requests/serve.h"
#include "schemas/bus_names.h"

enum { PAUSE_FIRST_MS = 200, PAUSE_LAST_MS = 5000, PROBE_MS = 2000 };

struct waiting {
	struct waiting *next;
	struct bus_delivery *delivery;
};

struct request_consumer {
	struct gateway *gateway;
	struct bus_subscription subscriptions[2];
	struct bus_consumer *consumer;
	size_t thread_count;
	pthread_t *threads;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct waiting *first, **last; /* at most the prefetch: the broker sends no more */
	bool stopping;
};

static void deliver(struct bus_delivery *delivery, void *context)
{
	struct request_consumer *consumer = context;
	struct waiting *entry = memory_alloc(sizeof(*entry));
	entry->delivery = delivery;
	LOCK_SCOPE(&consumer->lock);
	*consumer->last = entry;
	consumer->last = &entry->next;
	pthread_cond_signal(&consumer->changed);
}

/* Waits for the next one; NULL when stopping and none is left. */
static struct bus_delivery *take(struct request_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	while (!consumer->first && !consumer->stopping)
		pthread_cond_wait(&consumer->changed, &consumer->lock);
	struct waiting *entry = consumer->first;
	if (!entry)
		return NULL;
	consumer->first = entry->next;
	if (!consumer->first)
		consumer->last = &consumer->first;
	struct bus_delivery *delivery = entry->delivery;
	free(entry);
	return delivery;
}

static bool is_stopping(struct request_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	return consumer->stopping;
}

/* False when stopping. */
static bool pause_for(struct request_consumer *consumer, int64_t ms)
{
	struct timespec until = clock_timespec(clock_monotonic_ms() + ms);
	LOCK_SCOPE(&consumer->lock);
	while (!consumer->stopping)
		if (pthread_cond_timedwait(&consumer->changed, &consumer->lock, &until))
			break;
	return !consumer->stopping;
}

static bool database_is_there(const struct request_consumer *consumer)
{
	struct error ignored;
	return db_pool_check(consumer->gateway->pool, clock_monotonic_ms() + PROBE_MS, &ignored) == 0;
}

/* A request waits for a database that is away, however long: that is what a queue is for. Other trouble may
 * be the request's own, and ends with the patience. */
static enum bus_settlement serve(struct request_consumer *consumer, const struct bus_delivery *delivery)
{
	int64_t patience_ms = consumer->gateway->config->request_patience_ms, pause_ms = PAUSE_FIRST_MS;
	int64_t until_ms = clock_monotonic_ms() + patience_ms;
	for (bool first = true;; first = false) {
		bool last = clock_left_ms(until_ms) == 0 && database_is_there(consumer);
		enum serve_outcome outcome = serve_request(consumer->gateway, delivery, first, last);
		if (outcome == SERVE_DONE || outcome == SERVE_REFUSED)
			return outcome == SERVE_DONE ? BUS_ACK : BUS_REJECT;
		if (outcome == SERVE_BUSY)
			last = false; /* the other will end, or its claim will */
		if (last || !pause_for(consumer, pause_ms))
			return BUS_REQUEUE;
		pause_ms = 2 * pause_ms < PAUSE_LAST_MS ? 2 * pause_ms : PAUSE_LAST_MS;
	}
}

static void *work(void *context)
{
	struct request_consumer *consumer = context;
	for (struct bus_delivery *delivery; (delivery = take(consumer));)
		bus_delivery_settle(
			delivery, is_stopping(consumer) ? BUS_REQUEUE : serve(consumer, delivery));
	return NULL;
}

struct request_consumer *request_consumer_create(const struct bus_options *bus, struct gateway *gateway)
{
	size_t count = (size_t)gateway->config->request_threads;
	if (count == 0)
		return NULL;
	struct request_consumer *consumer = memory_alloc(sizeof(*consumer));
	consumer->gateway = gateway;
	consumer->thread_count = count;
	consumer->threads = memory_alloc(count * sizeof(*consumer->threads));
	consumer->subscriptions[0] = (struct bus_subscription){BUS_REQUESTS_QUEUE, (int)count};
	consumer->last = &consumer->first;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&consumer->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&consumer->lock, NULL);
	for (size_t i = 0; i < count; i++)
		pthread_create(&consumer->threads[i], NULL, work, consumer);
	consumer->consumer = bus_consumer_create(bus, consumer->subscriptions, deliver, consumer);
	return consumer;
}

void request_consumer_free(struct request_consumer *consumer)
{
	if (!consumer)
		return;
	bus_consumer_stop(consumer->consumer);
	pthread_mutex_lock(&consumer->lock);
	consumer->stopping = true;
	pthread_cond_broadcast(&consumer->changed);
	pthread_mutex_unlock(&consumer->lock);
	for (size_t i = 0; i < consumer->thread_count; i++)
		pthread_join(consumer->threads[i], NULL);
	bus_consumer_free(consumer->consumer);
	pthread_cond_destroy(&consumer->changed);
	pthread_mutex_destroy(&consumer->lock);
	free(consumer->threads);
	free(consumer);
}

bool request_consumer_ready(struct request_consumer *consumer)
{
	return !consumer || bus_consumer_ready(consumer->consumer);
}
