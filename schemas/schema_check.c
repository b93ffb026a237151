/* SPDX-License-Identifier: MIT */

/* Walks a value and its schema together. A problem's loc is the chain of places from the value to the root,
 * which lives on the stack. */

#include "common/buf.h"
#include "schemas/schema.h"
#include "schemas/schema_node.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct place {
	const struct place *parent; /* NULL: the value that was handed in */
	struct value_text name;     /* text NULL: an element, by index */
	size_t index;
	unsigned depth;
};

struct checker {
	const char *const *loc;
	struct buf *problems; /* NULL: only counted */
	size_t count;
};

static void check(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place);

/* --- telling */

static void append_text(struct buf *out, struct value_text text)
{
	struct buf copy = {0};
	buf_append(&copy, text.text, text.length);
	buf_append_json_string(out, copy.data ? copy.data : "");
	buf_release(&copy);
}

static void append_place(struct buf *out, const struct place *place, const char **separator)
{
	if (!place->parent)
		return;
	append_place(out, place->parent, separator);
	buf_append_text(out, *separator);
	*separator = ",";
	if (place->name.text)
		append_text(out, place->name);
	else
		buf_printf(out, "%zu", place->index);
}

__attribute__((format(printf, 4, 5))) static void report(
	struct checker *checker, const struct place *place, const char *type, const char *format, ...)
{
	if (checker->count++ >= SCHEMA_MAX_PROBLEMS || !checker->problems)
		return;
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	struct buf *out = checker->problems;
	buf_printf(out, "%s{\"type\":\"%s\",\"loc\":[", checker->count == 1 ? "[" : ",", type);
	const char *separator = "";
	for (const char *const *element = checker->loc; *element; element++) {
		buf_append_text(out, separator);
		buf_append_json_string(out, *element);
		separator = ",";
	}
	append_place(out, place, &separator);
	buf_append_text(out, "],\"msg\":");
	buf_append_json_string(out, message);
	buf_append_text(out, "}");
}

static bool enough(const struct checker *checker)
{
	return checker->count >= SCHEMA_MAX_PROBLEMS;
}

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

/* --- by keyword */

static const struct {
	const char *type, *message;
} WRONG_TYPE[] = {
	[VALUE_NULL] = {"none_required", "Input should be None"},
	[VALUE_BOOLEAN] = {"bool_type", "Input should be a valid boolean"},
	[VALUE_INTEGER] = {"int_type", "Input should be a valid integer"},
	[VALUE_NUMBER] = {"float_type", "Input should be a valid number"},
	[VALUE_STRING] = {"string_type", "Input should be a valid string"},
	[VALUE_BINARY] = {"bytes_type", "Input should be a valid bytes"},
	[VALUE_ARRAY] = {"list_type", "Input should be a valid list"},
	[VALUE_OBJECT] = {"dict_type", "Input should be a valid dictionary"},
};

static void report_type(
	struct checker *checker, const struct schema *schema, enum value_kind kind, const struct place *place)
{
	if (schema->expected == VALUE_OBJECT && schema->properties) {
		report(checker, place, "model_type", "Input should be a valid dictionary or instance of %s",
			schema->title ? schema->title : "object");
		return;
	}
	if (schema->expected == VALUE_INTEGER && kind == VALUE_NUMBER) {
		report(checker, place, "int_from_float",
			"Input should be a valid integer, got a number with a fractional part");
		return;
	}
	report(checker, place, WRONG_TYPE[schema->expected].type, "%s", WRONG_TYPE[schema->expected].message);
}

/* "'a', 'b' or 'c'", as pydantic lists the values of an enum. */
static void append_choices(const cJSON *choices, struct buf *out)
{
	const cJSON *choice;
	cJSON_ArrayForEach(choice, choices) {
		if (choice->prev->next)
			buf_append_text(out, choice->next ? ", " : " or ");
		char *printed = cJSON_IsString(choice) ? NULL : cJSON_PrintUnformatted(choice);
		buf_printf(out, printed ? "%s" : "'%s'", printed ? printed : choice->valuestring);
		cJSON_free(printed);
	}
}

static void check_choices(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	if (schema->constant && !value_equal(value, value_of_json(schema->constant))) {
		char *printed = cJSON_PrintUnformatted(schema->constant);
		report(checker, place, "literal_error", "Input should be %s", printed);
		cJSON_free(printed);
	}
	if (!schema->enumeration)
		return;
	const cJSON *choice;
	cJSON_ArrayForEach(choice, schema->enumeration) {
		if (value_equal(value, value_of_json(choice)))
			return;
	}
	struct buf choices = {0};
	append_choices(schema->enumeration, &choices);
	report(checker, place, "enum", "Input should be %s", choices.data);
	buf_release(&choices);
}

/* Code points, which is what JSON Schema counts: all bytes but the continuing ones. */
static int64_t text_length(struct value_text text)
{
	int64_t length = 0;
	for (size_t i = 0; i < text.length; i++)
		length += ((unsigned char)text.text[i] & 0xC0) != 0x80;
	return length;
}

/* C0, DEL and, in their UTF-8 form, C1. */
static bool has_control(struct value_text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.text[i];
		bool c1 = byte == 0xC2 && i + 1 < text.length && (unsigned char)text.text[i + 1] < 0xA0;
		if (byte < 0x20 || byte == 0x7F || c1)
			return true;
	}
	return false;
}

