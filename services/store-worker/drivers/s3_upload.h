/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_UPLOAD_H
#define DRIVERS_S3_UPLOAD_H

/*
 * Puts what a source gives under a key: in one PUT when it fits one part, else in a multipart upload.
 * Never holds more of it in memory than the parts that travel at once, and no more than there is. Each part is hashed before it
 * is sent, so a retry needs no second reading of the source.
 */

#include "common/error.h"
#include "store/stream.h"

#include <stdint.h>

struct s3_bucket;

struct s3_part_limits {
	int64_t size;
	int parallel; /* 1 to S3_PARALLEL_MAX (s3_parts.h) */
};

/* limits.size: single PUT below it, multipart from it on. The object is there, whole, when this returns 0
 * (the server was asked), and no upload is left behind when it returns -1 and the server can be reached. */
MUST_CHECK int s3_upload_run(const struct s3_bucket *bucket, const char *key, struct source *source,
	const char *content_type, struct s3_part_limits limits, struct error *err);

/* The size of the parts: at least what the settings say, S3's limits, and enough for S3_PARTS_MAX of them
 * to hold `size` (-1 unknown). */
int64_t s3_upload_part_size(int64_t part_size, int64_t size);

#endif
