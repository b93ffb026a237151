/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HEX_H
#define COMMON_HEX_H

#include <stddef.h>

/* Lower-case; out takes 2 * length + 1 bytes. */
void hex_encode(const void *bytes, size_t length, char *out);
/* Exactly 2 * size digits of either case, then the end of the text. 0 / -1. */
int hex_decode(const char *text, void *out, size_t size);

#endif
