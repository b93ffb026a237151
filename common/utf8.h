/* SPDX-License-Identifier: MIT */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

/* UTF-8 by RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX_SIZE = 4 };

/* Size of the sequence at the start of the text: 1 to 4; 0 when it is malformed or cut short, or `length`
 * is 0. */
size_t utf8_sequence(const char *text, size_t length);
bool utf8_is_valid(const char *text, size_t length);
/* `length`, less what a cut left of an unfinished last character. */
size_t utf8_trim(const char *text, size_t length);
/* Returns the size; `character` is no surrogate and at most 0x10FFFF. No NUL is added. */
size_t utf8_encode(uint32_t character, char out[UTF8_MAX_SIZE]);

#endif
