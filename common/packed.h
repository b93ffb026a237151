/* SPDX-License-Identifier: MIT */
#ifndef COMMON_PACKED_H
#define COMMON_PACKED_H

/*
 * Looks at a stranger's msgpack before msgpack-c does: that library allocates what a header claims, so
 * five bytes that announce four billion elements would be enough to end the process.
 */

#include "common/error.h"

#include <stddef.h>

enum { PACKED_MAX_DEPTH = 32 /* of msgpack-c 4 */ };

/* Checks that the bytes are one msgpack value and nothing behind it, nested at most max_depth (<=
 * PACKED_MAX_DEPTH; a scalar has 0), of at most max_items values in all (keys count), each within the
 * bytes. INVALID with the position in the cause. */
MUST_CHECK int packed_check(
	const void *bytes, size_t length, int max_depth, size_t max_items, struct error *err);

#endif
