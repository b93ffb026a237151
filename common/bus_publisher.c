/* SPDX-License-Identifier: MIT */
#include "common/bus.h"

#include "common/bus_backoff.h"
#include "common/bus_batch.h"
#include "common/bus_connection.h"
#include "common/bus_notes.h"
#include "common/bus_outgoing.h"
#include "common/bus_thread.h"
#include "common/bus_window.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <stdatomic.h>

/*
 * Callers put copies of their messages on a queue and wait on a condition; the thread, woken by an eventfd,
 * moves them into the window of unconfirmed messages and reads the confirms. A message is at each moment in
 * exactly one place: queue, `sending`, or window; settle() is where it ends, whatever its fate, and where
 * its waiter hears of it.
 *
 * Nothing is queued for a broker that is away, blocks or does not read: callers learn it at once. What
 * memory the messages in flight may take is limited; beyond that callers wait for room until their
 * deadline.
 */

enum {
	CHANNEL = BUS_CHANNEL_FIRST,
	MEMORY_MAX = 64 * 1024 * 1024,
	PUBLISH_RUN = 64,       /* messages between two looks at what the broker says */
	STALL_NOTICE_MS = 5000, /* a write that takes longer is no backpressure any more: unready */
};

struct bus_publisher {
	const struct bus_options *options;
	struct bus_connection connection; /* the thread's */
	struct bus_window window;         /* the thread's */
	struct bus_outgoing *sending;     /* the thread's: taken from the queue */
	pthread_t thread;
	_Atomic int64_t writing_since_ms; /* 0: not in a write */
	_Atomic uint64_t streak;          /* changed under the lock */

	pthread_mutex_t lock; /* of all below and of every batch */
	pthread_cond_t room, changed;
	struct bus_outgoing *queue, **queue_end;
	size_t memory, in_flight, callers;
	bool connected, blocked, woken, draining, ending, ended;
};

/* --- both sides; under the lock */

static void settle(struct bus_publisher *publisher, struct bus_outgoing *outgoing, enum bus_fate fate)
{
	publisher->memory -= outgoing->size;
	publisher->in_flight--;
	if (fate != BUS_FATE_CONFIRMED && fate != BUS_FATE_RETURNED)
		publisher->streak++;
	bus_batch_resolve(outgoing->batch, outgoing->index, fate);
	bus_batch_unref(outgoing->batch);
	free(outgoing);
	if (publisher->memory < MEMORY_MAX)
		pthread_cond_broadcast(&publisher->room);
	if (!publisher->in_flight)
		pthread_cond_broadcast(&publisher->changed);
}

static void settle_list(struct bus_publisher *publisher, struct bus_outgoing **list, enum bus_fate fate)
{
	while (*list) {
		struct bus_outgoing *outgoing = *list;
		*list = outgoing->next;
		settle(publisher, outgoing, fate);
	}
}

static void settle_queue(struct bus_publisher *publisher, enum bus_fate fate)
{
	settle_list(publisher, &publisher->queue, fate);
	publisher->queue_end = &publisher->queue;
	settle_list(publisher, &publisher->sending, fate);
}

static bool is_stalled(struct bus_publisher *publisher)
{
	int64_t since = atomic_load(&publisher->writing_since_ms);
	return since && clock_monotonic_ms() - since > STALL_NOTICE_MS;
}

/* BUS_FATE_OPEN: messages are taken. */
static enum bus_fate refusal(struct bus_publisher *publisher)
{
	if (publisher->draining)
		return BUS_FATE_ENDING;
	if (!publisher->connected)
		return BUS_FATE_NOT_CONNECTED;
	if (publisher->blocked)
		return BUS_FATE_BLOCKED;
	return is_stalled(publisher) ? BUS_FATE_STALLED : BUS_FATE_OPEN;
}

/* --- the thread */

static bool is_ending(struct bus_publisher *publisher)
{
	LOCK_SCOPE(&publisher->lock);
	return publisher->ending;
}

static void set_connected(struct bus_publisher *publisher, bool connected)
{
	LOCK_SCOPE(&publisher->lock);
	publisher->connected = connected;
	publisher->blocked = false;
	pthread_cond_broadcast(&publisher->changed);
	pthread_cond_broadcast(&publisher->room);
}

static void settle_window(struct bus_publisher *publisher, uint64_t upto, enum bus_fate fate)
{
	LOCK_SCOPE(&publisher->lock);
	struct bus_outgoing *outgoing;
	while ((outgoing = bus_window_take_upto(&publisher->window, upto)))
		settle(publisher, outgoing,
			outgoing->returned && fate == BUS_FATE_CONFIRMED ? BUS_FATE_RETURNED : fate);
}

