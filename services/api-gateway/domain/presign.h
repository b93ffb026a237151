/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PRESIGN_H
#define DOMAIN_PRESIGN_H

/* URLs by which a client moves bytes between itself and a bucket directly. Pure arithmetic; nothing is
 * looked up. */

#include "common/error.h"
#include "common/seal.h"
#include "schemas/job_message.h"

struct arena;
struct sigv4_pair;

/* The AAD under which a bucket's secret is sealed. */
const char *presign_secret_context(struct arena *arena, const char *s3_url);

/* method is "PUT" or "GET"; query: further parameters, signed too (NULL: none); *url lives in the arena. UNSUPPORTED for
 * stores without presigned URLs. */
MUST_CHECK int presign_url(const unsigned char secret_key[SEAL_KEY_SIZE],
	const struct store_descriptor *store, const char *method, const char *key, int64_t expiry_ms,
	const struct sigv4_pair *query, struct arena *arena, const char **url, struct error *err);

#endif
