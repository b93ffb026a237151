/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_ENTITY_TAG_H
#define DOMAIN_ENTITY_TAG_H

#include <stdbool.h>

struct arena;

/* Conditional requests: RFC 9110 section 13. A tag is given with its quotes: "\"abc\"". */

/* Whether a list of tags ("*", `"a", W/"b"`) names this one. Weak comparison, as If-None-Match asks. NULL
 * header: false. */
bool entity_tag_in_list(const char *header, const char *tag);
/* Strong comparison, as If-Match and If-Range ask: a weak tag never matches. */
bool entity_tag_in_list_strongly(const char *header, const char *tag);
/* The opaque parts of the strong tags in If-Match, "*" as itself, as a text[] literal for a statement.
 * NULL header: NULL. A header that is no list of tags names nothing. */
const char *entity_tag_array(const char *header, struct arena *arena);

#endif
