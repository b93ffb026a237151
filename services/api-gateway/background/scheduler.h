/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_SCHEDULER_H
#define BACKGROUND_SCHEDULER_H

/*
 * Brings jobs to an end that nobody waits for: publishes what is due, and looks after jobs whose result is
 * overdue, because a worker or the gateway that waited has died. Every gateway runs one; a job is taken by
 * one of them.
 */

#include <stdint.h>

struct db_pool;
struct job_post;
struct scheduler;
struct spool;

struct scheduler_options { /* all borrowed */
	struct db_pool *pool;
	struct job_post *post;
	struct spool *spool;
	const char *instance;            /* of this gateway */
	const unsigned char *secret_key; /* SEAL_KEY_SIZE */
};

struct scheduler *scheduler_create(const struct scheduler_options *options);
void scheduler_free(struct scheduler *scheduler); /* NULL is accepted */

#endif
