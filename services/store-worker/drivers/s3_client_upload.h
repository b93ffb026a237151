/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_CLIENT_UPLOAD_H
#define DRIVERS_S3_CLIENT_UPLOAD_H

/* A multipart upload whose parts a client sends with presigned URLs, as store/multipart.h says: what we know of them is
 * what the server lists (ListParts). */

#include "store/multipart.h"

struct s3_bucket;

MUST_CHECK int s3_client_upload_begin(const struct s3_bucket *bucket, const char *key,
	const char *content_type, struct buf *id, struct error *err);
MUST_CHECK int s3_client_upload_list(const struct s3_bucket *bucket, const char *key, const char *id,
	store_part_fn *visit, void *context, struct error *err);
MUST_CHECK int s3_client_upload_complete(
	const struct s3_bucket *bucket, const char *key, const char *id, int64_t size, struct error *err);
MUST_CHECK int s3_client_upload_abort(
	const struct s3_bucket *bucket, const char *key, const char *id, struct error *err);

#endif
