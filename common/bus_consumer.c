/* SPDX-License-Identifier: MIT */
#include "common/bus.h"

#include "common/bus_backoff.h"
#include "common/bus_connection.h"
#include "common/bus_thread.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/*
 * Each subscription has a channel of its own, so that a queue that fails costs the others nothing.
 * Deliveries are handed on from the thread; settlements come back from any thread on a list and an eventfd.
 * A channel's delivery tags mean nothing once it was closed, so each opening has a generation, each
 * delivery remembers it, and settling one of an earlier generation only frees it: the broker has put that
 * message back already.
 */

enum { READ_RUN = 256 }; /* events between two looks at the settlements */

struct subscription {
	const struct bus_subscription *wanted;
	uint16_t channel;
	bool open, subscribed;
	uint64_t generation, times; /* of the channel's opening; of the subscription */
	struct bus_backoff backoff;
	int64_t retry_ms, subscribed_ms, complain_ms;
	char tag[120];
};

struct bus_consumer {
	const struct bus_options *options;
	void (*deliver)(struct bus_delivery *delivery, void *context);
	void *context;
	struct bus_connection connection;   /* the thread's */
	struct subscription *subscriptions; /* the thread's */
	size_t count;
	bool cancelled; /* the thread's: stopping was carried out */
	pthread_t thread;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct bus_content *settled, **settled_end;
	size_t unsettled, subscribed;
	bool delivering, stopping, ending, ended, woken;
};

/* --- deliveries */

static void settle_later(struct bus_content *content, enum bus_settlement settlement)
{
	struct bus_consumer *consumer = content->consumer;
	content->settlement = settlement;
	content->next = NULL;
	LOCK_SCOPE(&consumer->lock);
	*consumer->settled_end = content;
	consumer->settled_end = &content->next;
	consumer->unsettled--;
	if (!consumer->woken) {
		consumer->woken = true;
		bus_connection_wake(&consumer->connection);
	}
}

void bus_delivery_settle(struct bus_delivery *delivery, enum bus_settlement settlement)
{
	settle_later((struct bus_content *)delivery, settlement);
}

/* --- the thread */

static bool is_ending(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	return consumer->ending;
}

static bool is_stopping(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	return consumer->stopping;
}

static void set_subscribed(struct bus_consumer *consumer, struct subscription *subscription, bool subscribed)
{
	if (subscription->subscribed == subscribed)
		return;
	subscription->subscribed = subscribed;
	LOCK_SCOPE(&consumer->lock);
	if (subscribed)
		consumer->subscribed++;
	else
		consumer->subscribed--;
}

static int send_settlement(struct bus_consumer *consumer, const struct bus_content *content)
{
	const struct subscription *subscription = &consumer->subscriptions[content->subscription];
	struct bus_connection *connection = &consumer->connection;
	if (!connection->amqp || !subscription->open || subscription->generation != content->generation)
		return 0;
	bus_connection_begin(connection, BUS_STALL_MS);
	int status = content->settlement == BUS_ACK
			     ? amqp_basic_ack(connection->amqp, subscription->channel, content->tag, 0)
			     : amqp_basic_reject(connection->amqp, subscription->channel, content->tag,
				       content->settlement == BUS_REQUEUE);
	bus_connection_end(connection);
	return bus_connection_sent(connection, status);
}

/* 0, or -1: connection lost. The list is emptied in both cases. */
static int send_settlements(struct bus_consumer *consumer)
{
	struct bus_content *list;
	{
		LOCK_SCOPE(&consumer->lock);
		list = consumer->settled;
		consumer->settled = NULL;
		consumer->settled_end = &consumer->settled;
		consumer->woken = false;
	}
	int result = 0;
	while (list) {
		struct bus_content *content = list;
		list = content->next;
		if (send_settlement(consumer, content))
			result = -1;
		bus_content_free(content);
	}
	return result;
}

static int settle_now(
	struct bus_consumer *consumer, struct bus_content *content, enum bus_settlement settlement)
{
	content->settlement = settlement;
	int result = send_settlement(consumer, content);
	bus_content_free(content);
	return result;
}

/* Whether it may be delivered; if so, bus_consumer_stop() waits until end_delivery(). */
static bool begin_delivery(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	if (consumer->stopping)
		return false;
	consumer->delivering = true;
	consumer->unsettled++;
	return true;
}

