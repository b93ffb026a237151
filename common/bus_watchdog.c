/* SPDX-License-Identifier: MIT */
#include "common/bus_watchdog.h"

#include "common/bus_thread.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Arming happens for every message, so it must not wake the thread: the thread sleeps until the deadline it
 * saw, looks again and goes on sleeping when that has moved. Only a deadline before its next look needs a
 * signal.
 */
struct bus_watchdog {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd;
	int64_t deadline_ms; /* INT64_MAX: disarmed */
	int64_t looks_at_ms; /* when the thread wakes by itself */
	bool fired, tripped, ending;
};

static void shut(struct bus_watchdog *watchdog)
{
	if (watchdog->fd >= 0)
		shutdown(watchdog->fd, SHUT_RDWR);
}

static void *watch(void *argument)
{
	struct bus_watchdog *watchdog = argument;
	LOCK_SCOPE(&watchdog->lock);
	while (!watchdog->ending) {
		if (watchdog->deadline_ms <= clock_monotonic_ms()) {
			shut(watchdog);
			watchdog->fired = true;
			watchdog->deadline_ms = INT64_MAX;
		}
		watchdog->looks_at_ms = watchdog->deadline_ms;
		if (watchdog->looks_at_ms == INT64_MAX) {
			pthread_cond_wait(&watchdog->changed, &watchdog->lock);
			continue;
		}
		struct timespec until = clock_timespec(watchdog->looks_at_ms);
		pthread_cond_timedwait(&watchdog->changed, &watchdog->lock, &until);
	}
	return NULL;
}

struct bus_watchdog *bus_watchdog_create(void)
{
	struct bus_watchdog *watchdog = memory_alloc(sizeof(*watchdog));
	watchdog->fd = -1;
	watchdog->deadline_ms = watchdog->looks_at_ms = INT64_MAX;
	pthread_mutex_init(&watchdog->lock, NULL);
	bus_cond_init(&watchdog->changed);
	bus_thread_start(&watchdog->thread, watch, watchdog);
	return watchdog;
}

void bus_watchdog_free(struct bus_watchdog *watchdog)
{
	if (!watchdog)
		return;
	pthread_mutex_lock(&watchdog->lock);
	watchdog->ending = true;
	pthread_cond_signal(&watchdog->changed);
	pthread_mutex_unlock(&watchdog->lock);
	pthread_join(watchdog->thread, NULL);
	pthread_cond_destroy(&watchdog->changed);
	pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
}

void bus_watchdog_guard(struct bus_watchdog *watchdog, int fd)
{
	LOCK_SCOPE(&watchdog->lock);
	watchdog->fd = fd;
	watchdog->fired = false;
	if (watchdog->tripped)
		shut(watchdog);
}

void bus_watchdog_arm(struct bus_watchdog *watchdog, int limit_ms)
{
	LOCK_SCOPE(&watchdog->lock);
	watchdog->deadline_ms = clock_monotonic_ms() + limit_ms;
	if (watchdog->deadline_ms < watchdog->looks_at_ms) {
		watchdog->looks_at_ms = watchdog->deadline_ms;
		pthread_cond_signal(&watchdog->changed);
	}
}

void bus_watchdog_disarm(struct bus_watchdog *watchdog)
{
	LOCK_SCOPE(&watchdog->lock);
	watchdog->deadline_ms = INT64_MAX;
}

bool bus_watchdog_fired(struct bus_watchdog *watchdog)
{
	LOCK_SCOPE(&watchdog->lock);
	return watchdog->fired;
}

void bus_watchdog_trip(struct bus_watchdog *watchdog)
{
	LOCK_SCOPE(&watchdog->lock);
	watchdog->tripped = true;
	shut(watchdog);
}
