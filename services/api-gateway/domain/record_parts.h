/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RECORD_PARTS_H
#define DOMAIN_RECORD_PARTS_H

/* What the record_*.c files share; nobody else includes it. */

#include "common/error.h"
#include "db/job_repo.h"
#include "domain/job_spec.h"
#include "domain/record.h"

enum { RECORD_GRACE_MS = 60 * 1000 }; /* for those who are still reading an object that is to go */

struct record {
	struct db_conn *conn;
	struct arena *arena;
	const struct result_message *result;
	struct job_row job;
	struct job_spec spec;
	struct db_actor actor;
	enum record_outcome outcome;
	bool dead; /* failed because it is out of attempts: it may be run again */
	struct error failure;
};

/* A background job that deletes this object. Nothing when the store is gone (0) or there is no key (NULL). */
MUST_CHECK int record_delete(
	struct record *record, int64_t store_pk, const char *key, int64_t delay_ms, struct error *err);

#endif
