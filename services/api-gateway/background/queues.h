/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_QUEUES_H
#define BACKGROUND_QUEUES_H

/*
 * Looks every few seconds at the queues that this installation's stores need: how many workers take from each, how much
 * waits in it. Whoever asks is told what was seen last. Thread-safe.
 */

#include "common/bus.h"

struct buf;
struct db_pool;
struct queues;

/* All borrowed. */
struct queues *queues_create(struct db_pool *pool, const struct bus_options *bus);
void queues_free(struct queues *queues); /* NULL is accepted */

/* Appends a JSON object of the job queues: {"mediastore.jobs.shared.quick.v2": 2, ...}, the number of workers' consumers;
 * nothing has been seen yet: {}. */
void queues_print_workers(struct queues *queues, struct buf *out);
/* Appends gauges in the Prometheus format: consumers and messages of each queue, results and dead letters too. */
void queues_print_metrics(struct queues *queues, struct buf *out);

#endif
