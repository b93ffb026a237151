/* SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_NUMBER_H
#define COMMON_JSON_NUMBER_H

/*
 * Whole numbers of parsed JSON. cJSON keeps doubles: beyond 2^53 a number is no longer the one that was sent, and
 * a cast to an integer may be undefined.
 */

#include "common/error.h"

#include <stdint.h>

struct cJSON;

/* A number without what follows its point; `otherwise` when it is none (or NULL). What no double holds exactly
 * counts as 2^53 or -2^53, so that its milliseconds are a number too. */
int64_t json_whole(const struct cJSON *value, int64_t otherwise);

/* A row's pk: a whole number above 0, or the same as a text of digits. 0, or -1 without an error. */
MUST_CHECK int json_pk(const struct cJSON *value, int64_t *out);

#endif
