/* SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_TEXT_H
#define COMMON_JSON_TEXT_H

/*
 * Looks at JSON as text, where cJSON would change it: cJSON rounds large numbers, cuts strings at NUL and
 * accepts what RFC 8259 refuses. A request body is checked here once, then cJSON is safe to look at it,
 * and the text itself goes on to PostgreSQL.
 */

#include "common/error.h"

#include <stddef.h>

struct buf;

struct json_text_limits {
	int max_depth;
	size_t max_string; /* 0: any */
};

/* Checks that the text is one JSON value by RFC 8259, in valid UTF-8, within the limits.
 * BAD_REQUEST with "Cannot parse request body" and the position in the cause; INVALID for what PostgreSQL
 * cannot hold (\u0000, lone surrogates, exponents beyond 400, numbers of more than 10000 characters, NaN and
 * Infinity, which are no JSON but sent all the same) and for strings of more than max_string bytes as
 * they stand in the text, with the JSON pointer of the string or number in the message; TOO_LARGE
 * beyond max_depth (a scalar alone has depth 0). A syntax error counts before an INVALID that comes
 * earlier in the text. Members of one object may share a name: cJSON then finds the first, PostgreSQL
 * keeps the last. */
MUST_CHECK int json_text_check_within(
	const char *text, size_t length, const struct json_text_limits *limits, struct error *err);
/* With strings of any length. */
MUST_CHECK int json_text_check(const char *text, size_t length, int max_depth, struct error *err);

/* Appends what stands between the quotes of a checked string, its escapes resolved. */
void json_text_unescape(const char *text, size_t length, struct buf *out);

#endif
