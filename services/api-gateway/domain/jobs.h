/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_JOBS_H
#define DOMAIN_JOBS_H

/* What people do with jobs: cancel one, run a dead or failed one again. */

#include "common/error.h"

struct arena;
struct bus_publisher;
struct caller;
struct db_conn;
struct spool;

/* The job is over, with the consequences of a failure, and whoever runs it is told to stop. NOT_FOUND,
 * CONFLICT (it has finished). */
MUST_CHECK int jobs_cancel(struct db_conn *conn, struct spool *spool, struct bus_publisher *publisher,
	const char *job_id, struct error *err);

/* Queued anew, its attempts uncounted. A put writes under a new key, and its media is PENDING again. NOT_FOUND,
 * CONFLICT: it is not dead or failed, its bytes were not kept, or its media has moved on. */
MUST_CHECK int jobs_rerun(struct db_conn *conn, struct spool *spool, const char *job_id,
	const struct caller *caller, struct arena *arena, struct error *err);

#endif
