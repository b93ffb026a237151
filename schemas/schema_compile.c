/* SPDX-License-Identifier: MIT */

/*
 * Two passes: every file becomes nodes, and its root and $defs get names; then each $ref is looked up among
 * the names, so that files may refer to each other in any order, and to themselves.
 */

#include "common/arena.h"
#include "schemas/schema.h"
#include "schemas/schema_node.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

struct named_schema {
	const char *name;
	const struct schema *schema;
	struct named_schema *next;
};

struct schema_set {
	struct arena *arena;
	struct named_schema *names;
	struct schema *schemas;
};

struct compiler {
	struct schema_set *set;
	const char *file;
	struct error *err;
};

static const struct schema *compile(struct compiler *compiler, const cJSON *source, const char *place);

static int refuse(struct compiler *compiler, const char *place, const char *what)
{
	return error_set(compiler->err, ERROR_INTERNAL, "schema %s%s: %s", compiler->file, place, what);
}

static void *allocate(struct compiler *compiler, size_t size)
{
	return arena_alloc(compiler->set->arena, size);
}

static const char *place_below(struct compiler *compiler, const char *place, const char *name)
{
	return arena_printf(compiler->set->arena, "%s/%s", place, name);
}

/* --- one function per keyword: takes the keyword's value into the node */

typedef int keyword(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node);

static const struct {
	const char *name;
	unsigned kinds;
	enum value_kind expected;
} TYPES[] = {
	{"null", 1u << VALUE_NULL, VALUE_NULL},
	{"boolean", 1u << VALUE_BOOLEAN, VALUE_BOOLEAN},
	{"integer", 1u << VALUE_INTEGER, VALUE_INTEGER},
	{"number", 1u << VALUE_INTEGER | 1u << VALUE_NUMBER, VALUE_NUMBER},
	{"string", 1u << VALUE_STRING, VALUE_STRING},
	{"array", 1u << VALUE_ARRAY, VALUE_ARRAY},
	{"object", 1u << VALUE_OBJECT, VALUE_OBJECT},
};

static int add_type(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsString(value))
		return refuse(compiler, place, "must be a type's name");
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		if (strcmp(TYPES[i].name, value->valuestring) != 0)
			continue;
		if ((node->types & ~(1u << VALUE_NULL)) == 0)
			node->expected = TYPES[i].expected;
		node->types |= TYPES[i].kinds;
		return 0;
	}
	return refuse(compiler, place, "unknown type");
}

static int keyword_type(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsArray(value))
		return add_type(compiler, value, place, node);
	const cJSON *type;
	cJSON_ArrayForEach(type, value) {
		if (add_type(compiler, type, place, node) != 0)
			return -1;
	}
	return node->types ? 0 : refuse(compiler, place, "must not be empty");
}

static int keyword_properties(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsObject(value))
		return refuse(compiler, place, "must be an object");
	node->properties =
		allocate(compiler, ((size_t)cJSON_GetArraySize(value) + 1) * sizeof(*node->properties));
	const cJSON *property;
	cJSON_ArrayForEach(property, value) {
		const struct schema *schema =
			compile(compiler, property, place_below(compiler, place, property->string));
		if (!schema)
			return -1;
		node->properties[node->property_count++] = (struct schema_property){property->string, schema};
	}
	return 0;
}

static int keyword_required(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsArray(value))
		return refuse(compiler, place, "must be a list");
	node->required =
		allocate(compiler, ((size_t)cJSON_GetArraySize(value) + 1) * sizeof(*node->required));
	const cJSON *name;
	cJSON_ArrayForEach(name, value) {
		if (!cJSON_IsString(name))
			return refuse(compiler, place, "must be a list of names");
		node->required[node->required_count++] = name->valuestring;
	}
	return 0;
}

static int keyword_additional(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (cJSON_IsBool(value)) {
		node->additional_forbidden = cJSON_IsFalse(value);
		return 0;
	}
	node->additional = compile(compiler, value, place);
	return node->additional ? 0 : -1;
}

static int keyword_items(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	node->items = compile(compiler, value, place);
	return node->items ? 0 : -1;
}

