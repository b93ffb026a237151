/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_BYTERANGES_H
#define HANDLERS_BYTERANGES_H

/* The multipart/byteranges body of an answer with several ranges: RFC 9110 section 14.6. What stands between
 * the bytes is known beforehand, and so is the length of the whole. */

#include "http/byte_range.h"

#include <stdint.h>

struct arena;

struct byteranges {
	const struct byte_ranges *ranges; /* borrowed */
	const char *content_type, *boundary;
	int64_t size; /* of the object */
	struct arena *arena;
};

void byteranges_init(struct byteranges *body, const struct byte_ranges *ranges, int64_t size,
	const char *content_type, struct arena *arena);
/* "multipart/byteranges; boundary=…" */
const char *byteranges_content_type(const struct byteranges *body);
int64_t byteranges_length(const struct byteranges *body);
/* What stands before the bytes of that range. */
const char *byteranges_part_head(const struct byteranges *body, size_t index);
/* What stands behind the last. */
const char *byteranges_tail(const struct byteranges *body);

#endif
