/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_ROUTING_PATTERN_H
#define DOMAIN_ROUTING_PATTERN_H

/*
 * Patterns of routing keys as a topic exchange has them: words between dots, `*` is any one word, `#` any
 * number of words, none included.
 */

#include "common/error.h"

#include <stdbool.h>

enum { ROUTING_PATTERN_MAX = 255 /* bytes */ };

/* INVALID: empty or too long. */
MUST_CHECK int routing_pattern_check(const char *pattern, struct error *err);
/* A pattern that was checked, or NULL, which matches everything. */
bool routing_pattern_matches(const char *pattern, const char *routing_key);

#endif
