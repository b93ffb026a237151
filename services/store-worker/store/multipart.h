/* SPDX-License-Identifier: MIT */
#ifndef STORE_MULTIPART_H
#define STORE_MULTIPART_H

/* Objects whose parts a client sends past us, with presigned URLs. All: UNSUPPORTED where a store knows no such
 * uploads; NOT_FOUND where it knows of no upload with that id (any more). */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct store;

struct store_part {
	int number; /* from 1 */
	int64_t size;
	const char *etag;
};
typedef int store_part_fn(void *context, const struct store_part *part, struct error *err);

bool store_takes_parts(const struct store *store);
/* Appends the store's name for the upload to *id. content_type NULL: none. */
MUST_CHECK int store_multipart_begin(
	struct store *store, const char *key, const char *content_type, struct buf *id, struct error *err);
/* Tells of every part that is there, by number, until visit() returns -1. */
MUST_CHECK int store_multipart_list(struct store *store, const char *key, const char *id,
	store_part_fn *visit, void *context, struct error *err);
/* Makes the object of all its parts. CONFLICT, and the upload stays: they do not follow each other from 1 on, one but
 * the last is too small, or they are not `size` bytes together (-1: whatever they are). */
MUST_CHECK int store_multipart_complete(
	struct store *store, const char *key, const char *id, int64_t size, struct error *err);
/* id NULL: every upload of that key. What is not there is success. */
MUST_CHECK int store_multipart_abort(struct store *store, const char *key, const char *id, struct error *err);

/* What a driver implements; the arguments have been checked. */
struct store_multipart_driver {
	int (*begin)(struct store *store, const char *key, const char *content_type, struct buf *id,
		struct error *err);
	int (*list)(struct store *store, const char *key, const char *id, store_part_fn *visit, void *context,
		struct error *err);
	int (*complete)(
		struct store *store, const char *key, const char *id, int64_t size, struct error *err);
	int (*abort)(struct store *store, const char *key, const char *id, struct error *err);
};

#endif
