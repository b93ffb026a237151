/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_DELIVERER_H
#define BACKGROUND_DELIVERER_H

/*
 * Webhooks: one gateway walks the events, makes deliveries of them, and hands their jobs to the workers, a few of each
 * webhook at a time; it disables webhooks that have failed for too long, and forgets what ended long ago. All of it
 * is in the database: another gateway goes on where this one has died.
 */

#include <stdint.h>

struct db_pool;
struct deliverer;
struct job_post;

struct deliverer_options { /* all borrowed */
	struct db_pool *pool;
	struct job_post *post;
	const char *instance;     /* of this gateway */
	int64_t pending_max;      /* of one webhook: what is beyond waits as events */
	int parallel;             /* of one webhook at once */
	int64_t disable_after_ms; /* without one success */
	int64_t retention_ms;     /* of deliveries that have ended */
};

struct deliverer *deliverer_create(const struct deliverer_options *options);
void deliverer_free(struct deliverer *deliverer); /* NULL is accepted */

#endif
