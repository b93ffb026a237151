/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_RELAY_H
#define BACKGROUND_RELAY_H

/*
 * Outbox to broker: one gateway, elected by an advisory lock, gives events their seq, publishes them in
 * that order as CloudEvents 1.0 in binary mode, and marks them published when the broker has confirmed. A
 * broker that is down delays events; it loses none and blocks nobody.
 */

#include <stdint.h>

struct bus_publisher;
struct db_pool;
struct relay;

/* All borrowed. retention_ms: how long published events are kept for replays. */
struct relay *relay_create(struct db_pool *pool, struct bus_publisher *publisher, int64_t retention_ms);
void relay_free(struct relay *relay); /* NULL is accepted */

#endif
