/* SPDX-License-Identifier: MIT */
#ifndef HTTP_URL_H
#define HTTP_URL_H

/* Percent-decoding of strangers' URLs. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct request_params;

/* Decodes `length` characters; plus_is_space for queries. NULL: BAD_REQUEST for a malformed percent sequence,
 * INVALID for NUL and for what is not UTF-8. */
MUST_CHECK const char *url_decode(
	const char *text, size_t length, bool plus_is_space, struct arena *arena, struct error *err);

/* Splits and decodes "a=1&b=%20+", where '+' is a space. BAD_REQUEST, INVALID as above; BAD_REQUEST for more
 * than 256 parameters. */
MUST_CHECK int url_query(
	const char *raw_query, struct arena *arena, struct request_params *out, struct error *err);

/* Valid UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool url_is_utf8(const char *text, size_t length);

#endif
