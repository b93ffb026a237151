/* SPDX-License-Identifier: MIT */
#include "http/byte_range.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* 1*DIGIT; too large a number counts as the largest. Returns what follows, NULL without a digit. */
static const char *read_number(const char *at, int64_t *out)
{
	if (!isdigit((unsigned char)*at))
		return NULL;
	*out = 0;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(*out, (int64_t)10, out) ||
			__builtin_add_overflow(*out, *at - '0', out))
			*out = INT64_MAX / 16; /* stays beyond any object */
	return at;
}

static int suffix(int64_t length, int64_t size, struct byte_range *out)
{
	if (length == 0 || size == 0)
		return -1;
	*out = (struct byte_range){length < size ? size - length : 0, size - 1};
	return 1;
}

int byte_range_parse(const char *header, int64_t size, struct byte_range *out)
{
	static const char UNIT[] = "bytes=";
	if (!header || strncasecmp(header, UNIT, sizeof(UNIT) - 1) != 0)
		return 0;
	const char *at = header + sizeof(UNIT) - 1;
	int64_t first, last = INT64_MAX;
	if (*at == '-') {
		at = read_number(at + 1, &first);
		return at && !*at ? suffix(first, size, out) : 0;
	}
	at = read_number(at, &first);
	if (!at || *at++ != '-')
		return 0;
	if (*at && (!(at = read_number(at, &last)) || *at || last < first))
		return 0;
	if (first >= size)
		return -1;
	*out = (struct byte_range){first, last < size ? last : size - 1};
	return 1;
}
