/* SPDX-License-Identifier: MIT */
#include "db/pool.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/connection.h"

#include <assert.h>
#include <pthread.h>

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MOST_MS = 1000 };

struct db_pool {
	struct db_pool_options options; /* the pool's own copies */
	pthread_mutex_t lock;
	pthread_cond_t returned;  /* a connection came back, or a slot */
	pthread_cond_t attempted; /* somebody tried to connect */
	struct db_conn *idle;     /* most recently used first */
	int open, busy, waiting;
	/* an outage: from the first failed attempt to connect to the next that succeeds */
	int64_t outage_since_ms; /* 0: none */
	int64_t next_attempt_ms;
	int64_t backoff_ms;
};

struct db_pool *db_pool_create(const struct db_pool_options *options)
{
	struct db_pool *pool = memory_alloc(sizeof(*pool));
	pool->options = *options;
	pool->options.url = memory_strdup(options->url);
	pool->options.application_name = memory_strdup(options->application_name);
	if (!pool->options.size)
		pool->options.size = 8;
	if (!pool->options.connect_timeout_ms)
		pool->options.connect_timeout_ms = 5000;
	if (!pool->options.statement_timeout_ms)
		pool->options.statement_timeout_ms = 30000;
	pool->backoff_ms = BACKOFF_FIRST_MS;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->returned, &attributes);
	pthread_cond_init(&pool->attempted, &attributes);
	pthread_condattr_destroy(&attributes);
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
	pthread_cond_destroy(&pool->returned);
	pthread_cond_destroy(&pool->attempted);
	pthread_mutex_destroy(&pool->lock);
	free((char *)pool->options.url);
	free((char *)pool->options.application_name);
	free(pool);
}

/* Waits under the lock until the event or the time comes. */
static void wait_until(struct db_pool *pool, pthread_cond_t *event, int64_t when_ms)
{
	struct timespec when = clock_timespec(when_ms);
	pthread_cond_timedwait(event, &pool->lock, &when);
}

/* 0: try to connect now. During an outage one caller at a time tries, the others wait for what comes of
 * it. */
static int await_turn(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	LOCK_SCOPE(&pool->lock);
	for (;;) {
		int64_t now = clock_monotonic_ms();
		if (now >= deadline_ms)
			break;
		if (!pool->outage_since_ms)
			return 0;
		if (now >= pool->next_attempt_ms) {
			pool->next_attempt_ms = now + pool->options.connect_timeout_ms;
			return 0;
		}
		if (now - pool->outage_since_ms > DB_PATIENCE_MS)
			break;
		wait_until(pool, &pool->attempted,
			deadline_ms < pool->next_attempt_ms ? deadline_ms : pool->next_attempt_ms);
	}
	error_set(err, ERROR_UNAVAILABLE, "database unreachable");
	return error_add_cause(err, "waiting for the database to come back");
}

static void note_attempt(struct db_pool *pool, bool connected, const struct error *err)
{
	LOCK_SCOPE(&pool->lock);
	int64_t now = clock_monotonic_ms();
	if (connected) {
		if (pool->outage_since_ms)
			log_info("database reachable again", LOG_INT("ms", now - pool->outage_since_ms));
		pool->outage_since_ms = 0;
		pool->backoff_ms = BACKOFF_FIRST_MS;
	} else {
		if (!pool->outage_since_ms) {
			pool->outage_since_ms = now;
			log_warn("database unreachable", LOG_ERROR(err));
		}
		pool->next_attempt_ms = now + pool->backoff_ms;
		pool->backoff_ms =
			pool->backoff_ms * 2 < BACKOFF_MOST_MS ? pool->backoff_ms * 2 : BACKOFF_MOST_MS;
	}
	pthread_cond_broadcast(&pool->attempted);
}

static int connect_patiently(struct db_conn *conn, struct error *err)
{
	struct db_pool *pool = conn->pool;
	struct error last = {0};
	while (await_turn(pool, conn->deadline_ms, err) == 0) {
		int failed = connection_open(conn, &pool->options, conn->deadline_ms, &last);
		note_attempt(pool, !failed, &last);
		if (!failed)
			return 0;
	}
	if (last.code)
		*err = last;
	return -1;
}

int connection_revive(struct db_conn *conn, struct error *err)
{
	if (connection_alive(conn))
		return 0;
	connection_close(conn);
	if (conn->dedicated || conn->in_transaction) {
		error_set(err, ERROR_UNAVAILABLE, "database unreachable");
		return error_add_cause(err, "the connection was lost");
	}
	return connect_patiently(conn, err);
}

static struct db_conn *conn_create(struct db_pool *pool)
{
	struct db_conn *conn = memory_alloc(sizeof(*conn));
	conn->pool = pool;
	return conn;
}

/* An idle connection, or a fresh slot; NULL when all stay busy until the deadline. */
static struct db_conn *take_slot(struct db_pool *pool, int64_t deadline_ms)
{
	LOCK_SCOPE(&pool->lock);
	while (!pool->idle && pool->open >= pool->options.size) {
		if (clock_left_ms(deadline_ms) == 0)
			return NULL;
		pool->waiting++;
		wait_until(pool, &pool->returned, deadline_ms);
		pool->waiting--;
	}
	pool->busy++;
	struct db_conn *conn = pool->idle;
	if (conn) {
		pool->idle = conn->next;
		return conn;
	}
	pool->open++;
	return conn_create(pool);
}

static void give_back(struct db_conn *conn)
{
	struct db_pool *pool = conn->pool;
	bool usable = conn->pg && PQstatus(conn->pg) == CONNECTION_OK &&
		      PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
	if (!usable)
		conn_free(conn);
	LOCK_SCOPE(&pool->lock);
	pool->busy--;
	if (usable) {
		conn->next = pool->idle;
		pool->idle = conn;
	} else {
		pool->open--;
	}
	pthread_cond_signal(&pool->returned);
}

struct db_conn *db_acquire(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
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
	if (conn->in_transaction) {
		struct db_transaction tx = {.conn = conn};
		db_rollback(&tx);
	}
	if (conn->dedicated)
		conn_free(conn);
	else
		give_back(conn);
}

struct db_conn *db_open_dedicated(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	struct db_conn *conn = conn_create(pool);
	conn->deadline_ms = deadline_ms;
	if (connect_patiently(conn, err)) {
		conn_free(conn);
		return NULL;
	}
	conn->dedicated = true;
	return conn;
}

void db_set_deadline(struct db_conn *conn, int64_t deadline_ms)
{
	conn->deadline_ms = deadline_ms;
}

int db_pool_check(struct db_pool *pool, int64_t deadline_ms, struct error *err)
{
	static const struct db_statement CHECK = {"db_pool_check", "SELECT 1"};
	CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, deadline_ms, err);
	if (!conn)
		return -1;
	return db_execute(conn, &CHECK, DB_NO_PARAMS, NULL, err);
}

struct db_pool_usage db_pool_usage(struct db_pool *pool)
{
	LOCK_SCOPE(&pool->lock);
	return (struct db_pool_usage){
		.size = pool->options.size, .open = pool->open, .busy = pool->busy, .waiting = pool->waiting};
}
