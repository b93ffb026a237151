/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_SCHEMA_NODE_H
#define SCHEMAS_SCHEMA_NODE_H

/* One compiled schema, between schema_compile.c, which makes it, and schema_check.c, which reads it. Nobody
 * else includes this. */

#include "schemas/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct schema;

struct schema_property {
	const char *name;
	const struct schema *schema;
};

struct schema {
	const char *title;
	unsigned types;           /* bits 1 << enum value_kind; 0: any */
	enum value_kind expected; /* the first type named that is not null: what problems ask for */
	struct schema_property *properties;
	size_t property_count;
	const char **required;
	size_t required_count;
	const struct schema *additional; /* NULL: anything */
	bool additional_forbidden;
	const struct schema *items;
	const struct cJSON *enumeration, *constant;
	int64_t min_length, max_length, min_items, max_items;
	double minimum, maximum;
	const struct schema **any_of;
	size_t any_of_count;
	bool printable; /* format */
	bool binary;    /* contentEncoding */

	const char *reference_name; /* "rest/media.json#/$defs/x", resolved into reference once all files are
				       compiled */
	const struct schema *reference;
	struct schema *next; /* all schemas of the set */
};

#endif
