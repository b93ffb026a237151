/* SPDX-License-Identifier: MIT */
#include "background/relay.h"

#include "background/duty.h"
#include "background/loop.h"
#include "common/arena.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/metrics.h"
#include "db/pool.h"
#include "domain/event_message.h"

#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 250, /* four of them fill the window */
	FLIGHTS = 4,
	IDLE_MS = 25,
	TROUBLE_MS = 1000,
	CONFIRM_MS = 10000,
};

METRIC_DEFINE(relay_events, COUNTER, "mediastore_gateway_events_relayed_total",
	"Events that this gateway has published and the broker confirmed.");
METRIC_DEFINE(relay_leading, GAUGE, "mediastore_gateway_relaying",
	"1: this gateway is the one that relays events.");

/* A batch that was given to the publisher. */
struct flight {
	struct arena *arena;
	struct event_row *events;
	size_t count;
	struct bus_sending sending;
};

struct relay {
	struct duty duty;
	struct bus_publisher *publisher;
	bool knows;      /* of published and sent */
	int64_t sent;    /* the last seq that was given to the publisher */
	uint64_t streak; /* of the publisher, when nothing was flying: what is lost must not be overtaken */
	struct flight flights[FLIGHTS];
	size_t flying; /* the first so many, oldest first */
	struct loop *loop;
};

/* Reads the next batch and gives it to the publisher. 1 / 0 there is none / -1. */
static int launch(struct relay *relay, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct flight flight = {0};
	if (event_list_after(relay->duty.conn, relay->sent, BATCH, arena, &flight.events, &flight.count, err))
		return -1;
	if (!flight.count)
		return 0;
	struct bus_message *messages = arena_alloc(arena, flight.count * sizeof(*messages));
	struct error *outcomes = arena_alloc(arena, flight.count * sizeof(*outcomes));
	for (size_t i = 0; i < flight.count; i++)
		event_message(&flight.events[i], arena, &messages[i]);
	bus_publisher_begin(relay->publisher, messages, flight.count, clock_monotonic_ms() + CONFIRM_MS,
		relay->streak, outcomes, &flight.sending);
	relay->sent = flight.events[flight.count - 1].seq;
	flight.arena = TAKE(arena);
	relay->flights[relay->flying++] = flight;
	return 1;
}

/* Notes which of a batch's first events are confirmed without a gap. */
static int note_confirmed(struct relay *relay, const struct flight *flight, struct error *err)
{
	size_t confirmed = 0;
	while (confirmed < flight->count && flight->sending.outcomes[confirmed].code == ERROR_NONE)
		confirmed++;
	db_set_deadline(relay->duty.conn, clock_monotonic_ms() + DUTY_STATEMENT_MS);
	if (confirmed && event_mark_published(relay->duty.conn, flight->events[confirmed - 1].seq, err))
		return -1;
	metric_add(&relay_events, 0, (int64_t)confirmed);
	if (confirmed == flight->count)
		return 0;
	*err = flight->sending.outcomes[confirmed];
	return -1;
}

/* Waits for the oldest batch. */
static int land(struct relay *relay, struct error *err)
{
	struct flight flight = relay->flights[0];
	memmove(relay->flights, relay->flights + 1, --relay->flying * sizeof(flight));
	bus_publisher_end(relay->publisher, &flight.sending);
	int result = note_confirmed(relay, &flight, err);
	arena_free(flight.arena);
	return result;
}

/* What else is on its way may arrive or not: it is sent again. */
static void give_up(struct relay *relay)
{
	while (relay->flying) {
		struct flight *flight = &relay->flights[--relay->flying];
		bus_publisher_end(relay->publisher, &flight->sending);
		arena_free(flight->arena);
	}
	relay->knows = false;
}

/* 1 something was done / 0 nothing is to be done / -1. */
static int advance(struct relay *relay, struct error *err)
{
	if (!relay->knows && event_published(relay->duty.conn, &relay->sent, err))
		return -1;
	relay->knows = true;
	if (!relay->flying)
		relay->streak = bus_publisher_streak(relay->publisher);
	int launched = launch(relay, err);
	if (launched < 0)
		return -1;
	if (relay->flying == FLIGHTS || (!launched && relay->flying))
		return land(relay, err) ? -1 : 1;
	return launched;
}

static int64_t step(void *context)
{
	struct relay *relay = context;
	struct error err;
	int leads = duty_take(&relay->duty, &err);
	metric_set(&relay_leading, 0, leads == 1);
	if (leads == 0)
		return DUTY_ASK_AGAIN_MS;
	if (leads == 1 && !relay->flying && !bus_publisher_ready(relay->publisher))
		return IDLE_MS;
	int done = leads == 1 ? advance(relay, &err) : -1;
	if (done >= 0)
		return done ? 0 : IDLE_MS;
	log_warn("events are delayed", LOG_ERROR(&err));
	give_up(relay);
	duty_leave(&relay->duty);
	return TROUBLE_MS;
}

struct relay *relay_create(struct db_pool *pool, struct bus_publisher *publisher)
{
	struct relay *relay = memory_alloc(sizeof(*relay));
	relay->duty = (struct duty){.pool = pool, .which = OUTBOX_PUBLISHES, .what = "relaying events"};
	relay->publisher = publisher;
	relay->loop = loop_start("relay", step, relay);
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	loop_stop(relay->loop);
	give_up(relay);
	duty_leave(&relay->duty);
	free(relay);
}