/* 0: the channel takes messages with confirms · -1: connection lost. */
static int open_channel(struct bus_publisher *publisher)
{
	struct bus_connection *connection = &publisher->connection;
	bus_connection_begin(connection, BUS_STALL_MS);
	amqp_channel_open(connection->amqp, CHANNEL);
	int answer = bus_connection_answer(connection, CHANNEL);
	if (answer == 0) {
		amqp_confirm_select(connection->amqp, CHANNEL);
		answer = bus_connection_answer(connection, CHANNEL);
	}
	bus_connection_end(connection);
	bus_window_reset(&publisher->window);
	return answer <= 0 ? answer : bus_connection_lose(connection);
}

static void take_queue(struct bus_publisher *publisher)
{
	LOCK_SCOPE(&publisher->lock);
	publisher->woken = false;
	if (publisher->sending)
		return;
	publisher->sending = publisher->queue;
	publisher->queue = NULL;
	publisher->queue_end = &publisher->queue;
}

static bool can_publish(struct bus_publisher *publisher)
{
	/* `blocked` is written by this thread only */
	return publisher->sending && !publisher->blocked && !bus_window_is_full(&publisher->window);
}

static bool is_of_another_streak(struct bus_publisher *publisher, const struct bus_outgoing *outgoing)
{
	return outgoing->streak && outgoing->streak != atomic_load(&publisher->streak);
}

static int publish_one(struct bus_publisher *publisher)
{
	struct bus_outgoing *outgoing = publisher->sending;
	publisher->sending = outgoing->next;
	int64_t now = clock_monotonic_ms();
	bool late = now >= outgoing->deadline_ms; /* its caller has gone: it would only surprise */
	if (late || is_of_another_streak(publisher, outgoing)) {
		LOCK_SCOPE(&publisher->lock);
		settle(publisher, outgoing, late ? BUS_FATE_EXPIRED : BUS_FATE_OVERTAKING);
		return 0;
	}
	struct bus_connection *connection = &publisher->connection;
	bus_window_add(
		&publisher->window, outgoing); /* before: a part of it may arrive even when the write fails */
	atomic_store(&publisher->writing_since_ms, now);
	bus_connection_begin(connection, BUS_STALL_MS);
	int status = bus_outgoing_publish(outgoing, connection->amqp, CHANNEL, publisher->options->app_id);
	bus_connection_end(connection);
	atomic_store(&publisher->writing_since_ms, 0);
	return bus_connection_sent(connection, status);
}

static int publish_some(struct bus_publisher *publisher)
{
	take_queue(publisher);
	bool several = can_publish(publisher) && publisher->sending->next;
	int result = 0;
	if (several)
		bus_connection_gather(&publisher->connection, true);
	for (int i = 0; i < PUBLISH_RUN && !result && can_publish(publisher); i++)
		result = publish_one(publisher);
	if (several)
		bus_connection_gather(&publisher->connection, false);
	return result;
}

static void confirm(struct bus_publisher *publisher, const struct bus_event *event)
{
	enum bus_fate fate = event->negative ? BUS_FATE_NACKED : BUS_FATE_CONFIRMED;
	if (event->multiple) {
		settle_window(publisher, event->tag ? event->tag : UINT64_MAX, fate);
		return;
	}
	struct bus_outgoing *outgoing = bus_window_take(&publisher->window, event->tag);
	if (!outgoing)
		return;
	LOCK_SCOPE(&publisher->lock);
	settle(publisher, outgoing, outgoing->returned && !event->negative ? BUS_FATE_RETURNED : fate);
}

/* What was not sent yet fails now rather than at its deadline; what was sent may still be confirmed. */
static void set_blocked(struct bus_publisher *publisher, bool blocked, const char *reason)
{
	if (blocked)
		log_warn("broker blocks publishing", LOG_STR("connection", publisher->options->name),
			LOG_STR("cause", reason));
	else
		log_info("broker takes messages again", LOG_STR("connection", publisher->options->name));
	LOCK_SCOPE(&publisher->lock);
	publisher->blocked = blocked;
	if (blocked) {
		settle_queue(publisher, BUS_FATE_BLOCKED);
		pthread_cond_broadcast(&publisher->room);
	}
}

/* Mostly an exchange that is not there (any more): so declare again. */
static int reopen_channel(struct bus_publisher *publisher, const struct bus_event *event)
{
	log_warn("publishing channel closed by the broker", LOG_STR("connection", publisher->options->name),
		LOG_STR("cause", event->text));
	settle_window(publisher, UINT64_MAX, BUS_FATE_CHANNEL_CLOSED);
	if (bus_topology_declare(&publisher->connection))
		return -1;
	return open_channel(publisher);
}

