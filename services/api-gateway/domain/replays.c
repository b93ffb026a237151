/* SPDX-License-Identifier: MIT */
#include "domain/replays.h"

#include "db/replay_repo.h"
#include "domain/event_feed.h"
#include "domain/routing_pattern.h"
#include "schemas/bus_names.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255 };

static const char OURS[] = "mediastore.";

static bool is_name(const char *name)
{
	return !name || (*name && strlen(name) <= NAME_MAX_BYTES);
}

/* Whoever consumes from our own queues takes nothing for an event. */
static bool is_ours(const char *name)
{
	return strncmp(name, OURS, strlen(OURS)) == 0 && strcmp(name, BUS_EVENTS) != 0 &&
	       strcmp(name, BUS_EVENTS_FANOUT) != 0;
}

static int choose_target(const struct replay_wish *wish, struct replay_row *row, struct error *err)
{
	if (!is_name(wish->queue) || !is_name(wish->exchange) || !is_name(wish->routing_key))
		return error_set(err, ERROR_INVALID, "names have 1 to %d bytes", NAME_MAX_BYTES);
	if (!wish->queue == (!wish->exchange && !wish->routing_key))
		return error_set(
			err, ERROR_INVALID, "either queue, or exchange and routing_key or one of them");
	if (wish->queue ? is_ours(wish->queue) : wish->exchange && is_ours(wish->exchange))
		return error_set(err, ERROR_INVALID, "what begins with %s is not for replays", OURS);
	row->exchange = wish->queue ? "" : wish->exchange ? wish->exchange : BUS_EVENTS;
	row->routing_key = wish->queue ? wish->queue : wish->routing_key;
	return 0;
}

static int choose_range(struct db_conn *conn, const struct replay_wish *wish, int64_t most,
	struct replay_row *row, int64_t *oldest, struct error *err)
{
	int64_t last;
	if (event_feed_check(conn, wish->after, oldest, &last, err))
		return -1;
	row->after = wish->after;
	row->until = wish->until ? wish->until : last;
	if (row->until > last)
		return error_set(err, ERROR_INVALID, "the latest event has seq %" PRId64, last);
	if (row->until < row->after)
		return error_set(err, ERROR_INVALID, "until lies before after");
	if (row->until - row->after > most)
		return error_set(err, ERROR_TOO_LARGE, "at most %" PRId64 " events in one replay", most);
	return 0;
}

int replays_ask(struct db_conn *conn, const struct replay_wish *wish, int64_t most, struct arena *arena,
	const char **json, int64_t *oldest, struct error *err)
{
	struct replay_row row = {.pattern = wish->pattern, .actor = wish->actor};
	if (choose_target(wish, &row, err) || (wish->pattern && routing_pattern_check(wish->pattern, err)) ||
		choose_range(conn, wish, most, &row, oldest, err))
		return -1;
	return replay_insert(conn, &row, arena, json, err);
}
