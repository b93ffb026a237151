/* SPDX-License-Identifier: MIT */
#ifndef DB_JOB_LIST_H
#define DB_JOB_LIST_H

/* Lists of jobs, the newest first, page by page: a page begins after a job, whatever has come or gone since. */

#include "db/query.h"

struct job_query {
	const char *states, *kinds; /* text[] literals; NULL: all */
	const char *class, *pid;    /* NULL: all */
	int64_t store_pk;           /* from or to; 0: all */
	const char *since,
		*until;     /* times as PostgreSQL reads them (INVALID when it cannot): created not before,
				       before; NULL: none */
	const char *cursor; /* of job_list_next(); NULL: from the newest */
	int64_t limit;
};

enum { JOB_CURSOR_SIZE = 64 };

/* Where the page after this one begins: 1 / 0 this is the last / -1. INVALID: the query's cursor is none. */
MUST_CHECK int job_list_next(
	struct db_conn *conn, const struct job_query *query, char out[JOB_CURSOR_SIZE], struct error *err);
/* Row by row: visit() gets one job as JSON text; non-zero stops and is returned. */
MUST_CHECK int job_list(struct db_conn *conn, const struct job_query *query, db_visit_text_fn *visit,
	void *context, struct error *err);

#endif
