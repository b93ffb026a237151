/* SPDX-License-Identifier: MIT */
#include "background/relay.h"

#include "background/loop.h"
#include "common/arena.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/outbox_repo.h"
#include "db/pool.h"
#include "schemas/bus_names.h"

#include <string.h>

enum {
	BATCH = 500,
	IDLE_MS = 50,
	NOT_LEADING_MS = 1000,
	TROUBLE_MS = 1000,
	STATEMENT_MS = 30000,
	CONFIRM_MS = 30000,
	CLEAN_EVERY_MS = 60000,
};

static const char SOURCE[] = "/mediastore";

struct relay {
	struct db_pool *pool;
	struct bus_publisher *publisher;
	int64_t retention_ms;
	struct db_conn *conn; /* its session holds the leader's lock */
	bool leading;
	int64_t next_cleaning_ms;
	struct loop *loop;
};

static void step_down(struct relay *relay)
{
	db_release(&relay->conn);
	relay->conn = NULL;
	if (relay->leading)
		log_info("no longer relaying events");
	relay->leading = false;
}

/* 1 leading / 0 not / -1 */
static int lead(struct relay *relay, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + STATEMENT_MS;
	if (!relay->conn)
		relay->conn = db_open_dedicated(relay->pool, deadline, err);
	if (!relay->conn)
		return -1;
	db_set_deadline(relay->conn, deadline);
	if (relay->leading)
		return 1;
	int leads = outbox_try_lead(relay->conn, err);
	if (leads == 1)
		log_info("relaying events");
	relay->leading = leads == 1;
	return leads;
}

enum { ATTRIBUTES = 6 };

/* CloudEvents 1.0, AMQP binding, binary mode: the attributes are headers. */
static void compose(const struct event_row *event, struct arena *arena, struct bus_message *out)
{
	char time[CLOCK_RFC3339_SIZE];
	struct bus_header *headers = arena_alloc(arena, (ATTRIBUTES + 1) * sizeof(*headers));
	struct bus_header values[ATTRIBUTES] = {
		{"cloudEvents:specversion", "1.0"},
		{"cloudEvents:id", event->id},
		{"cloudEvents:source", SOURCE},
		{"cloudEvents:type", arena_printf(arena, "mediastore.%s", event->what)},
		{"cloudEvents:time", arena_strdup(arena, clock_rfc3339(event->time_unix_ms, time))},
		{event->subject ? "cloudEvents:subject" : NULL, event->subject},
	};
	memcpy(headers, values, sizeof(values));
	*out = (struct bus_message){
		.exchange = BUS_EVENTS,
		.routing_key = event->routing_key,
		.message_id = event->id,
		.type = event->what,
		.content_type = "application/json",
		.headers = headers,
		.timestamp_unix_ms = event->time_unix_ms,
		.persistent = true,
		.body = event->body,
		.length = event->body_length,
	};
}

/* Publishes in order; *published is how many of the first ones are confirmed without a gap. */
static int publish(struct relay *relay, const struct event_row *events, size_t count, struct arena *arena,
	size_t *published, struct error *err)
{
	struct bus_message *messages = arena_alloc(arena, count * sizeof(*messages));
	struct error *outcomes = arena_alloc(arena, count * sizeof(*outcomes));
	for (size_t i = 0; i < count; i++)
		compose(&events[i], arena, &messages[i]);
	bus_publisher_send_all(
		relay->publisher, messages, count, clock_monotonic_ms() + CONFIRM_MS, outcomes);
	for (*published = 0; *published < count && outcomes[*published].code == ERROR_NONE;)
		(*published)++;
	if (*published == count)
		return 0;
	*err = outcomes[*published];
	return -1;
}

/* One batch: how many rows were moved or published, -1. */
static int relay_batch(struct relay *relay, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct event_row *events;
	size_t count, published = 0;
	int64_t moved;
	if (outbox_move(relay->conn, BATCH, &moved, err) ||
		event_list_unpublished(relay->conn, BATCH, arena, &events, &count, err))
		return -1;
	if (count == 0)
		return (int)moved;
	int sent = publish(relay, events, count, arena, &published, err);
	db_set_deadline(relay->conn, clock_monotonic_ms() + STATEMENT_MS);
	if (published && event_mark_published(relay->conn, events[published - 1].seq, err))
		return -1;
	return sent ? -1 : (int)count;
}

static void clean(struct relay *relay)
{
	struct error err;
	int64_t deleted;
	if (clock_monotonic_ms() < relay->next_cleaning_ms)
		return;
	relay->next_cleaning_ms = clock_monotonic_ms() + CLEAN_EVERY_MS;
	if (event_delete_old(relay->conn, relay->retention_ms, 10000, &deleted, &err))
		log_warn("old events were not deleted", LOG_ERROR(&err));
}

static int64_t step(void *context)
{
	struct relay *relay = context;
	struct error err;
	int leads = lead(relay, &err);
	if (leads == 0)
		return NOT_LEADING_MS;
	if (leads == 1 && !bus_publisher_ready(relay->publisher))
		return IDLE_MS;
	int done = leads == 1 ? relay_batch(relay, &err) : -1;
	if (done < 0) {
		log_warn("events are delayed", LOG_ERROR(&err));
		step_down(relay);
		return TROUBLE_MS;
	}
	clean(relay);
	return done ? 0 : IDLE_MS;
}

struct relay *relay_create(struct db_pool *pool, struct bus_publisher *publisher, int64_t retention_ms)
{
	struct relay *relay = memory_alloc(sizeof(*relay));
	relay->pool = pool;
	relay->publisher = publisher;
	relay->retention_ms = retention_ms;
	relay->loop = loop_start("relay", step, relay);
	return relay;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	loop_stop(relay->loop);
	step_down(relay);
	free(relay);
}