static void end_delivery(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	consumer->delivering = false;
	pthread_cond_broadcast(&consumer->changed);
}

static int deliver(struct bus_consumer *consumer, size_t index, struct bus_content *content)
{
	struct subscription *subscription = &consumer->subscriptions[index];
	content->consumer = consumer;
	content->subscription = index;
	content->generation = subscription->generation;
	content->delivery.queue = subscription->wanted->queue;
	content->delivery.subscribed = subscription->times;
	if (content->delivery.oversized)
		log_error("message too large, its body is left out",
			LOG_STR("queue", content->delivery.queue),
			LOG_STR("message_id", content->delivery.message_id),
			LOG_INT("size", content->expected));
	if (!begin_delivery(consumer))
		return settle_now(consumer, content, BUS_REQUEUE);
	consumer->deliver(&content->delivery, consumer->context);
	end_delivery(consumer);
	return 0;
}

/* The reason is in the connection. */
static void retry_later(struct bus_consumer *consumer, struct subscription *subscription, const char *reason)
{
	int64_t now = clock_monotonic_ms();
	if (subscription->subscribed && now - subscription->subscribed_ms > BUS_SETTLED_MS)
		bus_backoff_reset(&subscription->backoff);
	set_subscribed(consumer, subscription, false);
	subscription->retry_ms = now + bus_backoff_next_ms(&subscription->backoff);
	if (now < subscription->complain_ms)
		return;
	subscription->complain_ms = now + BUS_COMPLAIN_MS;
	log_warn("subscription interrupted, trying on", LOG_STR("connection", consumer->options->name),
		LOG_STR("queue", subscription->wanted->queue), LOG_STR("cause", reason));
}

/* As bus_connection_answer(). */
static int open_channel(struct bus_consumer *consumer, struct subscription *subscription)
{
	struct bus_connection *connection = &consumer->connection;
	if (!subscription->open) {
		amqp_channel_open(connection->amqp, subscription->channel);
		int answer = bus_connection_answer(connection, subscription->channel);
		if (answer)
			return answer;
		subscription->open = true;
		subscription->generation++;
	}
	amqp_basic_qos(
		connection->amqp, subscription->channel, 0, (uint16_t)subscription->wanted->prefetch, 0);
	return bus_connection_answer(connection, subscription->channel);
}

static int consume(struct bus_consumer *consumer, struct subscription *subscription)
{
	struct bus_connection *connection = &consumer->connection;
	int answer = open_channel(consumer, subscription);
	if (answer)
		return answer;
	/* a fresh tag each time: an answer to an older one cannot be mistaken for this one's */
	snprintf(subscription->tag, sizeof(subscription->tag), "%.80s/%u/%lld", consumer->options->name,
		subscription->channel, (long long)clock_monotonic_ms());
	amqp_basic_consume(connection->amqp, subscription->channel,
		amqp_cstring_bytes(subscription->wanted->queue), amqp_cstring_bytes(subscription->tag), 0, 0,
		0, amqp_empty_table);
	return bus_connection_answer(connection, subscription->channel);
}

/* 0: subscribed, or will be tried again · -1: connection lost */
static int subscribe(struct bus_consumer *consumer, struct subscription *subscription)
{
	struct bus_connection *connection = &consumer->connection;
	bus_connection_begin(connection, 2 * BUS_STALL_MS);
	int answer = consume(consumer, subscription);
	bus_connection_end(connection);
	if (answer < 0)
		return -1;
	if (answer == 1) {
		subscription->open = false;
		retry_later(consumer, subscription, connection->reason);
		return 0;
	}
	if (subscription->complain_ms)
		log_info("subscribed again", LOG_STR("connection", consumer->options->name),
			LOG_STR("queue", subscription->wanted->queue));
	subscription->complain_ms = 0;
	subscription->subscribed_ms = clock_monotonic_ms();
	subscription->times++;
	set_subscribed(consumer, subscription, true);
	return 0;
}

/* Those whose time has come. Before a second attempt everything is declared again: the queue may have
 * been deleted. */
