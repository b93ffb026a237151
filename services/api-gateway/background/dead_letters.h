/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_DEAD_LETTERS_H
#define BACKGROUND_DEAD_LETTERS_H

/*
 * What the broker gives up: a background job whose workers died again and again, or that no worker could
 * read, is tried again later or dead at once. Whatever else lies among the dead letters is for people and
 * moves to mediastore.dead.parked.
 */

#include "common/error.h"

struct arena;
struct bus_delivery;
struct bus_publisher;
struct db_pool;
struct spool;

struct dead_letter_parts { /* all borrowed */
	struct db_pool *pool;
	struct spool *spool;
	struct bus_publisher *publisher;
};

/* 0: it is taken care of, and can be acknowledged. UNAVAILABLE, DEADLINE: later. */
MUST_CHECK int dead_letter_record(const struct dead_letter_parts *parts, const struct bus_delivery *delivery,
	struct arena *arena, struct error *err);

#endif
