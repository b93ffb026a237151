/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

/* RFC 4648, strict: no white space, canonical padding, no stray bits. The url alphabet has no padding. */

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

#endif
