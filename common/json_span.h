/* SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_SPAN_H
#define COMMON_JSON_SPAN_H

/*
 * Parts of JSON text that json_text_check() has passed, found and cut out without parsing, so that a
 * document travels on as it was sent. No recursion: depth costs nothing.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct json_span {
	const char *text;
	size_t length;
};

/* The value at a path of members' names (ends with NULL; an empty path is the whole). Of members with the
 * same name the last counts, as for jsonb. False: there is none, or something on the way is no object. */
bool json_span_find(const char *text, size_t length, const char *const *path, struct json_span *out);

struct json_measure {
	size_t values; /* an upper bound: of scalars, objects and arrays, names not counted */
	int depth;     /* of objects and arrays within each other; 0: a scalar */
};
struct json_measure json_span_measure(const char *text, size_t length);

/* Appends the text with every object and array deeper than `depth` emptied: what a recursive parser may be
 * given. */
void json_span_prune(const char *text, size_t length, int depth, struct buf *out);

#endif
