/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_AUDITS_H
#define DOMAIN_AUDITS_H

/*
 * Fixity audits: a background job goes through a store page by page (a worker's `list`) and compares what is there
 * with the media that name it. Where it stands is in the job row, with each page's findings in one transaction,
 * so that it goes on after whatever has died. It reports; it changes no media and deletes nothing.
 */

#include "db/job_repo.h"
#include "domain/caller.h"

struct job_spec;
struct record;

struct audit_wish {
	int64_t store_pk;
	bool content;                                 /* each object is read and hashed, else only listed */
	int64_t bytes_per_second, objects_per_second; /* at most; 0: no limit */
};

/* NOT_FOUND; CONFLICT: this store is being audited. */
MUST_CHECK int audits_begin(struct db_conn *conn, const struct audit_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);
/* The message for the next page. */
void audits_compose(const struct job_spec *spec, struct job_message *message);
/* A page has come: noted, and the next one is queued, or the job has succeeded. For record.c. */
MUST_CHECK int audits_record(struct record *record, struct error *err);

#endif