static int keyword_any_of(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
		return refuse(compiler, place, "must be a list of schemas");
	node->any_of = allocate(compiler, (size_t)cJSON_GetArraySize(value) * sizeof(struct schema *));
	const cJSON *branch;
	cJSON_ArrayForEach(branch, value) {
		const struct schema *schema = compile(compiler, branch, place);
		if (!schema)
			return -1;
		node->any_of[node->any_of_count++] = schema;
	}
	return 0;
}

static int keyword_enum(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
		return refuse(compiler, place, "must be a list of values");
	node->enumeration = value;
	return 0;
}

static int keyword_const(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	(void)compiler, (void)place;
	node->constant = value;
	return 0;
}

static int read_count(struct compiler *compiler, const cJSON *value, const char *place, int64_t *out)
{
	if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 9e15 ||
		value->valuedouble != (double)(int64_t)value->valuedouble)
		return refuse(compiler, place, "must be a count");
	*out = (int64_t)value->valuedouble;
	return 0;
}

static int keyword_min_length(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_count(compiler, value, place, &node->min_length);
}

static int keyword_max_length(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_count(compiler, value, place, &node->max_length);
}

static int keyword_min_items(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_count(compiler, value, place, &node->min_items);
}

static int keyword_max_items(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_count(compiler, value, place, &node->max_items);
}

static int read_number(struct compiler *compiler, const cJSON *value, const char *place, double *out)
{
	if (!cJSON_IsNumber(value))
		return refuse(compiler, place, "must be a number");
	*out = value->valuedouble;
	return 0;
}

static int keyword_minimum(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_number(compiler, value, place, &node->minimum);
}

static int keyword_maximum(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	return read_number(compiler, value, place, &node->maximum);
}

static int keyword_title(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsString(value))
		return refuse(compiler, place, "must be a string");
	node->title = value->valuestring;
	return 0;
}

static int among(struct compiler *compiler, const cJSON *value, const char *place, const char *const *known)
{
	for (; cJSON_IsString(value) && *known; known++)
		if (strcmp(*known, value->valuestring) == 0)
			return 0;
	return refuse(compiler, place, "not one of the values that are known");
}

static int keyword_format(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	static const char *const KNOWN[] = {
		"printable", "date-time", "uri", "uuid", "password", "int64", NULL};
	if (among(compiler, value, place, KNOWN) != 0)
		return -1;
	node->printable = strcmp(value->valuestring, "printable") == 0;
	return 0;
}

static int keyword_encoding(
	struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	static const char *const KNOWN[] = {"binary", "base64", NULL};
	if (among(compiler, value, place, KNOWN) != 0)
		return -1;
	node->binary = strcmp(value->valuestring, "binary") == 0;
	return 0;
}

/* "media.json#/$defs/x" in rest/store.json is "rest/media.json#/$defs/x"; "#/$defs/x" is of the same file. */
static int keyword_ref(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	if (!cJSON_IsString(value))
		return refuse(compiler, place, "must be a string");
	const char *target = value->valuestring;
	const char *slash = strrchr(compiler->file, '/');
	int folder = slash ? (int)(slash - compiler->file) + 1 : 0;
	if (target[0] == '#')
		folder = (int)strlen(compiler->file);
	if (strncmp(target, "../", 3) == 0) {
		folder = 0;
		target += 3;
	}
	if (strcmp(target, "#") == 0)
		target = "";
	node->reference_name = arena_printf(compiler->set->arena, "%.*s%s", folder, compiler->file, target);
	return 0;
}

static void add_name(struct compiler *compiler, const char *name, const struct schema *schema)
{
	struct named_schema *named = allocate(compiler, sizeof(*named));
	*named = (struct named_schema){name, schema, compiler->set->names};
	compiler->set->names = named;
}

static int keyword_defs(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	(void)node;
	if (strcmp(place, "#/$defs") != 0)
		return refuse(compiler, place, "only at the root of a file");
	const cJSON *source;
	cJSON_ArrayForEach(source, value) {
		const char *below = place_below(compiler, place, source->string);
		const struct schema *schema = compile(compiler, source, below);
		if (!schema)
			return -1;
		add_name(compiler, arena_printf(compiler->set->arena, "%s%s", compiler->file, below), schema);
	}
	return 0;
}

