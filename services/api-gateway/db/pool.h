/* SPDX-License-Identifier: MIT */
#ifndef DB_POOL_H
#define DB_POOL_H

/*
 * Connections to PostgreSQL: at most `size` of them, opened when first needed, each belonging to one
 * thread between acquire and release.
 *
 *	CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, deadline_ms, err);
 *	if (!conn)
 *		return -1;
 *
 * A connection that died (server restart, failover) is replaced when it is acquired or before its next
 * statement outside a transaction. While the server is unreachable, attempts are spaced by a backoff; a
 * short outage (DB_PATIENCE_MS) is waited out by those whose deadline allows it, after that callers fail
 * at once instead of piling up. The connection keeps the deadline it was acquired with: no statement on
 * it waits longer.
 */

#include "common/cleanup.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct db_pool;
struct db_conn;

enum { DB_PATIENCE_MS = 5000 };

struct db_pool_options {
	const char *url;              /* DATABASE_URL: a URI or key=value string; copied */
	const char *application_name; /* shown in pg_stat_activity; copied */
	int size;                     /* connections at most; 0: 8 */
	int64_t connect_timeout_ms;   /* one attempt; 0: 5000 */
	int64_t statement_timeout_ms; /* enforced by the server too; 0: 30000, -1: none */
};

/* Connects nothing yet. */
struct db_pool *db_pool_create(const struct db_pool_options *options);
/* Every connection must have been released. NULL is accepted. */
void db_pool_free(struct db_pool *pool);

/* A working connection, waiting for one until the monotonic deadline. NULL and *err: UNAVAILABLE
 * "database unreachable", DEADLINE when all were busy until then. */
MUST_CHECK struct db_conn *db_acquire(struct db_pool *pool, int64_t deadline_ms, struct error *err);
/* For CLEANUP(): rolls back an open transaction and gives the connection back. *conn may be NULL. */
void db_release(struct db_conn **conn);

/* A connection of its own, not counted in the pool, never replaced behind the caller's back: session
 * locks held on it are held as long as its statements do not fail with UNAVAILABLE. Its deadline must be
 * renewed with db_set_deadline(). Released by db_release() too, which closes it. */
MUST_CHECK struct db_conn *db_open_dedicated(struct db_pool *pool, int64_t deadline_ms, struct error *err);
/*
 * One transaction around whatever is done through a pool, for code that knows nothing of it: every db_acquire() of
 * the new pool lends `conn`, transactions there are savepoints (a failed one undoes itself alone), and nothing
 * has happened for others before db_enclosed_commit(). For one thread, and one connection of it at a time. Streams
 * (db_stream) have no savepoint: one that fails ends the whole. NULL and *err as db_begin().
 */
MUST_CHECK struct db_pool *db_enclose(struct db_conn *conn, struct error *err);
/* Both free the pool and leave the connection to its owner. As db_commit() */
MUST_CHECK int db_enclosed_commit(struct db_pool **enclosed, struct error *err);
void db_enclosed_rollback(struct db_pool **enclosed); /* for CLEANUP() too: *enclosed may be NULL */

/* From now on no statement on this connection waits beyond the monotonic deadline. */
void db_set_deadline(struct db_conn *conn, int64_t deadline_ms);

/* One round trip to the server: 0, or -1 and UNAVAILABLE / DEADLINE. For /readyz. */
MUST_CHECK int db_pool_check(struct db_pool *pool, int64_t deadline_ms, struct error *err);

struct db_pool_usage {
	int size, open, busy, waiting;
};
struct db_pool_usage db_pool_usage(struct db_pool *pool);

#endif
