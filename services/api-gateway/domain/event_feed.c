/* SPDX-License-Identifier: MIT */
#include "domain/event_feed.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "db/outbox_repo.h"
#include "db/pool.h"
#include "domain/routing_pattern.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	BATCH = 100,       /* events asked for at once */
	PAGES = 6,         /* batches kept in memory */
	POLL_MS = 50,      /* while somebody waits */
	IDLE_AFTER = 5000, /* not asked for that long: what is kept is forgotten rather than caught up with */
};

/* Consecutive events: after < seq <= last. */
struct page {
	struct arena *arena;
	struct event_row *events;
	size_t count;
	int64_t after, last;
};

struct event_feed {
	struct event_feed_options options;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t news;
	int64_t followers;
	bool closed, polling;
	int64_t next_poll_ms;
	struct page pages[PAGES]; /* oldest first */
	size_t count;
	int64_t last; /* of the latest page; -1: not known */
};

struct event_feed *event_feed_create(const struct event_feed_options *options)
{
	struct event_feed *feed = memory_alloc(sizeof(*feed));
	feed->options = *options;
	feed->last = -1;
	pthread_mutex_init(&feed->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&feed->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return feed;
}

void event_feed_close(struct event_feed *feed)
{
	if (!feed)
		return;
	LOCK_SCOPE(&feed->lock);
	feed->closed = true;
	pthread_cond_broadcast(&feed->news);
}

static void forget(struct event_feed *feed)
{
	while (feed->count)
		arena_free(feed->pages[--feed->count].arena);
}

void event_feed_free(struct event_feed *feed)
{
	if (!feed)
		return;
	forget(feed);
	pthread_cond_destroy(&feed->news);
	pthread_mutex_destroy(&feed->lock);
	free(feed);
}

int event_feed_check(struct db_conn *conn, int64_t after, int64_t *oldest, int64_t *last, struct error *err)
{
	if (event_span(conn, oldest, last, err))
		return -1;
	if (after + 1 >= *oldest)
		return 0;
	return error_set(err, ERROR_GONE, "the events before %" PRId64 " are no longer kept", *oldest);
}

/* --- following */

int event_follow(struct event_feed *feed, int64_t after, const char *pattern, struct event_follower *out,
	int64_t *oldest, struct error *err)
{
	int64_t last;
	CLEANUP(db_release)
	struct db_conn *conn =
		db_acquire(feed->options.pool, clock_monotonic_ms() + feed->options.timeout_ms, err);
	if (!conn || event_feed_check(conn, after < 0 ? INT64_MAX - 1 : after, oldest, &last, err))
		return -1;
	LOCK_SCOPE(&feed->lock);
	if (feed->followers >= feed->options.followers_max)
		return error_set(err, ERROR_UNAVAILABLE, "too many streams of events at once; try again");
	feed->followers++;
	*out = (struct event_follower){feed, after < 0 ? last : after, pattern};
	return 0;
}

void event_follower_leave(struct event_follower *follower)
{
	if (!follower->feed)
		return;
	LOCK_SCOPE(&follower->feed->lock);
	follower->feed->followers--;
}

struct taking {
	struct event_follower *follower;
	void (*take)(void *context, const struct event_row *event);
	void *context;
};

/* Whether one of them fitted. */
static bool take_page(const struct taking *taking, const struct page *page)
{
	struct event_follower *follower = taking->follower;
	bool some = false;
	for (size_t i = 0; i < page->count; i++) {
		const struct event_row *event = &page->events[i];
		if (event->seq <= follower->after)
			continue;
		follower->after = event->seq;
		if (!routing_pattern_matches(follower->pattern, event->routing_key))
			continue;
		taking->take(taking->context, event);
		some = true;
	}
	return some;
}

static int read_page(struct event_feed *feed, int64_t after, struct page *out, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_release)
	struct db_conn *conn =
		db_acquire(feed->options.pool, clock_monotonic_ms() + feed->options.timeout_ms, err);
	*out = (struct page){.after = after, .last = after};
	int64_t oldest;
	if (!conn || (after < 0 && event_span(conn, &oldest, &out->last, err)) ||
		(after >= 0 && event_list_after(conn, after, BATCH, arena, &out->events, &out->count, err)))
		return -1;
	if (out->count)
		out->last = out->events[out->count - 1].seq;
	out->arena = TAKE(arena);
	return 0;
}

/* Asks for what is new; one thread at a time, which gives the lock away meanwhile. */
static int poll_events(struct event_feed *feed, struct error *err)
{
	struct page page;
	feed->polling = true;
	if (clock_monotonic_ms() > feed->next_poll_ms + IDLE_AFTER) {
		forget(feed);
		feed->last = -1;
	}
	int64_t after = feed->last;
	pthread_mutex_unlock(&feed->lock);
	int result = read_page(feed, after, &page, err);
	pthread_mutex_lock(&feed->lock);
	feed->polling = false;
	feed->next_poll_ms = clock_monotonic_ms() + POLL_MS;
	pthread_cond_broadcast(&feed->news);
	if (result)
		return -1;
	feed->last = page.last;
	if (!page.count) {
		arena_free(page.arena);
		return 0;
	}
	if (feed->count == PAGES) {
		arena_free(feed->pages[0].arena);
		for (size_t i = 1; i < PAGES; i++)
			feed->pages[i - 1] = feed->pages[i];
		feed->count--;
	}
	feed->pages[feed->count++] = page;
	if (page.count == BATCH)
		feed->next_poll_ms = 0;
	return 0;
}

/* Behind what is kept in memory: a page of its own. 1 it took some / 0 none fitted / -1. */
static int catch_up(const struct taking *taking, struct error *err)
{
	struct event_feed *feed = taking->follower->feed;
	struct page page;
	pthread_mutex_unlock(&feed->lock);
	int result = read_page(feed, taking->follower->after, &page, err);
	pthread_mutex_lock(&feed->lock);
	if (result)
		return -1;
	bool some = take_page(taking, &page);
	arena_free(page.arena);
	return some;
}

/* 1 it took some / 0 there is nothing for it now / -1 */
static int look(const struct taking *taking, struct error *err)
{
	struct event_feed *feed = taking->follower->feed;
	if (!feed->polling && clock_monotonic_ms() >= feed->next_poll_ms && poll_events(feed, err))
		return -1;
	int64_t kept_after = feed->count ? feed->pages[0].after : feed->last;
	if (taking->follower->after < kept_after)
		return catch_up(taking, err);
	bool some = false;
	for (size_t i = 0; i < feed->count && !some; i++)
		some = take_page(taking, &feed->pages[i]);
	return some;
}

int event_follower_next(struct event_follower *follower,
	void (*take)(void *context, const struct event_row *event), void *context, int64_t deadline_ms,
	struct error *err)
{
	struct event_feed *feed = follower->feed;
	const struct taking taking = {follower, take, context};
	LOCK_SCOPE(&feed->lock);
	for (;;) {
		if (feed->closed)
			return error_set(err, ERROR_CANCELLED, "this gateway is stopping");
		int64_t before = follower->after;
		int some = look(&taking, err);
		if (some)
			return some;
		if (!clock_left_ms(deadline_ms))
			return 0;
		if (follower->after != before) /* what it passed by did not fit; there may be more */
			continue;
		int64_t now = clock_monotonic_ms(), wait = feed->next_poll_ms;
		if (wait <= now) /* another thread asks */
			wait = now + POLL_MS;
		struct timespec until = clock_timespec(wait < deadline_ms ? wait : deadline_ms);
		pthread_cond_timedwait(&feed->news, &feed->lock, &until);
	}
}
