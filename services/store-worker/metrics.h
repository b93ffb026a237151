/* SPDX-License-Identifier: MIT */
#ifndef METRICS_H
#define METRICS_H

/* What the worker counts. Rows of job metrics are kinds (enum job_kind). */

#include "common/metrics.h"

extern struct metric jobs_done, jobs_failed, job_duration, job_bytes_in, job_bytes_out, served_bytes;

/* Appends all of them. */
void metrics_print(struct buf *out);

#endif
