/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_LISTING_H
#define DRIVERS_S3_LISTING_H

/* Lists a bucket's objects page by page (ListObjectsV2). One page is held at a time. */

#include "common/error.h"
#include "drivers/s3_xml.h"
#include "store/store.h"

#include <stdbool.h>

struct s3_bucket;
struct buf;

/* As store_list() in store.h, in the order of the keys; after NULL: from the first. */
MUST_CHECK int s3_listing_run(const struct s3_bucket *bucket, const char *prefix, const char *after,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err);

/* Whether the server wrote the keys of this listing percent-encoded, as we ask (XML cannot hold every
 * character). */
bool s3_listing_is_encoded(struct s3_xml root);
/* Appends the <Key> of an entry, decoded: 1, 0 when it has none or one that holds a NUL, -1 malformed. */
int s3_listing_key(struct s3_xml entry, bool encoded, struct buf *out);

#endif
