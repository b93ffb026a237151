/* SPDX-License-Identifier: MIT */
#include "domain/presign.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/sigv4.h"

#include <string.h>

const char *presign_secret_context(struct arena *arena, const char *s3_url)
{
	return arena_printf(arena, "s3_config:%s", s3_url);
}

static void release_secret(struct buf *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->capacity);
	buf_release(secret);
}

int presign_url(const unsigned char secret_key[SEAL_KEY_SIZE], const struct store_descriptor *store,
	const char *method, const char *key, int64_t expiry_ms, const struct sigv4_pair *query,
	struct arena *arena, const char **url, struct error *err)
{
	if (store->type != STORE_BUCKET)
		return error_set(
			err, ERROR_UNSUPPORTED, "a %s has no presigned URLs", store_type_name(store->type));
	CLEANUP(release_secret) struct buf secret = {0};
	const char *context = presign_secret_context(arena, store->s3_url);
	if (seal_open(secret_key, context, store->s3_secret_sealed, &secret, err))
		return error_prefix(err, "the S3 credentials of %s: ", store->s3_url);
	struct sigv4_credentials credentials = {store->s3_access_key, secret.data, store->s3_region};
	struct sigv4_request request = {
		.method = method,
		.endpoint = store->s3_url,
		.bucket = store->bucket,
		.key = key,
		.query = query,
		.payload_sha256 = "UNSIGNED-PAYLOAD",
		.now_unix_ms = clock_unix_ms(),
	};
	CLEANUP(buf_release) struct buf signed_url = {0};
	sigv4_presign(&credentials, &request, (int)(expiry_ms / 1000), &signed_url);
	*url = arena_memdup(arena, signed_url.data, signed_url.length);
	return 0;
}
