/* SPDX-License-Identifier: MIT */
#ifndef DB_AUDIT_REPO_H
#define DB_AUDIT_REPO_H

/* What audits of stores have found (migrations/041_audits.sql). */

#include "db/query.h"

struct audit_page {
	const char *job_id;
	int64_t store_pk;
	const char *after;     /* the page's objects have keys after that one */
	const char *last;      /* and up to that one; NULL: the page is the last */
	const char *objects;   /* JSON text, as a worker's list gives it */
	int64_t begun_unix_ms; /* before the worker looked */
	int64_t grace_ms;      /* objects younger than that may yet be named */
};
/* Notes what does not agree; *counts: the job's result so far, JSON text. INVALID: no list. */
MUST_CHECK int audit_note_page(struct db_conn *conn, const struct audit_page *page, struct arena *arena,
	const char **counts, struct error *err);

struct audit_query {
	const char *job_id;
	const char *kind;     /* NULL: all */
	int64_t after, limit; /* findings with a higher pk, at most so many */
};
/* *next: the last pk of a page that another follows; 0: none does. 1 / 0 no such job / -1 */
MUST_CHECK int audit_findings_next(
	struct db_conn *conn, const struct audit_query *query, int64_t *next, struct error *err);
/* Row by row: visit() gets one finding as JSON text; non-zero stops and is returned. */
MUST_CHECK int audit_findings(struct db_conn *conn, const struct audit_query *query, db_visit_text_fn *visit,
	void *context, struct error *err);

#endif
