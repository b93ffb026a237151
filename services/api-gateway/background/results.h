/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_RESULTS_H
#define BACKGROUND_RESULTS_H

/*
 * What comes back about jobs. Results come in on two queues: this gateway's own (jobs that one of its threads
 * waits for) and the shared one (background jobs, and whatever its own gateway no longer takes). A result goes
 * to the thread that waits for it; if none does, it is recorded by threads of this module and then
 * acknowledged. A database that is down delays the acknowledgement, so nothing is lost. Beside them the
 * progress of jobs that last, and the dead letters: jobs that the broker has given up.
 */

#include "common/bus.h"

struct db_pool;
struct replies;
struct results;
struct spool;

struct results_options {               /* all borrowed */
	const struct bus_options *bus; /* topology included */
	const char *reply_queue;
	struct replies *replies;
	struct db_pool *pool;
	struct spool *spool;
	struct bus_publisher *publisher; /* for dead letters that are to be kept for people */
};

struct results *results_create(const struct results_options *options);
/* Stops receiving, finishes what has been received. NULL is accepted. */
void results_free(struct results *results);
bool results_ready(struct results *results);

#endif
