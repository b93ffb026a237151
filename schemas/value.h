/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_VALUE_H
#define SCHEMAS_VALUE_H

/*
 * A parsed document as the schema checker sees it, whatever parser made it: cJSON for REST bodies and events,
 * msgpack for jobs and results. Values are handed around by copy and lend what they point to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
	VALUE_NULL,
	VALUE_BOOLEAN,
	VALUE_INTEGER,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_BINARY,
	VALUE_ARRAY,
	VALUE_OBJECT
};

struct value_ops;

struct value {
	const void *node;
	const struct value_ops *ops;
};

struct value_text {
	const char *text; /* not always followed by a NUL */
	size_t length;
};

/* Where an iteration stands; zeroed before the first value_next(). */
struct value_cursor {
	const void *position;
	size_t index;
};

struct value_item {
	struct value_text name; /* of an object's member */
	struct value value;
};

struct value_ops {
	enum value_kind (*kind)(const void *node); /* INTEGER: a number without a fraction */
	bool (*boolean)(const void *node);
	double (*number)(const void *node); /* of both kinds of number */
	struct value_text (*text)(const void *node);
	size_t (*count)(const void *node); /* elements or members */
	bool (*next)(const void *node, struct value_cursor *cursor, struct value_item *out);
};

struct cJSON;
struct value value_of_json(const struct cJSON *node);

/* An object's member; of repeated names the last. */
bool value_member(struct value object, const char *name, struct value *out);
/* Deep equality, by JSON's data model: 1 equals 1.0, members in any order. */
bool value_equal(struct value a, struct value b);

#endif
