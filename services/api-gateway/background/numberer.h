/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_NUMBERER_H
#define BACKGROUND_NUMBERER_H

/*
 * From the outbox to the events: one gateway gives each change its seq, without gaps, whether the broker is
 * there or not, and forgets published events that are older than they are kept. From then on they can be read
 * over REST, and the relay publishes them.
 */

#include <stdint.h>

struct db_pool;
struct numberer;

/* Borrowed. retention_ms: how long published events are kept for replays. */
struct numberer *numberer_create(struct db_pool *pool, int64_t retention_ms);
void numberer_free(struct numberer *numberer); /* NULL is accepted */

#endif
