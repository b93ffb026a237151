/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_STORES_H
#define DOMAIN_STORES_H

/* Stores, as clients name them: type, bucket, and for a BucketStore the S3 server. */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct cJSON;
struct db_actor;
struct db_conn;

struct store_input {
	const char *type, *bucket;
	const char *s3_url, *site;    /* NULL or "": none, default */
	const struct db_actor *maker; /* see struct store_key */
};

/* Reads a StoreCreate that has passed rest/store_input.json; lends the JSON's strings. */
void stores_input_of_json(const struct cJSON *store_config, struct store_input *out);

/* Finds or creates the store, on the caller's connection, which may be in a transaction. INVALID: a type that
 * does not exist, a bucket that could lead out of the store root, an s3_url that is missing, unknown or not
 * wanted, a malformed site. */
MUST_CHECK int stores_ensure(struct db_conn *conn, const struct store_input *input, struct arena *arena,
	int64_t *pk, struct error *err);

/* The same, and tells all about the store: one round trip for a store that exists and is no BucketStore. */
struct store_descriptor;
MUST_CHECK int stores_resolve(struct db_conn *conn, const struct store_input *input, struct arena *arena,
	struct store_descriptor *out, struct error *err);

/* The Store as JSON. NOT_FOUND */
MUST_CHECK int stores_read(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err);
/* NOT_FOUND; CONFLICT: media or jobs are in the way. */
MUST_CHECK int stores_delete(struct db_conn *conn, int64_t pk, struct error *err);

#endif
