/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

/* Everything that GET /metrics tells, gathered when it is asked for. */

#include <stdint.h>

struct buf;
struct bus_publisher;
struct budget;
struct db_pool;
struct queues;
struct results;
struct spool;
struct traffic;

struct metrics_parts { /* all borrowed */
	struct db_pool *pool, *lists;
	struct bus_publisher *publisher;
	struct results *results;
	struct spool *spool;
	struct budget *transfers, *bodies;
	struct traffic *traffic;
	struct queues *queues;
};

/* `metrics_parts`: a const struct metrics_parts. What cannot be told (the database is away) is left out; that
 * itself is told. */
void metrics_print(void *metrics_parts, struct buf *out);

#endif