static void check_string(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	struct value_text text = value.ops->text(value.node);
	int64_t length = schema->binary ? (int64_t)text.length : text_length(text);
	if (length < schema->min_length)
		report(checker, place, "string_too_short",
			"String should have at least %" PRId64 " character%s", schema->min_length,
			plural(schema->min_length));
	else if (length > schema->max_length)
		report(checker, place, "string_too_long",
			"String should have at most %" PRId64 " character%s", schema->max_length,
			plural(schema->max_length));
	else if (schema->printable && has_control(text))
		report(checker, place, "value_error", "Value error, control characters are not allowed");
}

static void check_number(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	double number = value.ops->number(value.node);
	if (number < schema->minimum)
		report(checker, place, "greater_than_equal", "Input should be greater than or equal to %.15g",
			schema->minimum);
	if (number > schema->maximum)
		report(checker, place, "less_than_equal", "Input should be less than or equal to %.15g",
			schema->maximum);
}

static void check_array(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	int64_t count = (int64_t)value.ops->count(value.node);
	if (count < schema->min_items) {
		report(checker, place, "too_short",
			"List should have at least %" PRId64 " item%s after validation, not %" PRId64,
			schema->min_items, plural(schema->min_items), count);
		return;
	}
	if (count > schema->max_items) {
		report(checker, place, "too_long",
			"List should have at most %" PRId64 " item%s after validation, not %" PRId64,
			schema->max_items, plural(schema->max_items), count);
		return;
	}
	if (!schema->items)
		return;
	struct value_cursor cursor = {0};
	struct value_item item;
	for (size_t i = 0; !enough(checker) && value.ops->next(value.node, &cursor, &item); i++) {
		struct place below = {.parent = place, .index = i, .depth = place->depth + 1};
		check(checker, schema->items, item.value, &below);
	}
}

static bool is_property(const struct schema *schema, struct value_text name)
{
	for (size_t i = 0; i < schema->property_count; i++)
		if (strlen(schema->properties[i].name) == name.length &&
			memcmp(schema->properties[i].name, name.text, name.length) == 0)
			return true;
	return false;
}

static void check_additional(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	struct value_cursor cursor = {0};
	struct value_item item;
	while (!enough(checker) && value.ops->next(value.node, &cursor, &item)) {
		if (is_property(schema, item.name))
			continue;
		struct place below = {.parent = place, .name = item.name, .depth = place->depth + 1};
		if (schema->additional)
			check(checker, schema->additional, item.value, &below);
		else
			report(checker, &below, "extra_forbidden", "Extra inputs are not permitted");
	}
}

static void check_object(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	struct value member;
	for (size_t i = 0; i < schema->required_count; i++) {
		const char *name = schema->required[i];
		struct place below = {
			.parent = place, .name = {name, strlen(name)}, .depth = place->depth + 1};
		if (!value_member(value, name, &member))
			report(checker, &below, "missing", "Field required");
	}
	for (size_t i = 0; i < schema->property_count; i++) {
		const char *name = schema->properties[i].name;
		struct place below = {
			.parent = place, .name = {name, strlen(name)}, .depth = place->depth + 1};
		if (value_member(value, name, &member))
			check(checker, schema->properties[i].schema, member, &below);
	}
	if (schema->additional || schema->additional_forbidden)
		check_additional(checker, schema, value, place);
}

/* When no branch fits, the problems of the first whose type does are told, else those of the first. */
static void check_any_of(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	const struct schema *told = NULL;
	for (size_t i = 0; i < schema->any_of_count; i++) {
		struct checker trial = {.loc = checker->loc};
		check(&trial, schema->any_of[i], value, place);
		if (trial.count == 0)
			return;
		const struct schema *branch = schema->any_of[i];
		while (branch->reference)
			branch = branch->reference;
		if (!told && branch->types & 1u << value.ops->kind(value.node))
			told = schema->any_of[i];
	}
	check(checker, told ? told : schema->any_of[0], value, place);
}

static void check_by_kind(struct checker *checker, const struct schema *schema, struct value value,
	const struct place *place, enum value_kind kind)
{
	switch (kind) {
	case VALUE_STRING:
	case VALUE_BINARY:
		check_string(checker, schema, value, place);
		return;
	case VALUE_INTEGER:
	case VALUE_NUMBER:
		check_number(checker, schema, value, place);
		return;
	case VALUE_ARRAY:
		check_array(checker, schema, value, place);
		return;
	case VALUE_OBJECT:
		check_object(checker, schema, value, place);
		return;
	default:
		return;
	}
}

static void check(
	struct checker *checker, const struct schema *schema, struct value value, const struct place *place)
{
	if (place->depth > SCHEMA_MAX_DEPTH) {
		report(checker, place, "recursion_loop", "Input is nested too deeply");
		return;
	}
	if (schema->reference) {
		struct place same = *place;
		same.depth++;
		check(checker, schema->reference, value, &same);
	}
	enum value_kind kind = value.ops->kind(value.node);
	if (schema->types && !(schema->types & 1u << kind)) {
		report_type(checker, schema, kind, place);
		return;
	}
	if (schema->any_of)
		check_any_of(checker, schema, value, place);
	check_choices(checker, schema, value, place);
	check_by_kind(checker, schema, value, place, kind);
}

size_t schema_check(
	const struct schema *schema, struct value value, const char *const *loc, struct buf *problems)
{
	struct checker checker = {.loc = loc, .problems = problems};
	struct place root = {0};
	check(&checker, schema, value, &root);
	if (checker.count > 0)
		buf_append_text(problems, "]");
	return checker.count;
}

const struct schema *schema_items(const struct schema *schema)
{
	while (schema->reference)
		schema = schema->reference;
	return schema->items;
}
