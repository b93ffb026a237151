/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_DOWNLOAD_H
#define DRIVERS_S3_DOWNLOAD_H

/*
 * Streams an object, or a range of it, to a sink. A connection that is cut in the middle is taken up again
 * where it broke, on the condition that the object is still the same (If-Match), so the sink never sees
 * bytes of two versions.
 */

#include "common/error.h"
#include "store/stream.h"

#include <stdint.h>

struct s3_bucket;

/* first..last inclusive, last -1: to the end. NOT_FOUND and RANGE come before the first byte reaches the
 * sink. */
MUST_CHECK int s3_download_run(const struct s3_bucket *bucket, const char *key, int64_t first, int64_t last,
	struct sink *sink, struct error *err);

#endif
