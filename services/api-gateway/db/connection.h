/* SPDX-License-Identifier: MIT */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

/*
 * Inside db/: one PGconn and what we know about it. Always non-blocking: every wait is a poll() up to the
 * connection's deadline. reconnect.h says when it is opened; the callers' side is pool.h and query.h.
 */

#include "db/pool.h"
#include "db/query.h"

#include <libpq-fe.h>

enum { DB_PREPARED_SLOTS = 512, DB_CONSTRAINT_SIZE = 64 };

struct db_conn {
	PGconn *pg; /* NULL: not connected */
	struct db_pool *pool;
	struct reconnect *reconnect; /* the pool's */
	struct db_conn *next;        /* in the pool's idle list */
	int64_t deadline_ms;
	int64_t seen_alive_ms; /* when it was last looked at */
	bool dedicated;        /* never replaced */
	bool unlimited;        /* the server has no timeout for its statements */
	bool in_transaction;   /* begun, and not yet ended by us, whatever became of the server */
	bool enclosed;         /* its transaction is db_enclose()'s: what others begin is a savepoint in it */
	bool in_savepoint;
	char constraint[DB_CONSTRAINT_SIZE];
	const struct db_statement *prepared[DB_PREPARED_SLOTS]; /* open addressing, by address */
};

/* Opens and sets up conn->pg. -1: UNAVAILABLE with libpq's words as the cause. */
MUST_CHECK int connection_open(
	struct db_conn *conn, const struct db_pool_options *options, int64_t deadline_ms, struct error *err);
void connection_close(struct db_conn *conn);
/* Nothing bad is known of it, and the server has not hung up, as far as one system call tells; what was seen a
 * moment ago is taken for true. */
bool connection_alive(struct db_conn *conn);
/* Ends a transaction that is open, if any (enclosed: the savepoint); closes the connection if that fails. */
void connection_rollback(struct db_conn *conn);

/* The last result of what was sent (the first bad one, if any), when the connection is ready for the next
 * statement; UNAVAILABLE or DEADLINE closes the connection. */
MUST_CHECK int connection_finish(struct db_conn *conn, PGresult **out, struct error *err);
/* The next result of what was sent; *out NULL at the end. Errors as above. */
MUST_CHECK int connection_next(struct db_conn *conn, PGresult **out, struct error *err);
/* Sends simple SQL and takes its result; checks it. */
MUST_CHECK int connection_simple(struct db_conn *conn, const char *sql, struct error *err);
/* 0 for a good result; else translates it, remembers the constraint, -1. */
MUST_CHECK int connection_check(
	struct db_conn *conn, const PGresult *result, const char *name, struct error *err);

bool connection_is_prepared(const struct db_conn *conn, const struct db_statement *statement);
void connection_set_prepared(struct db_conn *conn, const struct db_statement *statement);

void connection_result_cleanup(PGresult **result);

#endif
