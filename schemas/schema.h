/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_SCHEMA_H
#define SCHEMAS_SCHEMA_H

/*
 * The JSON Schema files of rest/ and amqp/, compiled at start and interpreted. A stated subset of draft
 * 2020-12:
 *	checked		type (one or a list), properties, required, additionalProperties, items, enum, const,
 *			minLength, maxLength, minItems, maxItems, minimum, maximum, anyOf, $ref,
 *			format "printable" (no control characters), contentEncoding "binary" (msgpack bin)
 *	annotations	title, description, examples, default, deprecated, $comment, $schema, $id, $defs,
 *			other values of the two above that are listed in schema_compile.c
 * Any other keyword refuses the start, so that nothing is silently unchecked. $ref names "#", "#/$defs/x",
 * "file.json" or "file.json#/$defs/x", files relative to the one they stand in.
 *
 * Problems are told in the words of pydantic v2, which clients match on. An object schema with `properties`
 * is a model ("model_type", its title is the model's name), one without a map ("dict_type"). A set is read
 * only once compiled.
 */

#include "common/embedded.h"
#include "common/error.h"
#include "schemas/value.h"

struct buf;
struct schema;
struct schema_set;

enum { SCHEMA_MAX_PROBLEMS = 100, SCHEMA_MAX_DEPTH = 64 };

extern const struct embedded_file schema_files[]; /* made by the build; names relative to schemas/ */

/* Compiles every file below rest/ and amqp/. INTERNAL, with file, place and keyword in the message. */
MUST_CHECK int schema_set_create(
	const struct embedded_file *files, struct schema_set **out, struct error *err);
void schema_set_free(struct schema_set *set);
/* "rest/media.json"; NULL: no such file. */
const struct schema *schema_set_find(const struct schema_set *set, const char *name);

/* The schema of a list's elements; NULL: any. */
const struct schema *schema_items(const struct schema *schema);

/* Returns the number of problems, 0 when the value fits. They are appended to `problems` as one JSON array of
 * {"type", "loc", "msg"}, each loc beginning with the elements of `loc` (ends with NULL); at most
 * SCHEMA_MAX_PROBLEMS are told. */
MUST_CHECK size_t schema_check(
	const struct schema *schema, struct value value, const char *const *loc, struct buf *problems);

#endif
