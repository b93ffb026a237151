/* SPDX-License-Identifier: MIT */
#ifndef HTTP_DICTIONARY_FIELD_H
#define HTTP_DICTIONARY_FIELD_H

/* Reads a header that is a dictionary of RFC 8941 (structured fields): `sha-256=:…:, md5=3;q=1`. Its members
 * come one by one, in the order of the text; parameters and inner lists are passed over. */

#include <stddef.h>
#include <stdint.h>

enum dictionary_kind { DICTIONARY_OTHER, DICTIONARY_INTEGER, DICTIONARY_BYTES };

struct dictionary_member {
	const char *name; /* not ended by a NUL */
	size_t name_length;
	enum dictionary_kind kind;
	int64_t integer;
	const char *base64; /* of bytes: what stands between the colons */
	size_t base64_length;
};

/* *at: the header's text at first, moved on from member to member. 1: *out is the next · 0: there is no more
 * · -1: malformed. */
int dictionary_next(const char **at, struct dictionary_member *out);

#endif