static int subscribe_due(struct bus_consumer *consumer)
{
	bool declared = false;
	for (size_t i = 0; i < consumer->count; i++) {
		struct subscription *subscription = &consumer->subscriptions[i];
		if (subscription->subscribed || clock_monotonic_ms() < subscription->retry_ms)
			continue;
		if (subscription->retry_ms && !declared && bus_topology_declare(&consumer->connection))
			return -1;
		declared = declared || subscription->retry_ms;
		if (subscribe(consumer, subscription))
			return -1;
	}
	return 0;
}

static int64_t next_retry_ms(const struct bus_consumer *consumer)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < consumer->count; i++)
		if (!consumer->subscriptions[i].subscribed && consumer->subscriptions[i].retry_ms < next)
			next = consumer->subscriptions[i].retry_ms;
	return next;
}

static int handle(struct bus_consumer *consumer, struct bus_event *event)
{
	size_t index = (size_t)event->channel - BUS_CHANNEL_FIRST; /* wraps for other channels */
	bool ours = index < consumer->count;
	if (event->kind == BUS_EVENT_CONTENT) {
		if (ours && !event->content->returned)
			return deliver(consumer, index, event->content);
		bus_content_free(event->content);
		return 0;
	}
	if (!ours)
		return 0;
	if (event->kind == BUS_EVENT_CHANNEL_CLOSED) {
		consumer->subscriptions[index].open = false;
		retry_later(consumer, &consumer->subscriptions[index], event->text);
	} else if (event->kind == BUS_EVENT_CANCELLED) {
		/* the channel lives on: what was delivered on it can still be settled */
		retry_later(consumer, &consumer->subscriptions[index], "the queue was deleted or moved");
	}
	return 0;
}

/* 1: there may be more · 0: nothing for now · -1: connection lost */
static int read_events(struct bus_consumer *consumer)
{
	for (int i = 0; i < READ_RUN; i++) {
		struct bus_event event;
		int got = bus_connection_next(&consumer->connection, &event);
		if (got <= 0)
			return got;
		if (handle(consumer, &event))
			return -1;
	}
	return 1;
}

/* Ends the subscriptions; their channels stay for the settlements. */
static int cancel_all(struct bus_consumer *consumer)
{
	struct bus_connection *connection = &consumer->connection;
	consumer->cancelled = true;
	for (size_t i = 0; i < consumer->count; i++) {
		struct subscription *subscription = &consumer->subscriptions[i];
		if (!subscription->subscribed)
			continue;
		bus_connection_begin(connection, BUS_STALL_MS);
		amqp_basic_cancel(
			connection->amqp, subscription->channel, amqp_cstring_bytes(subscription->tag));
		int answer = bus_connection_answer(connection, subscription->channel);
		bus_connection_end(connection);
		if (answer < 0)
			return -1;
		subscription->open = answer == 0;
		set_subscribed(consumer, subscription, false);
	}
	return 0;
}

static int step(struct bus_consumer *consumer)
{
	if (send_settlements(consumer))
		return -1;
	if (!is_stopping(consumer)) {
		if (subscribe_due(consumer))
			return -1;
	} else if (!consumer->cancelled && cancel_all(consumer)) {
		return -1;
	}
	int got = read_events(consumer);
	if (got != 0)
		return got < 0 ? -1 : 0;
	int64_t until = consumer->cancelled ? INT64_MAX : next_retry_ms(consumer);
	int64_t now = clock_monotonic_ms();
	bus_connection_wait(&consumer->connection, until > now ? until - now : 0);
	return 0;
}

/* An ack that is followed by the end of the connection can be lost in the broker. The answer to closing
 * the channel comes after everything that was sent on it. */
static void drain(struct bus_consumer *consumer)
{
	struct bus_connection *connection = &consumer->connection;
	const struct timeval limit = {.tv_sec = BUS_CLOSE_MS / 1000};
	if (send_settlements(consumer))
		return;
	amqp_set_rpc_timeout(connection->amqp, &limit);
	bus_connection_begin(connection, BUS_CLOSE_MS);
	for (size_t i = 0; i < consumer->count; i++) {
		struct subscription *subscription = &consumer->subscriptions[i];
		if (!subscription->open)
			continue;
		amqp_rpc_reply_t reply =
			amqp_channel_close(connection->amqp, subscription->channel, AMQP_REPLY_SUCCESS);
		if (reply.reply_type != AMQP_RESPONSE_NORMAL)
			break;
	}
	bus_connection_end(connection);
	bus_connection_close(connection);
}

