/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_MEDIADATA_H
#define DOMAIN_MEDIADATA_H

/* The rules for what a client says about new media (contract: MediaCreate), after its schema has been
 * checked. */

#include "common/error.h"
#include "db/media_repo.h"
#include "domain/bulk.h"

struct arena;
struct cJSON;
struct db_conn;

struct mediadata {
	struct media_new media;     /* without store_key, content_type, filename; document as given */
	enum store_type store_type; /* of the store named */
	const char *problems;       /* when INVALID: everything that is wrong, as JSON [{"error": message}] */
};

/*
 * Checks pid_type, identifiers and store_config of `json`, and finds or makes the store. `document` is the
 * text that `json` was parsed from; a store that is made is made by that actor. INVALID: "bad pid_type:
 * X", "bad identifier_type: X", "duplicate pid_type in identifiers DO NOT MATCH: …", or what is wrong with
 * the store; err has the first problem, out->problems all.
 */
MUST_CHECK int mediadata_resolve(struct db_conn *conn, const struct cJSON *json, const char *document,
	const struct db_actor *actor, struct arena *arena, struct mediadata *out, struct error *err);

struct media_created;

/*
 * Creates a whole list by the same rules (`errors`: see bulk_init()): `out` tells of each element (CONFLICT: a media with its pid
 * exists already, or is earlier in the list), `created` holds the media made. With `partial` the good ones
 * are kept, else any failure leaves nothing behind.
 */
MUST_CHECK int mediadata_create_many(struct db_conn *conn, const struct cJSON *list,
	const char *const *errors, const char *document, bool partial, const struct db_actor *actor,
	struct arena *arena, struct bulk *out, struct media_created **created, struct error *err);

#endif
