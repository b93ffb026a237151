/* SPDX-License-Identifier: MIT */
#ifndef STORE_KEY_H
#define STORE_KEY_H

/* What a key may be. Every store takes UTF-8 of 1 to STORE_KEY_MAX bytes without control characters; where
 * keys become file names there are further rules, because a name must mean the same file on every machine and
 * must not leave the store. */

#include "common/error.h"

/* INVALID: empty, too long, not UTF-8, control characters. */
MUST_CHECK int key_check(const char *key, struct error *err);
/* For keys that are relative paths. INVALID: a leading, trailing or double slash, a segment "." or "..", a
 * segment over 255 bytes, a segment reserved for the store (STORE_TEMPORARY_NAME). Only for keys that passed
 * key_check(). */
MUST_CHECK int key_check_path(const char *key, struct error *err);

/* The directory of unfinished objects in the root of a path store (which may lie in another store's tree). */
#define STORE_TEMPORARY_NAME ".mediastore-tmp"

#endif
