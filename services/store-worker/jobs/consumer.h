/* SPDX-License-Identifier: MIT */
#ifndef JOBS_CONSUMER_H
#define JOBS_CONSUMER_H

/*
 * Takes jobs from some queues and runs them on threads of its own: receive -> unpack -> run -> report -> ack.
 * There is one for each class of jobs, so that none waits behind another, and one for the RAM queues.
 *
 * A delivery is acknowledged only when its result is with the broker; until then a crash makes the broker
 * deliver it again. A message that is no job goes to the dead letters. A result that cannot be published puts
 * its job back after a pause.
 */

#include "common/bus.h"

#include <stdbool.h>
#include <stdint.h>

struct holder;
struct job_consumer;
struct job_environment;
struct precedence;
struct running;

struct job_consumer_options {
	const struct bus_options *bus;
	const char *const *queues; /* ends with NULL */
	int threads;               /* jobs at once; the prefetch of each queue, too */
	int niceness;              /* of these threads: others come first when the processor is short */
	struct precedence *precedence;
	bool waited_for; /* somebody waits for these jobs; the others give way */
	struct bus_publisher *publisher;
	const struct job_environment *environment;
	struct running *running; /* NULL: nobody asks how far jobs are */
	struct holder *holder;   /* for RAM queues, else NULL */
};

/* What the options point to is borrowed and must outlive it. */
struct job_consumer *job_consumer_create(const struct job_consumer_options *options);
bool job_consumer_ready(const struct job_consumer *consumer);
/* Takes no more jobs, gives back those not begun; those begun go on. Returns at once. */
void job_consumer_stop(struct job_consumer *consumer);
/* After stopping: waits for the jobs begun, at most until the monotonic deadline. False: some still run, and
 * it cannot be freed. */
MUST_CHECK bool job_consumer_wait(struct job_consumer *consumer, int64_t deadline_ms);
void job_consumer_free(
	struct job_consumer *consumer); /* after job_consumer_wait() was true; NULL is accepted */

#endif
