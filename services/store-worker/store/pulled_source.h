/* SPDX-License-Identifier: MIT */
#ifndef STORE_PULLED_SOURCE_H
#define STORE_PULLED_SOURCE_H

/*
 * A source whose bytes something pushes: a download, the get of another store. The pushing runs on a thread
 * of its own, started by the first read, with a bounded pipe between; whichever side fails or stops ends the
 * other. Rewinding ends the pushing and starts it again.
 */

#include "store/stream.h"

#include <pthread.h>
#include <stdbool.h>

struct pipe;

struct pulled_source {
	struct source base;
	/* Pushes all bytes to the sink: 0, or -1 and *err. Must not wait for ever, since releasing the source
	 * waits for it. */
	int (*push)(void *context, struct sink *sink, struct error *err);
	void *context;
	int64_t timeout_ms;
	struct pipe *pipe; /* NULL: not running */
	struct {
		struct sink base;
		struct pipe *pipe;
	} sink;
	pthread_t thread;
};

/* `context` is borrowed. timeout_ms: for each wait of one side for the other; longer than what push() itself
 * allows its peer. */
void pulled_source_init(struct pulled_source *source,
	int (*push)(void *context, struct sink *sink, struct error *err), void *context, int64_t size,
	int64_t timeout_ms);
/* Ends the pushing, if it still runs. */
void pulled_source_release(struct pulled_source *source);

#endif
