/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_HAND_OVER_H
#define BACKGROUND_HAND_OVER_H

/*
 * Jobs that were taken (job_take_due(), delivery_take_due()), to the broker together. Each is noted as handed over, or
 * put back for a later time, or has failed for good when what it is about is not there any more.
 */

#include "db/job_repo.h"

struct job_post;
struct spool;

struct hand_over { /* all borrowed */
	struct db_conn *conn;
	struct job_post *post;
	struct spool *spool; /* of jobs that fail; NULL: they have nothing there */
	int64_t until_ms;    /* job_hand_over_until_ms(), from before they were taken */
	/* The message of the row at that place. NOT_FOUND, CONFLICT, GONE: the job fails. */
	int (*compose)(void *context, const struct job_row *row, size_t place, struct arena *arena,
		struct job_message *out, struct error *why);
	void *context;
};

/* -1: what is neither noted nor put back is taken again later. */
MUST_CHECK int hand_over(const struct hand_over *work, const struct job_row *rows, size_t count,
	struct arena *arena, struct error *err);

#endif
