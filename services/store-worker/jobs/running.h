/* SPDX-License-Identifier: MIT */
#ifndef JOBS_RUNNING_H
#define JOBS_RUNNING_H

/*
 * The jobs that this worker is running, for what others want to know and to say about them: every two
 * seconds the gateways hear how far each is, and a gateway that cancels a job reaches it here, on a queue of
 * this worker's own that takes what is told to all of them. A job that is cancelled before it comes is
 * remembered for a while. Of one job, this process runs one delivery at a time. Thread-safe.
 */

#include "common/bus.h"
#include "schemas/job_message.h"
#include "store/stream.h"

struct running;

struct running_options {               /* all borrowed */
	const struct bus_options *bus; /* topology included */
	const char *control_queue;
	struct bus_publisher *publisher;
	const char *worker; /* this instance, for people */
};

struct running_job {
	struct transfer_watch watch;
	/* the module's own */
	struct running_job *next;
	const char *id;
	int64_t attempt, begun_ms;
	bool reported; /* gets and the like are too short, and have no row */
};

struct running *running_create(const struct running_options *options);
/* No job may run any more. NULL is accepted. */
void running_free(struct running *running);
bool running_ready(const struct running *running);

/* From now on the job runs; waits while another delivery of it does. The message is borrowed until
 * running_end(). */
void running_begin(struct running *running, const struct job_message *message, struct running_job *job);
void running_end(struct running *running, struct running_job *job);

#endif
