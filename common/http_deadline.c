/* SPDX-License-Identifier: MIT */

/*
 * civetweb bounds how long a socket may stand still, not how long a request may take: a client that sends
 * a byte now and then keeps its thread for ever. So when a deadline has passed (and only then) the socket is
 * looked up (http_socket.c) and shut down: for reading, so that the client can still be told, or altogether once the
 * response has begun. The exchange stays on the list, and thus its socket open and the same, while that
 * happens.
 */

#include "common/http_internal.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <string.h>
#include <sys/socket.h>

struct http_watch {
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows, and the exchanges' places in the list */
	pthread_cond_t changed;
	struct http_exchange *exchanges;
	int64_t wakes_ms; /* when the thread looks next; INT64_MAX: when told */
	bool stopping;
};

static void unlink_exchange(struct http_exchange *exchange)
{
	*exchange->watched_link = exchange->watched_next;
	if (exchange->watched_next)
		exchange->watched_next->watched_link = exchange->watched_link;
	exchange->deadline_ms = 0;
}

static void expire(struct http_exchange *exchange)
{
	int fd = http_socket_find(exchange);
	exchange->expired = true;
	unlink_exchange(exchange);
	if (fd >= 0)
		shutdown(fd, exchange->responding ? SHUT_RDWR : SHUT_RD);
}

/* Ends what is over; returns when the next is. */
static int64_t look(struct http_watch *watch)
{
	int64_t now_ms = clock_monotonic_ms(), next_ms = INT64_MAX;
	struct http_exchange *next;
	for (struct http_exchange *exchange = watch->exchanges; exchange; exchange = next) {
		next = exchange->watched_next;
		if (exchange->deadline_ms <= now_ms)
			expire(exchange);
		else if (exchange->deadline_ms < next_ms)
			next_ms = exchange->deadline_ms;
	}
	return next_ms;
}

static void *run(void *context)
{
	struct http_watch *watch = context;
	LOCK_SCOPE(&watch->lock);
	while (!watch->stopping) {
		watch->wakes_ms = look(watch);
		struct timespec until = clock_timespec(watch->wakes_ms);
		if (watch->wakes_ms == INT64_MAX)
			pthread_cond_wait(&watch->changed, &watch->lock);
		else
			pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
	}
	return NULL;
}

struct http_watch *http_watch_create(void)
{
	struct http_watch *watch = memory_alloc(sizeof(*watch));
	watch->wakes_ms = INT64_MAX;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_create(&watch->thread, NULL, run, watch);
	return watch;
}

void http_watch_free(struct http_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopping = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

void http_exchange_set_deadline(struct http_exchange *exchange, int64_t monotonic_ms)
{
	struct http_watch *watch = exchange->server->watch;
	if (!monotonic_ms && !exchange->watched)
		return;
	LOCK_SCOPE(&watch->lock);
	exchange->watched = monotonic_ms != 0;
	if (exchange->deadline_ms)
		unlink_exchange(exchange);
	if (!monotonic_ms)
		return;
	exchange->deadline_ms = monotonic_ms;
	exchange->watched_next = watch->exchanges;
	exchange->watched_link = &watch->exchanges;
	if (watch->exchanges)
		watch->exchanges->watched_link = &exchange->watched_next;
	watch->exchanges = exchange;
	if (monotonic_ms < watch->wakes_ms)
		pthread_cond_signal(&watch->changed);
}
