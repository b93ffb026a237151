/* SPDX-License-Identifier: MIT */
#ifndef JOBS_REPORT_H
#define JOBS_REPORT_H

/* Sends the result of a job to whoever waits for it. */

#include "common/error.h"

struct bus_delivery;
struct bus_publisher;
struct job_message;
struct result_message;

/* To the gateway that asked; when that is gone, to whichever takes the shared results, except for the bytes
 * of a get, which nobody else wants. 0: the broker has it, or nobody wants it. UNAVAILABLE, DEADLINE. */
MUST_CHECK int report_result(struct bus_publisher *publisher, const struct bus_delivery *delivery,
	const struct job_message *job, const struct result_message *result, struct error *err);

#endif
