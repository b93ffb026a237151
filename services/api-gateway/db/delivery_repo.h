/* SPDX-License-Identifier: MIT */
#ifndef DB_DELIVERY_REPO_H
#define DB_DELIVERY_REPO_H

/*
 * Deliveries of events to webhooks. Each webhook has a place in the events: in one transaction deliveries and their jobs
 * are made of those after it, and it moves on; so none is skipped, and none is made twice. Each delivery has one
 * job of kind deliver, which is taken from here and not by job_take_due(): a webhook gets only so many at once.
 */

#include "db/job_repo.h"

#include <stddef.h>

/* A webhook that is behind the events, and may have more deliveries waiting. */
struct delivery_cursor {
	int64_t webhook, seq;
	const char *const *events; /* patterns; ends with NULL; none: all */
	const char *pid_pattern;   /* NULL: any */
	int64_t room;              /* for so many */
};
MUST_CHECK int delivery_list_behind(struct db_conn *conn, int64_t pending_max, struct arena *arena,
	struct delivery_cursor **out, size_t *count, struct error *err);

/* What it is decided by. */
struct delivery_event {
	int64_t seq;
	const char *routing_key;
	const char *pid; /* NULL: none */
};
MUST_CHECK int delivery_list_events(struct db_conn *conn, int64_t after, int limit, struct arena *arena,
	struct delivery_event **out, size_t *count, struct error *err);

/* Deliveries of those events (numbers, with commas between) to the webhook, whose place is `seq` now. */
MUST_CHECK int delivery_make(struct db_conn *conn, int64_t webhook, const char *seqs, int64_t attempts,
	int64_t seq, struct error *err);

/* Claims jobs that are due, at most `parallel` of a webhook at once and one of a webhook that failed last; as
 * job_take_due(). *deliveries: of each, by the same index. */
struct delivery_row {
	int64_t pk, webhook, seq;
};
MUST_CHECK int delivery_take_due(struct db_conn *conn, int limit, int parallel, int64_t timeout_ms,
	const char *gateway, struct arena *arena, struct job_row **out, struct delivery_row **deliveries,
	size_t *count, struct error *err);

/* What the target said, or why it said nothing. */
struct delivery_answer {
	int64_t status;     /* HTTP; 0: none */
	const char *answer; /* the beginning of the body; NULL: none */
};
MUST_CHECK int delivery_told(
	struct db_conn *conn, const char *job_id, const struct delivery_answer *answer, struct error *err);
/* final: not tried again. */
MUST_CHECK int delivery_missed(struct db_conn *conn, const char *job_id, bool final,
	const struct delivery_answer *answer, const struct error *why, struct error *err);
/* The webhook of that job's delivery is disabled, if it is active. */
MUST_CHECK int delivery_disable(
	struct db_conn *conn, const char *job_id, const char *reason, struct error *err);
/* Disables webhooks that have failed for so long. */
MUST_CHECK int delivery_disable_failing(
	struct db_conn *conn, int64_t age_ms, int64_t *disabled, struct error *err);
/* The job runs again, and so its delivery waits. */
MUST_CHECK int delivery_reopen(struct db_conn *conn, const char *job_id, struct error *err);

/* A new job for one that has ended: 1 / 0 no such delivery of that webhook / -1: CONFLICT it waits already, GONE its
 * event is no longer kept. Needs a transaction. */
MUST_CHECK int delivery_resend(
	struct db_conn *conn, int64_t webhook, int64_t pk, int64_t attempts, struct error *err);
MUST_CHECK int delivery_read_json(struct db_conn *conn, int64_t webhook, int64_t pk, struct arena *arena,
	const char **json, struct error *err);
/* The newest first, those before the cursor (0: all); state NULL: any. *next is the cursor of the page after, 0: none. */
MUST_CHECK int delivery_list_json(struct db_conn *conn, int64_t webhook, const char *state, int64_t cursor,
	int64_t limit, struct arena *arena, const char **json, int64_t *next, struct error *err);
/* Ended longer ago than that, at most `limit`, with their jobs. */
MUST_CHECK int delivery_delete_old(
	struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err);

struct delivery_backlog {
	int64_t active, failing, disabled; /* webhooks; failing ones are active too */
	int64_t pending, failed;           /* deliveries */
	int64_t behind;                    /* events that the active webhook furthest back has not come to */
};
MUST_CHECK int delivery_backlog_read(struct db_conn *conn, struct delivery_backlog *out, struct error *err);

#endif
