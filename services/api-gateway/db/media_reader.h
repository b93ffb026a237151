/* SPDX-License-Identifier: MIT */
#ifndef DB_MEDIA_READER_H
#define DB_MEDIA_READER_H

/*
 * Reads of single media, the most frequent request of all. Up to a few of them go to PostgreSQL at a time; what is
 * asked for meanwhile waits and then goes together, in one round trip: the more are asked for at once, the less each
 * costs. Nobody waits for others to come, and a statement begins after each of its reads was asked for, so that
 * everybody sees what was committed before.
 *
 * Any number of threads may read.
 */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct db_pool;
struct media_reader;

/* timeout_ms: for a read, with the waiting. */
struct media_reader *media_reader_create(struct db_pool *pool, int64_t timeout_ms);
/* Nobody may be reading. NULL is accepted. */
void media_reader_free(struct media_reader *reader);

/* As media_read(): 1 / 0 no such pid / -1. */
MUST_CHECK int media_reader_read(struct media_reader *reader, const char *pid, struct arena *arena,
	const char **json, int64_t *version, struct error *err);

#endif
