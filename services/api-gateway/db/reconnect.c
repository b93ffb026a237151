/* SPDX-License-Identifier: MIT */
#include "db/reconnect.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/connection.h"

#include <pthread.h>

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MOST_MS = 1000 };

struct reconnect {
	struct db_pool_options options; /* our own copies */
	pthread_mutex_t lock;
	pthread_cond_t attempted; /* somebody tried to connect */
	/* an outage: from the first failed attempt to connect to the next that succeeds */
	int64_t outage_since_ms; /* 0: none */
	int64_t next_attempt_ms;
	int64_t backoff_ms;
};

struct reconnect *reconnect_create(const struct db_pool_options *options)
{
	struct reconnect *reconnect = memory_alloc(sizeof(*reconnect));
	reconnect->options = *options;
	reconnect->options.url = memory_strdup(options->url);
	reconnect->options.application_name = memory_strdup(options->application_name);
	if (!reconnect->options.connect_timeout_ms)
		reconnect->options.connect_timeout_ms = 5000;
	if (!reconnect->options.statement_timeout_ms)
		reconnect->options.statement_timeout_ms = 30000;
	reconnect->backoff_ms = BACKOFF_FIRST_MS;
	pthread_mutex_init(&reconnect->lock, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&reconnect->attempted, &attributes);
	pthread_condattr_destroy(&attributes);
	return reconnect;
}

void reconnect_free(struct reconnect *reconnect)
{
	pthread_cond_destroy(&reconnect->attempted);
	pthread_mutex_destroy(&reconnect->lock);
	free((char *)reconnect->options.url);
	free((char *)reconnect->options.application_name);
	free(reconnect);
}

/* Under the lock, until somebody has tried or the time comes. */
static void wait_attempted(struct reconnect *reconnect, int64_t when_ms)
{
	struct timespec when = clock_timespec(when_ms);
	pthread_cond_timedwait(&reconnect->attempted, &reconnect->lock, &when);
}

/* 0: try to connect now. */
static int await_turn(struct reconnect *reconnect, int64_t deadline_ms, struct error *err)
{
	LOCK_SCOPE(&reconnect->lock);
	for (;;) {
		int64_t now = clock_monotonic_ms();
		if (now >= deadline_ms)
			break;
		if (!reconnect->outage_since_ms)
			return 0;
		if (now >= reconnect->next_attempt_ms) {
			reconnect->next_attempt_ms = now + reconnect->options.connect_timeout_ms;
			return 0;
		}
		if (now - reconnect->outage_since_ms > DB_PATIENCE_MS)
			break;
		wait_attempted(reconnect,
			deadline_ms < reconnect->next_attempt_ms ? deadline_ms : reconnect->next_attempt_ms);
	}
	error_set(err, ERROR_UNAVAILABLE, "database unreachable");
	return error_add_cause(err, "waiting for the database to come back");
}

static void note_attempt(struct reconnect *reconnect, bool connected, const struct error *err)
{
	LOCK_SCOPE(&reconnect->lock);
	int64_t now = clock_monotonic_ms();
	if (connected) {
		if (reconnect->outage_since_ms)
			log_info("database reachable again", LOG_INT("ms", now - reconnect->outage_since_ms));
		reconnect->outage_since_ms = 0;
		reconnect->backoff_ms = BACKOFF_FIRST_MS;
	} else {
		if (!reconnect->outage_since_ms) {
			reconnect->outage_since_ms = now;
			log_warn("database unreachable", LOG_ERROR(err));
		}
		reconnect->next_attempt_ms = now + reconnect->backoff_ms;
		int64_t doubled = reconnect->backoff_ms * 2;
		reconnect->backoff_ms = doubled < BACKOFF_MOST_MS ? doubled : BACKOFF_MOST_MS;
	}
	pthread_cond_broadcast(&reconnect->attempted);
}

static int connect_patiently(struct db_conn *conn, struct error *err)
{
	struct reconnect *reconnect = conn->reconnect;
	struct error last = {0};
	while (await_turn(reconnect, conn->deadline_ms, err) == 0) {
		int failed = connection_open(conn, &reconnect->options, conn->deadline_ms, &last);
		note_attempt(reconnect, !failed, &last);
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
