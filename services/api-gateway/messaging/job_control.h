/* SPDX-License-Identifier: MIT */
#ifndef MESSAGING_JOB_CONTROL_H
#define MESSAGING_JOB_CONTROL_H

/* What is told to all workers at once. Best effort: a worker that does not hear it wastes its work, and what
 * it reports is ignored. */

#include "common/error.h"

struct bus_publisher;

/* Whoever runs the job stops at its next buffer. UNAVAILABLE, DEADLINE. */
MUST_CHECK int job_control_cancel(struct bus_publisher *publisher, const char *job_id, struct error *err);

#endif
