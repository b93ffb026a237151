/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_EVENT_FEED_H
#define DOMAIN_EVENT_FEED_H

/*
 * The events as they come, for any number of threads that follow them. The latest are kept in memory, a
 * bounded number; whoever is behind these reads pages from the database. New ones are asked for by one of
 * the threads that wait, for all of them, and only while some wait: following costs no connection and no
 * thread of its own. Thread-safe.
 */

#include "common/error.h"

#include <stdint.h>

struct buf;
struct db_conn;
struct db_pool;
struct event_feed;
struct event_row;

struct event_feed_options {
	struct db_pool *pool; /* borrowed */
	int64_t timeout_ms;   /* of what is asked of the database */
	int64_t followers_max;
};

struct event_feed *event_feed_create(const struct event_feed_options *options);
/* Whoever follows hears CANCELLED, now and from now on. */
void event_feed_close(struct event_feed *feed);
void event_feed_free(struct event_feed *feed); /* nobody may follow; NULL is accepted */

/* How many events there may be more than are kept: GONE, naming the oldest, when one after `after` was
 * deleted. *last: the latest seq. */
MUST_CHECK int event_feed_check(
	struct db_conn *conn, int64_t after, int64_t *oldest, int64_t *last, struct error *err);

struct event_follower {
	struct event_feed *feed;
	int64_t after;       /* the last seq that was looked at */
	const char *pattern; /* of routing keys; NULL: all */
};

/* after: -1 for what comes from now on. UNAVAILABLE: too many follow already; GONE as above, *oldest is set. */
MUST_CHECK int event_follow(struct event_feed *feed, int64_t after, const char *pattern,
	struct event_follower *out, int64_t *oldest, struct error *err);
/* Also for CLEANUP(). */
void event_follower_leave(struct event_follower *follower);
/* Calls take() for each event that fits, in order, for some of them. 1 / 0 none came until the monotonic
 * deadline / -1 CANCELLED (the feed is closed), or the database's error. take() must be quick: it is called
 * under the feed's lock. */
MUST_CHECK int event_follower_next(struct event_follower *follower,
	void (*take)(void *context, const struct event_row *event), void *context, int64_t deadline_ms,
	struct error *err);

#endif