static int handle(struct bus_publisher *publisher, const struct bus_event *event)
{
	switch (event->kind) {
	case BUS_EVENT_CONFIRM:
		confirm(publisher, event);
		return 0;
	case BUS_EVENT_CONTENT:
		if (event->content->returned)
			bus_window_mark_returned(&publisher->window, event->content->delivery.message_id,
				event->content->delivery.exchange, event->content->delivery.routing_key);
		bus_content_free(event->content);
		return 0;
	case BUS_EVENT_CHANNEL_CLOSED:
		return reopen_channel(publisher, event);
	case BUS_EVENT_BLOCKED:
	case BUS_EVENT_UNBLOCKED:
		set_blocked(publisher, event->kind == BUS_EVENT_BLOCKED, event->text);
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct bus_publisher *publisher)
{
	struct bus_event event;
	int got;
	while ((got = bus_connection_next(&publisher->connection, &event)) == 1)
		if (handle(publisher, &event))
			return -1;
	return got;
}

/* One connection's life. */
static void serve(struct bus_publisher *publisher)
{
	if (bus_connection_open(&publisher->connection) || open_channel(publisher))
		return;
	set_connected(publisher, true);
	while (!is_ending(publisher)) {
		if (publish_some(publisher) || read_events(publisher))
			break;
		if (!can_publish(publisher))
			bus_connection_wait(&publisher->connection, INT32_MAX);
	}
	set_connected(publisher, false);
	settle_window(publisher, UINT64_MAX, BUS_FATE_LOST);
	LOCK_SCOPE(&publisher->lock);
	settle_queue(publisher, BUS_FATE_NOT_CONNECTED);
}

static void pause_until(struct bus_publisher *publisher, int64_t until_ms)
{
	while (!is_ending(publisher) && clock_left_ms(until_ms))
		bus_connection_wait(&publisher->connection, clock_left_ms(until_ms));
}

static void *run(void *argument)
{
	struct bus_publisher *publisher = argument;
	struct bus_backoff backoff = {0};
	while (!is_ending(publisher)) {
		int64_t began = clock_monotonic_ms();
		serve(publisher);
		if (is_ending(publisher))
			break;
		if (clock_monotonic_ms() - began > BUS_SETTLED_MS && publisher->connection.opened_ms >= began)
			bus_backoff_reset(&backoff);
		pause_until(publisher, clock_monotonic_ms() + bus_backoff_next_ms(&backoff));
	}
	bus_connection_close(&publisher->connection);
	LOCK_SCOPE(&publisher->lock);
	publisher->ended = true;
	pthread_cond_broadcast(&publisher->changed);
	return NULL;
}

/* --- the callers' side */

struct bus_publisher *bus_publisher_create(const struct bus_options *options)
{
	struct bus_publisher *publisher = memory_alloc(sizeof(*publisher));
	publisher->options = options;
	publisher->streak = 1;
	publisher->queue_end = &publisher->queue;
	bus_connection_init(&publisher->connection, options, NULL, 1);
	pthread_mutex_init(&publisher->lock, NULL);
	bus_cond_init(&publisher->room);
	bus_cond_init(&publisher->changed);
	bus_thread_start(&publisher->thread, run, publisher);
	return publisher;
}

/* Until it does not hold any more, or the deadline; under the lock. */
static void wait_while(
	struct bus_publisher *publisher, bool (*holds)(const struct bus_publisher *), int64_t deadline_ms)
{
	struct timespec until = clock_timespec(deadline_ms);
	while (holds(publisher) && clock_left_ms(deadline_ms))
		pthread_cond_timedwait(&publisher->changed, &publisher->lock, &until);
}

static bool is_in_flight(const struct bus_publisher *publisher)
{
	return publisher->in_flight && publisher->connected;
}

static bool is_running(const struct bus_publisher *publisher)
{
	return !publisher->ended;
}

void bus_publisher_free(struct bus_publisher *publisher, int64_t deadline_ms)
{
	if (!publisher)
		return;
	pthread_mutex_lock(&publisher->lock);
	publisher->draining = true;
	pthread_cond_broadcast(&publisher->room);
	wait_while(publisher, is_in_flight, deadline_ms);
	publisher->ending = true;
	bus_connection_wake(&publisher->connection);
	if (publisher->connected)
		wait_while(publisher, is_running, clock_monotonic_ms() + BUS_CLOSE_MS);
	if (!publisher->ended)
		bus_connection_abort(&publisher->connection);
	while (publisher->callers) /* all are settled or about to be */
		pthread_cond_wait(&publisher->changed, &publisher->lock);
	pthread_mutex_unlock(&publisher->lock);
	pthread_join(publisher->thread, NULL);
	bus_connection_release(&publisher->connection);
	pthread_cond_destroy(&publisher->room);
	pthread_cond_destroy(&publisher->changed);
	pthread_mutex_destroy(&publisher->lock);
	free(publisher);
}

bool bus_publisher_ready(struct bus_publisher *publisher)
{
	LOCK_SCOPE(&publisher->lock);
	return refusal(publisher) == BUS_FATE_OPEN;
}

uint64_t bus_publisher_streak(struct bus_publisher *publisher)
{
	return atomic_load(&publisher->streak);
}

/* Takes the message over. Under the lock. */
static void submit(struct bus_publisher *publisher, struct bus_outgoing *outgoing)
{
	struct timespec until = clock_timespec(outgoing->deadline_ms);
	enum bus_fate fate = refusal(publisher);
	while (fate == BUS_FATE_OPEN && publisher->memory >= MEMORY_MAX) {
		if (!clock_left_ms(outgoing->deadline_ms)) {
			fate = BUS_FATE_EXPIRED;
			break;
		}
		pthread_cond_timedwait(&publisher->room, &publisher->lock, &until);
		fate = refusal(publisher);
	}
	if (fate == BUS_FATE_OPEN && is_of_another_streak(publisher, outgoing))
		fate = BUS_FATE_OVERTAKING;
	outgoing->batch->references++;
	publisher->memory += outgoing->size;
	publisher->in_flight++;
	if (fate != BUS_FATE_OPEN) {
		settle(publisher, outgoing, fate);
		return;
	}
	*publisher->queue_end = outgoing;
	publisher->queue_end = &outgoing->next;
	if (!publisher->woken) {
		publisher->woken = true;
		bus_connection_wake(&publisher->connection);
	}
}

void bus_publisher_begin(struct bus_publisher *publisher, const struct bus_message *messages, size_t count,
	int64_t deadline_ms, uint64_t streak, struct error *outcomes, struct bus_sending *out)
{
	struct bus_batch *batch = bus_batch_create(count);
	*out = (struct bus_sending){batch, count, deadline_ms, outcomes};
	pthread_mutex_lock(&publisher->lock);
	publisher->callers++;
	pthread_mutex_unlock(&publisher->lock);
	for (size_t i = 0; i < count; i++) {
		struct bus_outgoing *outgoing = NULL;
		error_set(&outcomes[i], ERROR_NONE, NULL);
		int failed = bus_outgoing_create(&messages[i], &outgoing, &outcomes[i]);
		bus_notes_write(publisher->options->notes, &messages[i]);
		LOCK_SCOPE(&publisher->lock);
		if (failed) {
			bus_batch_resolve(batch, i, BUS_FATE_OPEN);
			continue;
		}
		outgoing->batch = batch;
		outgoing->index = i;
		outgoing->deadline_ms = deadline_ms;
		outgoing->streak = streak;
		submit(publisher, outgoing);
	}
}

size_t bus_publisher_end(struct bus_publisher *publisher, struct bus_sending *sending)
{
	LOCK_SCOPE(&publisher->lock);
	bus_batch_wait(sending->batch, &publisher->lock, sending->deadline_ms);
	size_t confirmed = 0;
	for (size_t i = 0; i < sending->count; i++) {
		struct error *outcome = &sending->outcomes[i];
		if (outcome->code == ERROR_NONE)
			bus_batch_outcome(sending->batch, i, outcome);
		confirmed += outcome->code == ERROR_NONE;
	}
	bus_batch_unref(sending->batch);
	if (--publisher->callers == 0)
		pthread_cond_broadcast(&publisher->changed);
	return confirmed;
}

size_t bus_publisher_send_all(struct bus_publisher *publisher, const struct bus_message *messages,
	size_t count, int64_t deadline_ms, struct error *outcomes)
{
	struct bus_sending sending;
	bus_publisher_begin(publisher, messages, count, deadline_ms, 0, outcomes, &sending);
	return bus_publisher_end(publisher, &sending);
}

int bus_publisher_send(struct bus_publisher *publisher, const struct bus_message *message,
	int64_t deadline_ms, struct error *err)
{
	struct error outcome;
	if (bus_publisher_send_all(publisher, message, 1, deadline_ms, &outcome) == 1)
		return 0;
	*err = outcome;
	return -1;
}
