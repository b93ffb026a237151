/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

/* RFC 4648, strict: no white space, canonical padding, no stray bits. The url alphabet has no padding. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum base64_alphabet { BASE64_STANDARD, BASE64_URL };

/* Size of the encoded text without its NUL. */
size_t base64_encoded_length(size_t length, enum base64_alphabet alphabet);
/* out takes base64_encoded_length() + 1 bytes. */
void base64_encode(const void *bytes, size_t length, enum base64_alphabet alphabet, char *out);
/* Decodes `length` characters; out takes length / 4 * 3 + 3 bytes. Returns the decoded size, or -1 when
 * malformed. */
ssize_t base64_decode(const char *text, size_t length, enum base64_alphabet alphabet, void *out);

/* The same of BASE64_STANDARD piece by piece. Zero-initialise it for each text. */
struct base64_decoder {
	char pending[4]; /* digits that make no group yet */
	size_t pending_length;
	bool ended; /* padding has come: nothing may follow */
};
/* The next piece; out takes length / 4 * 3 + 6 bytes. Returns the decoded size, or -1 when malformed. */
ssize_t base64_decoder_feed(struct base64_decoder *decoder, const char *text, size_t length, void *out);
/* Whether the text may end here. */
bool base64_decoder_is_whole(const struct base64_decoder *decoder);

#endif
