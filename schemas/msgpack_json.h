/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_MSGPACK_JSON_H
#define SCHEMAS_MSGPACK_JSON_H

/*
 * JSON text in msgpack and back, exactly: integers of up to 64 bits are msgpack's integers, numbers whose
 * value a double has are its floats, and whatever else JSON can write (1.10e-400, 30 digits) is an ext of
 * type MSGPACK_JSON_DECIMAL that holds the number's text. msgpack's bin, which JSON has not, is base64 there.
 * Only "1.50" comes back as 1.5, the same number.
 */

#include "common/error.h"

#include <stddef.h>

struct buf;

enum { MSGPACK_JSON_DECIMAL = 1, MSGPACK_JSON_DEPTH = 32, MSGPACK_JSON_VALUES = 4 * 1000 * 1000 };

/* Appends one msgpack value as JSON text. BAD_REQUEST: not one whole value, nested deeper than
 * MSGPACK_JSON_DEPTH, a name that is no text, NaN, infinity, another ext. Texts are passed on as they are:
 * json_text_check() is still due. */
MUST_CHECK int json_of_msgpack(const void *bytes, size_t length, struct buf *out, struct error *err);

/* Appends checked JSON text (json_text_check()) as msgpack. The text at the path `binary` (names, ends with
 * NULL), if it is there and is base64, becomes a bin; NULL: none does. */
void msgpack_of_json(const char *text, size_t length, const char *const *binary, struct buf *out);

#endif
