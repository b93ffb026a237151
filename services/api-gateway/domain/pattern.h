/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PATTERN_H
#define DOMAIN_PATTERN_H

/*
 * Users' regular expressions for identifiers (PCRE2): matched against the whole text, in Unicode, with
 * bounded effort. An empty pattern allows anything.
 */

#include "common/error.h"

enum { PATTERN_MAX_LENGTH = 1024 }; /* bytes */

/* INVALID: no regular expression, with the compiler's own words and the place. */
MUST_CHECK int pattern_check(const char *pattern, struct error *err);
/* For many texts. INVALID as above. */
struct pattern;
MUST_CHECK int pattern_create(const char *pattern, struct pattern **out, struct error *err);
void pattern_free(struct pattern *pattern);     /* NULL is accepted */
void pattern_cleanup(struct pattern **pattern); /* for CLEANUP() */
/* 1 matches / 0 does not / -1 INVALID: it gave up on this text. */
MUST_CHECK int pattern_test(const struct pattern *pattern, const char *text, struct error *err);
/* The same for one text. */
MUST_CHECK int pattern_matches(const char *pattern, const char *text, struct error *err);

#endif
