/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_REPLAYS_H
#define DOMAIN_REPLAYS_H

/* Which events may be published once more, and where to: never among the jobs, results or requests. */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct db_conn;

struct replay_wish {
	int64_t after, until;                       /* until: 0: up to the latest */
	const char *pattern;                        /* NULL: all */
	const char *queue, *exchange, *routing_key; /* NULL: not given */
	const char *actor;
};

/* *json: the replay as it was recorded. INVALID, GONE (*oldest is set), TOO_LARGE (more than `most`). */
MUST_CHECK int replays_ask(struct db_conn *conn, const struct replay_wish *wish, int64_t most,
	struct arena *arena, const char **json, int64_t *oldest, struct error *err);

#endif
