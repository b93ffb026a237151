/* SPDX-License-Identifier: MIT */
#ifndef HTTP_BYTE_RANGE_H
#define HTTP_BYTE_RANGE_H

/*
 * Which bytes of an object a request wants: RFC 9110 section 14. So that a short header cannot ask for more
 * work or more bytes than the object has: ranges that overlap or touch become one, those that lie outside are
 * left out, and there are at most BYTE_RANGES_MAX.
 */

#include <stddef.h>
#include <stdint.h>

enum { BYTE_RANGES_MAX = 32 };

struct byte_range {
	int64_t first, last; /* inclusive */
};

struct byte_ranges {
	struct byte_range items[BYTE_RANGES_MAX]; /* in the order in which they were asked for */
	size_t count;
};

/* Reads a Range header (NULL: none) against an object's size. 1: these parts · 0: nothing that counts (absent,
 * another unit, malformed): the whole object is to be sent · -1: none is satisfiable, or there are too many:
 * 416 with a Content-Range that names the size. *out only changes with 1. */
int byte_ranges_parse(const char *header, int64_t size, struct byte_ranges *out);

#endif
