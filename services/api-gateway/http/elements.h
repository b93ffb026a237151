/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ELEMENTS_H
#define HTTP_ELEMENTS_H

/*
 * Lists whose elements fail alone. A list that does not fit its schema is refused as a whole, as clients expect it of
 * wrong types; but where only values are wrong (too long, not one of the choices), or a request asks for
 * what is good of it (?partial=true), each element is judged for itself, and its handler is told.
 */

#include <stdbool.h>

struct arena;
struct cJSON;
struct schema;

/* What is wrong with each element of a list of this schema, by index: a sentence, or NULL; the arena's. NULL: the list is
 * to be refused as a whole. */
const char **elements_judge(
	const struct schema *schema, const struct cJSON *list, bool whatever_is_wrong, struct arena *arena);

#endif
