/* SPDX-License-Identifier: MIT */
#ifndef DB_BACKLOG_REPO_H
#define DB_BACKLOG_REPO_H

/* How much is waiting, for those who watch over an installation. */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct db_conn;

struct backlog {
	int64_t events;                /* of committed changes, not yet confirmed by the broker */
	int64_t oldest_ms;             /* age of the oldest of them; 0: none */
	int64_t last_seq;              /* of the events that have been given one */
	int64_t queued, running, dead; /* jobs that are not finished, and those that need somebody */
	int64_t overdue;               /* of the queued ones: should have been handed to a worker by now */
};

MUST_CHECK int backlog_read(struct db_conn *conn, struct backlog *out, struct error *err);
/* The sites of the stores that there are, as text[]; ends with NULL. */
MUST_CHECK int backlog_sites(
	struct db_conn *conn, struct arena *arena, const char *const **out, struct error *err);

#endif
