/* SPDX-License-Identifier: MIT */
#ifndef HTTP_BYTE_RANGE_H
#define HTTP_BYTE_RANGE_H

#include <stdint.h>

/* Which bytes of an object a request wants: RFC 9110 section 14. */

struct byte_range {
	int64_t first, last; /* inclusive */
};

/* Reads a Range header (NULL: none) against an object's size. 1: one range, *out is set · 0: none that
 * counts (absent, another unit, malformed, several): the whole object is to be sent · -1: not satisfiable,
 * 416 with a Content-Range that names the size. */
int byte_range_parse(const char *header, int64_t size, struct byte_range *out);

#endif
