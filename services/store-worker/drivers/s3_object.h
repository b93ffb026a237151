/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_OBJECT_H
#define DRIVERS_S3_OBJECT_H

/* Whole objects of a bucket: looking, removing, and putting one that is in memory. */

#include "common/error.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>

struct s3_bucket;

/*
 * Every put marks its object with a random word (x-amz-meta-mediastore-put), so that afterwards it can be
 * told from what somebody else wrote under the same key, even if the answer to the put was lost.
 */
enum { S3_MARK_SIZE = 33 };
#define S3_MARK_HEADER "x-amz-meta-mediastore-put"

struct s3_object {
	const char *key;
	const char *content_type; /* NULL: application/octet-stream */
	char mark[S3_MARK_SIZE];
};

void s3_object_init(struct s3_object *object, const char *key, const char *content_type);

/* What HEAD says. `mark` (may be NULL) is given the object's mark, "" when it has none. NOT_FOUND only
 * after the bucket was seen to exist. */
MUST_CHECK int s3_object_stat(const struct s3_bucket *bucket, const char *key, struct object_info *out,
	char mark[S3_MARK_SIZE], struct error *err);
/* A missing object is success. */
MUST_CHECK int s3_object_remove(const struct s3_bucket *bucket, const char *key, struct error *err);
/* One PUT. */
/* `receipt` as in stream.h. */
MUST_CHECK int s3_object_put(const struct s3_bucket *bucket, const struct s3_object *object,
	const void *bytes, size_t length, char *receipt, struct error *err);
/* Looks whether the server now has the object as it was sent. `acknowledged`: the server has said so; then
 * an object that another writer has replaced or removed meanwhile counts as stored too (and servers that
 * are slow to show it may say 404 for a while). Without that, only our own mark proves it. One with our
 * mark but another size is removed again: UNAVAILABLE. */
MUST_CHECK int s3_object_verify(const struct s3_bucket *bucket, const struct s3_object *object, int64_t size,
	bool acknowledged, struct error *err);

#endif