static const struct {
	const char *name;
	keyword *take; /* NULL: an annotation */
} KEYWORDS[] = {
	{"type", keyword_type},
	{"properties", keyword_properties},
	{"required", keyword_required},
	{"additionalProperties", keyword_additional},
	{"items", keyword_items},
	{"anyOf", keyword_any_of},
	{"enum", keyword_enum},
	{"const", keyword_const},
	{"minLength", keyword_min_length},
	{"maxLength", keyword_max_length},
	{"minItems", keyword_min_items},
	{"maxItems", keyword_max_items},
	{"minimum", keyword_minimum},
	{"maximum", keyword_maximum},
	{"title", keyword_title},
	{"format", keyword_format},
	{"contentEncoding", keyword_encoding},
	{"$ref", keyword_ref},
	{"$defs", keyword_defs},
	{"description", NULL},
	{"examples", NULL},
	{"default", NULL},
	{"deprecated", NULL},
	{"$comment", NULL},
	{"$schema", NULL},
	{"$id", NULL},
};

static int take_keyword(struct compiler *compiler, const cJSON *value, const char *place, struct schema *node)
{
	for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(KEYWORDS[0]); i++) {
		if (strcmp(KEYWORDS[i].name, value->string) != 0)
			continue;
		if (!KEYWORDS[i].take)
			return 0;
		return KEYWORDS[i].take(compiler, value, place_below(compiler, place, value->string), node);
	}
	return refuse(compiler, place_below(compiler, place, value->string), "unknown keyword");
}

static const struct schema *compile(struct compiler *compiler, const cJSON *source, const char *place)
{
	if (!cJSON_IsObject(source)) {
		refuse(compiler, place, "must be an object");
		return NULL;
	}
	struct schema *node = allocate(compiler, sizeof(*node));
	node->max_length = node->max_items = INT64_MAX;
	node->minimum = -INFINITY;
	node->maximum = INFINITY;
	node->next = compiler->set->schemas;
	compiler->set->schemas = node;
	const cJSON *value;
	cJSON_ArrayForEach(value, source) {
		if (take_keyword(compiler, value, place, node) != 0)
			return NULL;
	}
	if (node->binary)
		node->types = 1u << VALUE_BINARY | (node->types & 1u << VALUE_NULL);
	if (node->binary)
		node->expected = VALUE_BINARY;
	return node;
}

/* --- the set */

static void release_json(void *json)
{
	cJSON_Delete(json);
}

static int compile_file(struct schema_set *set, const struct embedded_file *file, struct error *err)
{
	struct compiler compiler = {set, file->name, err};
	cJSON *source = cJSON_ParseWithLength((const char *)file->data, file->size);
	if (!source)
		return refuse(&compiler, "", "not JSON");
	arena_defer(set->arena, release_json, source);
	const struct schema *root = compile(&compiler, source, "#");
	if (!root)
		return -1;
	add_name(&compiler, file->name, root);
	return 0;
}

static int resolve(struct schema_set *set, struct error *err)
{
	for (struct schema *node = set->schemas; node; node = node->next) {
		if (!node->reference_name)
			continue;
		node->reference = schema_set_find(set, node->reference_name);
		if (!node->reference)
			return error_set(
				err, ERROR_INTERNAL, "schema: nothing is named %s", node->reference_name);
	}
	return 0;
}

static bool holds_schemas(const char *name)
{
	return strncmp(name, "rest/", 5) == 0 || strncmp(name, "amqp/", 5) == 0;
}

int schema_set_create(const struct embedded_file *files, struct schema_set **out, struct error *err)
{
	struct arena *arena = arena_create();
	struct schema_set *set = arena_alloc(arena, sizeof(*set));
	set->arena = arena;
	int result = 0;
	for (; result == 0 && files->name; files++)
		if (holds_schemas(files->name))
			result = compile_file(set, files, err);
	if (result == 0)
		result = resolve(set, err);
	if (result != 0) {
		schema_set_free(set);
		return -1;
	}
	*out = set;
	return 0;
}

void schema_set_free(struct schema_set *set)
{
	if (set)
		arena_free(set->arena);
}

const struct schema *schema_set_find(const struct schema_set *set, const char *name)
{
	for (const struct named_schema *named = set->names; named; named = named->next)
		if (strcmp(named->name, name) == 0)
			return named->schema;
	return NULL;
}
