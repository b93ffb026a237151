/* SPDX-License-Identifier: MIT */
#include "db/pool.h"

#include "common/clock.h"
#include "common/gate.h"
#include "common/memory.h"
#include "db/connection.h"
#include "db/query.h"
#include "db/reconnect.h"

#include <assert.h>
#include <pthread.h>

/* Who waits for a connection, on its thread's stack. */
struct waiter {
	struct waiter *next;
	struct gate served;
	struct db_conn *conn; /* what was handed to it */
};

struct db_pool {
	int size;
	struct reconnect *reconnect;
	pthread_mutex_t lock;
	struct db_conn *idle; /* most recently used first; none while somebody waits */
	struct waiter *first, **end;
	int open, busy, waiting;
	struct db_conn *enclosed; /* db_enclose(): the only connection, and not ours; else NULL */
	struct db_transaction around;
};

struct db_pool *db_pool_create(const struct db_pool_options *options)
{
	struct db_pool *pool = memory_alloc(sizeof(*pool));
	pool->size = options->size ? options->size : 8;
	pool->reconnect = reconnect_create(options);
	pthread_mutex_init(&pool->lock, NULL);
	pool->end = &pool->first;
	return pool;
}

static void conn_free(struct db_conn *conn)
{
	connection_close(conn);
	free(conn);
}

void db_pool_free(struct db_pool *pool)
{
	if (!pool)
		return;
	assert(pool->busy == 0);
	while (pool->idle) {
		struct db_conn *conn = pool->idle;
		pool->idle = conn->next;
		conn_free(conn);
	}
	pthread_mutex_destroy(&pool->lock);
	reconnect_free(pool->reconnect);
	free(pool);
}

static struct db_conn *conn_create(struct db_pool *pool)
{
	struct db_conn *conn = memory_alloc(sizeof(*conn));
	conn->pool = pool;
	conn->reconnect = pool->reconnect;
	return conn;
}

/* --- taking turns. Who comes late waits in a queue and is handed a connection: nobody is woken in vain, nobody
 * overtaken. */

/* An idle connection, or a fresh slot; NULL: the waiter is in the queue. */
static struct db_conn *take_or_queue(struct db_pool *pool, struct waiter *waiter)
{
	LOCK_SCOPE(&pool->lock);
	struct db_conn *conn = pool->idle;
	if (!conn && pool->open >= pool->size) {
		*pool->end = waiter;
		pool->end = &waiter->next;
		pool->waiting++;
		return NULL;
	}
	pool->busy++;
	if (!conn) {
		pool->open++;
		return conn_create(pool);
	}
	pool->idle = conn->next;
	return conn;
}

/* The lock is held. */
static void remove_waiter(struct db_pool *pool, struct waiter **link)
{
	struct waiter *waiter = *link;
	*link = waiter->next;
	if (!waiter->next)
		pool->end = link;
	pool->waiting--;
}

static bool leave_queue(struct db_pool *pool, struct waiter *waiter)
{
	LOCK_SCOPE(&pool->lock);
	struct waiter **link = &pool->first;
	while (*link && *link != waiter)
		link = &(*link)->next;
	if (!*link)
		return false;
	remove_waiter(pool, link);
	return true;
}

/* NULL when all stay busy until the deadline. */
static struct db_conn *take_slot(struct db_pool *pool, int64_t deadline_ms)
{
	struct waiter waiter = {0};
	gate_init(&waiter.served);
	struct db_conn *conn = take_or_queue(pool, &waiter);
	if (conn)
		return conn;
	if (!gate_wait(&waiter.served, deadline_ms) && !leave_queue(pool, &waiter))
		(void)gate_wait(&waiter.served, INT64_MAX); /* it is just being served */
	return waiter.conn;
}

/* To the first in the queue, who connects it again if it is closed. */
static struct waiter *put_back(struct db_pool *pool, struct db_conn *conn)
{
	LOCK_SCOPE(&pool->lock);
	struct waiter *waiter = pool->first;
	if (waiter) {
		remove_waiter(pool, &pool->first);
		return waiter;
	}
	pool->busy--;
	if (conn->pg) {
		conn->next = pool->idle;
		pool->idle = conn;
	} else {
		pool->open--;
		conn_free(conn);
	}
	return NULL;
}

static void give_back(struct db_conn *conn)
{
	if (!conn->pg || PQstatus(conn->pg) != CONNECTION_OK || PQtransactionStatus(conn->pg) != PQTRANS_IDLE)
		connection_close(conn);
	struct waiter *waiter = put_back(conn->pool, conn);
	if (!waiter)
		return;
	waiter->conn = conn;
	gate_open(&waiter->served);
}

static struct db_conn *lend(struct db_pool *pool, int64_t deadline_ms)
{
	pool->enclosed->deadline_ms = deadline_ms;
	return pool->enclosed;
}

struct db_conn *db_acquire(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	if (pool->enclosed)
		return lend(pool, deadline_ms);
	struct db_conn *conn = take_slot(pool, deadline_ms);
	if (!conn) {
		error_set(err, ERROR_DEADLINE, "the database is too busy");
		error_add_cause(err, "all connections of the pool were in use until the deadline");
		return NULL;
	}
	conn->deadline_ms = deadline_ms;
	if (connection_revive(conn, err)) {
		give_back(conn);
		return NULL;
	}
	return conn;
}

void db_release(struct db_conn **held)
{
	struct db_conn *conn = *held;
	if (!conn)
		return;
	*held = NULL;
	connection_rollback(conn);
	if (conn->enclosed)
		return; /* its owner has it still */
	if (conn->dedicated)
		conn_free(conn);
	else
		give_back(conn);
}

struct db_conn *db_open_dedicated(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	struct db_conn *conn = conn_create(pool);
	conn->deadline_ms = deadline_ms;
	if (connection_revive(conn, err)) {
		conn_free(conn);
		return NULL;
	}
	conn->dedicated = true;
	return conn;
}

struct db_pool *db_enclose(struct db_conn *conn, struct error *err)
{
	struct db_transaction around;
	if (db_begin(conn, &around, err))
		return NULL;
	struct db_pool *pool = memory_alloc(sizeof(*pool));
	*pool = (struct db_pool){.size = 1, .open = 1, .enclosed = conn, .around = around};
	conn->enclosed = true;
	return pool;
}

int db_enclosed_commit(struct db_pool **enclosed, struct error *err)
{
	struct db_pool *pool = *enclosed;
	pool->enclosed->enclosed = false;
	int result = db_commit(&pool->around, err);
	db_enclosed_rollback(enclosed);
	return result;
}

void db_enclosed_rollback(struct db_pool **enclosed)
{
	struct db_pool *pool = *enclosed;
	if (!pool)
		return;
	*enclosed = NULL;
	pool->enclosed->enclosed = false;
	db_rollback(&pool->around);
	free(pool);
}

void db_set_deadline(struct db_conn *conn, int64_t deadline_ms)
{
	conn->deadline_ms = deadline_ms;
}

int db_pool_check(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, deadline_ms, err);
	if (!conn)
		return -1;
	return connection_simple(conn, "SELECT 1", err);
}

struct db_pool_usage db_pool_usage(struct db_pool *pool)
{
	LOCK_SCOPE(&pool->lock);
	return (struct db_pool_usage){
		.size = pool->size, .open = pool->open, .busy = pool->busy, .waiting = pool->waiting};
}
