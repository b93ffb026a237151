/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_MEDIA_UPDATES_H
#define DOMAIN_MEDIA_UPDATES_H

/*
 * Changes of many media at once: each element for itself, one after another, so that a media may be named
 * again. A change of tags, identifiers or metadata is one statement, whatever the number of elements.
 */

#include "db/media_bulk.h"
#include "domain/bulk.h"
#include "domain/caller.h"

struct cJSON;
struct db_pool;
struct transfer;

struct media_updates { /* all borrowed */
	struct db_pool *pool;
	int64_t timeout_ms; /* of each use of the database */
	struct transfer *transfer;
	const struct cJSON *list;  /* checked by its schema */
	const char *const *errors; /* see bulk_init() */
	const char *document;      /* the text that it was parsed from */
	const char
		*if_match; /* value of the header: one of the versions that each media must have; NULL: any */
	struct caller caller;
	struct arena *arena;
};

/* Each: 0, and *out tells of every element; or -1 and nothing was changed: PRECONDITION_FAILED by
 * if_match, UNAVAILABLE... */

MUST_CHECK int media_updates_documents(
	const struct media_updates *updates, enum media_change change, struct bulk *out, struct error *err);

/* [{pid, store_key}]: a READY media only when a worker finds its bytes under the new key. */
MUST_CHECK int media_updates_store_keys(
	const struct media_updates *updates, struct bulk *out, struct error *err);

/* [{pid, new_pid?, pid_type?, store_config?}]: a READY media's store only when a worker finds its bytes
 * there. */
MUST_CHECK int media_updates_identity(
	const struct media_updates *updates, struct bulk *out, struct error *err);

/* [pid] */
MUST_CHECK int media_updates_delete(const struct media_updates *updates, struct bulk *out, struct error *err);

#endif