static void forget_channels(struct bus_consumer *consumer)
{
	for (size_t i = 0; i < consumer->count; i++) {
		struct subscription *subscription = &consumer->subscriptions[i];
		set_subscribed(consumer, subscription, false);
		subscription->open = false;
		subscription->retry_ms = 0;
		bus_backoff_reset(&subscription->backoff);
	}
}

/* One connection's life. */
static void serve(struct bus_consumer *consumer)
{
	if (bus_connection_open(&consumer->connection))
		return;
	bool lost = false;
	while (!lost && !is_ending(consumer))
		lost = step(consumer) != 0;
	if (!lost)
		drain(consumer);
	forget_channels(consumer);
}

/* Without a connection, settling only frees. */
static void pause_until(struct bus_consumer *consumer, int64_t until_ms)
{
	while (!is_ending(consumer) && clock_left_ms(until_ms)) {
		bus_connection_wait(&consumer->connection, clock_left_ms(until_ms));
		(void)!send_settlements(consumer);
	}
}

static void *run(void *argument)
{
	struct bus_consumer *consumer = argument;
	struct bus_backoff backoff = {0};
	while (!is_ending(consumer)) {
		int64_t began = clock_monotonic_ms();
		if (!is_stopping(consumer)) /* nothing to come back for */
			serve(consumer);
		if (clock_monotonic_ms() - began > BUS_SETTLED_MS && consumer->connection.opened_ms >= began)
			bus_backoff_reset(&backoff);
		pause_until(consumer, clock_monotonic_ms() + bus_backoff_next_ms(&backoff));
	}
	(void)!send_settlements(consumer);
	LOCK_SCOPE(&consumer->lock);
	consumer->ended = true;
	pthread_cond_broadcast(&consumer->changed);
	return NULL;
}

/* --- the owner's side */

struct bus_consumer *bus_consumer_create(const struct bus_options *options,
	const struct bus_subscription *subscriptions,
	void (*deliver_one)(struct bus_delivery *delivery, void *context), void *context)
{
	struct bus_consumer *consumer = memory_alloc(sizeof(*consumer));
	consumer->options = options;
	consumer->deliver = deliver_one;
	consumer->context = context;
	consumer->settled_end = &consumer->settled;
	while (subscriptions[consumer->count].queue)
		consumer->count++;
	consumer->subscriptions = memory_alloc(consumer->count * sizeof(struct subscription));
	for (size_t i = 0; i < consumer->count; i++) {
		consumer->subscriptions[i].wanted = &subscriptions[i];
		consumer->subscriptions[i].channel = (uint16_t)(BUS_CHANNEL_FIRST + i);
	}
	bus_connection_init(&consumer->connection, options, subscriptions, consumer->count);
	pthread_mutex_init(&consumer->lock, NULL);
	bus_cond_init(&consumer->changed);
	bus_thread_start(&consumer->thread, run, consumer);
	return consumer;
}

bool bus_consumer_ready(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	return !consumer->stopping && consumer->subscribed == consumer->count;
}

void bus_consumer_stop(struct bus_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	consumer->stopping = true;
	bus_connection_wake(&consumer->connection);
	if (pthread_equal(pthread_self(), consumer->thread))
		return; /* called by deliver() */
	while (consumer->delivering)
		pthread_cond_wait(&consumer->changed, &consumer->lock);
}

void bus_consumer_free(struct bus_consumer *consumer)
{
	if (!consumer)
		return;
	bus_consumer_stop(consumer);
	pthread_mutex_lock(&consumer->lock);
	assert(consumer->unsettled == 0);
	consumer->ending = true;
	bus_connection_wake(&consumer->connection);
	int64_t limit_ms = clock_monotonic_ms() + 2 * BUS_CLOSE_MS;
	struct timespec until = clock_timespec(limit_ms);
	while (!consumer->ended && clock_left_ms(limit_ms))
		pthread_cond_timedwait(&consumer->changed, &consumer->lock, &until);
	if (!consumer->ended)
		bus_connection_abort(&consumer->connection);
	pthread_mutex_unlock(&consumer->lock);
	pthread_join(consumer->thread, NULL);
	bus_connection_release(&consumer->connection);
	free(consumer->subscriptions);
	pthread_cond_destroy(&consumer->changed);
	pthread_mutex_destroy(&consumer->lock);
	free(consumer);
}
