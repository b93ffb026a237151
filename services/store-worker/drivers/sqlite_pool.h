/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_SQLITE_POOL_H
#define DRIVERS_SQLITE_POOL_H

/*
 * Open connections to one database file, each used by one thread at a time. The file is found as any path
 * store's, below the store root; a connection whose file was moved or replaced is not used again, since what
 * is written there would be lost.
 */

#include "common/error.h"
#include "drivers/place.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct sqlite_connection {
	struct sqlite_connection *next;
	sqlite3 *handle;
	sqlite3_stmt *find, *insert, *remove; /* by key: rowid · key and size · key */
	int64_t limit;                        /* bytes of a row */
};

struct sqlite_pool {
	struct place place;
	bool rollback_journal;
	int64_t timeout_ms;
	pthread_mutex_t lock;
	struct sqlite_connection *idle;
	int idle_count;
	pthread_mutex_t writer; /* this process' writers queue here instead of polling the file */
};

/* Opens nothing yet; the place is the pool's from now on. */
void sqlite_pool_init(
	struct sqlite_pool *pool, struct place place, bool rollback_journal, int64_t timeout_ms);
void sqlite_pool_release(struct sqlite_pool *pool);
/* `make`: a missing file is made. UNAVAILABLE: there is none, or it is no database with objects(key, data). */
MUST_CHECK int sqlite_pool_take(
	struct sqlite_pool *pool, bool make, struct sqlite_connection **out, struct error *err);
/* Ends a transaction that is still open; NULL is accepted. */
void sqlite_pool_give(struct sqlite_pool *pool, struct sqlite_connection *connection);

/* What SQLite's result means. Always returns -1. */
int sqlite_pool_error(sqlite3 *handle, int result, const char *operation, struct error *err);
/* Runs statements without rows. */
MUST_CHECK int sqlite_pool_run(
	struct sqlite_connection *connection, const char *statements, struct error *err);

#endif
