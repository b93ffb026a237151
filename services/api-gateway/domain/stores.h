/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_STORES_H
#define DOMAIN_STORES_H

/* Stores, as clients name them: type, bucket, and for a BucketStore the S3 server. */

#include "domain/scope.h"

#include <stdint.h>

struct cJSON;

struct store_input {
	const char *type;
	const char *bucket;
	const char *s3_url; /* NULL or "": none */
	const char *site;   /* NULL or "": default */
};

/* Reads a StoreCreate that has passed rest/store_create.json; lends the JSON's strings. */
void stores_input_of_json(const struct cJSON *store_config, struct store_input *out);

/* Finds or creates the store, on the caller's connection, which may be in a transaction. INVALID: a type that does not exist, a bucket that
 * could lead out of the store root, an s3_url that is missing, unknown or not wanted, a malformed site. */
MUST_CHECK int stores_ensure(struct db_conn *conn, const struct store_input *input, struct arena *arena,
	int64_t *pk, struct error *err);

/* [Store], by pk. */
MUST_CHECK int stores_list(const struct scope *scope, const char **json, struct error *err);
/* NOT_FOUND */
MUST_CHECK int stores_read(const struct scope *scope, int64_t pk, const char **json, struct error *err);
/* stores_ensure(), then stores_read(). */
MUST_CHECK int stores_create(
	const struct scope *scope, const struct store_input *input, const char **json, struct error *err);
/* NOT_FOUND; CONFLICT: media or jobs are in the way. */
MUST_CHECK int stores_delete(const struct scope *scope, int64_t pk, struct error *err);

#endif
