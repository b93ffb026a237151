/* SPDX-License-Identifier: MIT */
#ifndef MESSAGING_JOB_POST_H
#define MESSAGING_JOB_POST_H

/*
 * Hands jobs to the workers: packs a job, publishes it to the queue of those who can reach its store, and,
 * for jobs that somebody waits for, waits for the result on this gateway's own reply queue. Jobs of class
 * quick and stream are transient and expire with their deadline; background jobs are durable and answer to
 * the shared results queue. Thread-safe.
 */

#include "common/bus.h"
#include "schemas/job_message.h"

struct arena;
struct job_post;
struct replies;

struct job_post_options {              /* all borrowed */
	const struct bus_options *bus; /* for looking whether anybody serves a queue */
	struct bus_publisher *publisher;
	struct replies *replies;
	const char *reply_queue;
	int64_t patience_ms; /* without an answer for that long: is there a worker at all? */
};

struct job_post *job_post_create(const struct job_post_options *options);
void job_post_free(struct job_post *post);

/* Connected to a broker that takes messages: otherwise UNAVAILABLE, before any work is done for nothing. */
MUST_CHECK int job_post_check(struct job_post *post, struct error *err);

/* Publishes the job and waits until its deadline (job->deadline_unix_ms, which must be set). 0: the worker
 * has answered, with success or not: *result, lent by *delivery, which the caller settles. -1: UNAVAILABLE
 * (not sent, no worker serves the store's queue), DEADLINE (no answer: the job may still be done). */
MUST_CHECK int job_post_and_wait(struct job_post *post, const struct job_message *job,
	const char *traceparent, struct arena *arena, struct bus_delivery **delivery,
	struct result_message *result, struct error *err);

/* Publishes background jobs durably, all of them on their way at once, and waits for their confirms, no longer than
 * until_ms (clock_monotonic_ms; see job_hand_over_until_ms()). outcomes[i] is ERROR_NONE or says why not, as above. */
void job_post_background(struct job_post *post, const struct job_message *jobs, size_t count,
	int64_t until_ms, struct error *outcomes);

/* What a gateway took and did not note as handed over by then, it died with: it is taken again. */
enum { JOB_HAND_OVER_MS = 30 * 1000 };

/* Until when those who take jobs now may publish them, so that each is noted well before it is taken again. */
int64_t job_hand_over_until_ms(void);

#endif
