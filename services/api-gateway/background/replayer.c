/* SPDX-License-Identifier: MIT */
#include "background/replayer.h"

#include "background/loop.h"
#include "common/arena.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/outbox_repo.h"
#include "db/pool.h"
#include "db/replay_repo.h"
#include "domain/event_message.h"
#include "domain/routing_pattern.h"

#include <stdlib.h>

enum {
	BATCH = 200,
	IDLE_MS = 1000,
	RETRY_MS = 500,
	STATEMENT_MS = 15000,
	CONFIRM_MS = 10000,
	LEASE_MS = 60000,
	HISTORY_MS = 7 * 24 * 3600 * 1000,
	FAILURES_MAX = 20, /* in a row, as a broker that restarts makes them */
};

struct replayer {
	struct db_pool *pool;
	const struct bus_options *bus;
	struct bus_publisher *publisher; /* while there is work */
	struct arena *arena;             /* of the present replay; NULL: none */
	struct replay_row row;
	int failures;
	struct loop *loop;
};

static void put_down(struct replayer *replayer)
{
	if (replayer->publisher)
		bus_publisher_free(replayer->publisher, clock_monotonic_ms() + RETRY_MS);
	replayer->publisher = NULL;
	arena_free(replayer->arena);
	replayer->arena = NULL;
}

/* 1 / 0 / -1 */
static int take_up(struct replayer *replayer, struct db_conn *conn, struct error *err)
{
	struct arena *arena = arena_create();
	int found = replay_take(conn, LEASE_MS, arena, &replayer->row, err);
	if (found != 1) {
		arena_free(arena);
		return found < 0 || replay_delete_old(conn, HISTORY_MS, err) ? -1 : 0;
	}
	replayer->arena = arena;
	replayer->publisher = bus_publisher_create(replayer->bus);
	replayer->failures = 0;
	return 1;
}

static struct bus_message compose(
	const struct replay_row *row, const struct event_row *event, struct arena *arena)
{
	struct bus_message message;
	event_message(event, arena, &message);
	message.exchange = row->exchange;
	if (row->routing_key)
		message.routing_key = row->routing_key;
	message.mandatory = true;
	return message;
}

/* How many of the events fit, from which on *failed names what was not confirmed. */
static size_t publish(struct replayer *replayer, const struct event_row *events, size_t count,
	struct arena *arena, int64_t *done, struct error *failed)
{
	struct bus_message *messages = arena_alloc(arena, (count + 1) * sizeof(*messages));
	struct error *outcomes = arena_alloc(arena, (count + 1) * sizeof(*outcomes));
	size_t *places = arena_alloc(arena, (count + 1) * sizeof(*places)), fitting = 0, confirmed = 0;
	for (size_t i = 0; i < count && events[i].seq <= replayer->row.until; i++) {
		*done = events[i].seq;
		if (!routing_pattern_matches(replayer->row.pattern, events[i].routing_key))
			continue;
		messages[fitting] = compose(&replayer->row, &events[i], arena);
		places[fitting++] = i;
	}
	bus_publisher_send_all(
		replayer->publisher, messages, fitting, clock_monotonic_ms() + CONFIRM_MS, outcomes);
	while (confirmed < fitting && outcomes[confirmed].code == ERROR_NONE)
		confirmed++;
	*failed = (struct error){.code = ERROR_NONE};
	if (confirmed < fitting) {
		*failed = outcomes[confirmed];
		*done = events[places[confirmed]].seq - 1;
	}
	return confirmed;
}

/* What the broker said: 0 it is to be tried again / 1 the replay has failed / -1. */
static int judge(
	struct replayer *replayer, struct db_conn *conn, const struct error *failed, struct error *err)
{
	bool hopeless = failed->code == ERROR_NOT_FOUND || ++replayer->failures >= FAILURES_MAX;
	if (!hopeless)
		return 0;
	const char *why = failed->code == ERROR_NOT_FOUND ? "no queue takes it" : failed->cause;
	log_warn("replay failed", LOG_INT("replay", replayer->row.pk), LOG_STR("cause", why));
	return replay_end(conn, replayer->row.pk, why, err) ? -1 : 1;
}

/* One batch: 1 there is more / 0 it is to be tried again later / 2 the replay has ended / -1. */
static int advance(struct replayer *replayer, struct db_conn *conn, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct replay_row *row = &replayer->row;
	struct event_row *events;
	struct error failed;
	size_t count;
	int64_t done = row->done;
	if (event_list_after(conn, row->done, BATCH, arena, &events, &count, err))
		return -1;
	size_t published = publish(replayer, events, count, arena, &done, &failed);
	bool ended = failed.code == ERROR_NONE && (!count || events[count - 1].seq >= row->until);
	if (ended)
		done = row->until;
	if (replay_advance(conn, row->pk, done, (int64_t)published, LEASE_MS, err))
		return -1;
	row->done = done;
	if (published)
		replayer->failures = 0;
	if (ended)
		return replay_end(conn, row->pk, NULL, err) ? -1 : 2;
	if (failed.code == ERROR_NONE)
		return 1;
	int judged = judge(replayer, conn, &failed, err);
	return judged == 1 ? 2 : judged;
}

static int64_t step(void *context)
{
	struct replayer *replayer = context;
	struct error err;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(replayer->pool, clock_monotonic_ms() + STATEMENT_MS, &err);
	int done = conn ? 1 : -1;
	if (done == 1 && !replayer->arena)
		done = take_up(replayer, conn, &err);
	if (done == 0)
		return IDLE_MS;
	if (done == 1 && !bus_publisher_ready(replayer->publisher) && ++replayer->failures < FAILURES_MAX)
		return RETRY_MS;
	if (done == 1)
		done = advance(replayer, conn, &err);
	if (done < 0)
		log_warn("a replay is delayed", LOG_ERROR(&err));
	if (done < 0 || done == 2)
		put_down(replayer);
	return done < 0 ? IDLE_MS : done == 0 ? RETRY_MS : 0;
}

struct replayer *replayer_create(struct db_pool *pool, const struct bus_options *bus)
{
	struct replayer *replayer = memory_alloc(sizeof(*replayer));
	replayer->pool = pool;
	replayer->bus = bus;
	replayer->loop = loop_start("replayer", step, replayer);
	return replayer;
}

void replayer_free(struct replayer *replayer)
{
	if (!replayer)
		return;
	loop_stop(replayer->loop);
	put_down(replayer);
	free(replayer);
}
