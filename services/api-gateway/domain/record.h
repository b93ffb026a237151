/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RECORD_H
#define DOMAIN_RECORD_H

/*
 * What a worker's result means for the rows: one transaction per result, the same whether a client's
 * thread waited for it or the shared queue brought it. A result of a job that is finished, cancelled or at
 * another attempt changes nothing, so delivery at least once is enough.
 */

#include "common/error.h"
#include "schemas/job_message.h"

struct arena;
struct db_conn;
struct spool;

enum record_outcome {
	RECORD_DONE, /* put, verify: the media is READY with these bytes; delete: they are gone */
	RECORD_SUPERSEDED, /* the bytes are in the store, but another upload or a delete came first: they go again */
	RECORD_FAILED,    /* finally: *failure says why */
	RECORD_POSTPONED, /* tried again later */
	RECORD_CANCELLED, /* the job had been cancelled: whatever it stored goes again */
	RECORD_IGNORED,   /* the job was not waiting for this result */
};

/* 0: recorded, *outcome is set, and for RECORD_FAILED *failure (which may be NULL when it does not
 * interest). -1: nothing was recorded (UNAVAILABLE, DEADLINE: try again with the same result). */
MUST_CHECK int record_result(struct db_conn *conn, struct spool *spool, const struct result_message *result,
	struct arena *arena, enum record_outcome *outcome, struct error *failure, struct error *err);

/* A job that could not be handed over or is given up, with its consequences, in one transaction. */
MUST_CHECK int record_failure(struct db_conn *conn, struct spool *spool, const char *job_id, int64_t attempt,
	const struct error *why, struct error *err);

/* That attempt will not end: the broker has given the job up. Tried again later, or dead. */
MUST_CHECK int record_lost(struct db_conn *conn, struct spool *spool, const char *job_id, int64_t attempt,
	const struct error *why, struct error *err);

/* Somebody does not want the job any more: cancelled, with the consequences of a failure. NOT_FOUND, CONFLICT
 * (it has finished). The worker that runs it is not told here. */
MUST_CHECK int record_cancel(
	struct db_conn *conn, struct spool *spool, const char *job_id, struct error *err);

/* Running jobs whose result is overdue: tried again, or given up with the consequences, in one
 * transaction. At most `limit`; *count says how many there were. */
MUST_CHECK int record_overdue(
	struct db_conn *conn, struct spool *spool, int limit, size_t *count, struct error *err);

#endif
