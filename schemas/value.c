/* SPDX-License-Identifier: MIT */
#include "schemas/value.h"

#include <cjson/cJSON.h>
#include <string.h>

/* --- cJSON as a value */

/* Beyond 2^53 a double has no fraction anyway. */
static bool is_whole(double number)
{
	return number > 9e15 || number < -9e15 || (double)(int64_t)number == number;
}

static enum value_kind json_kind(const void *node)
{
	const cJSON *json = node;
	switch (json->type & 0xFF) {
	case cJSON_False:
	case cJSON_True:
		return VALUE_BOOLEAN;
	case cJSON_Number:
		return is_whole(json->valuedouble) ? VALUE_INTEGER : VALUE_NUMBER;
	case cJSON_String:
		return VALUE_STRING;
	case cJSON_Array:
		return VALUE_ARRAY;
	case cJSON_Object:
		return VALUE_OBJECT;
	default:
		return VALUE_NULL;
	}
}

static bool json_boolean(const void *node)
{
	return cJSON_IsTrue(node);
}

static double json_number(const void *node)
{
	return ((const cJSON *)node)->valuedouble;
}

static struct value_text json_text(const void *node)
{
	const char *text = ((const cJSON *)node)->valuestring;
	return (struct value_text){text, strlen(text)};
}

static size_t json_count(const void *node)
{
	size_t count = 0;
	for (const cJSON *child = ((const cJSON *)node)->child; child; child = child->next)
		count++;
	return count;
}

static bool json_next(const void *node, struct value_cursor *cursor, struct value_item *out)
{
	const cJSON *previous = cursor->position;
	const cJSON *child = cursor->index == 0 ? ((const cJSON *)node)->child : previous->next;
	if (!child)
		return false;
	cursor->position = child;
	cursor->index++;
	const char *name = child->string ? child->string : "";
	*out = (struct value_item){{name, strlen(name)}, value_of_json(child)};
	return true;
}

static const struct value_ops JSON_OPS = {
	.kind = json_kind,
	.boolean = json_boolean,
	.number = json_number,
	.text = json_text,
	.count = json_count,
	.next = json_next,
};

struct value value_of_json(const struct cJSON *node)
{
	return (struct value){node, &JSON_OPS};
}

/* --- over any parser */

static bool text_equal(struct value_text a, struct value_text b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static bool member(struct value object, struct value_text name, struct value *out)
{
	bool found = false;
	struct value_cursor cursor = {0};
	struct value_item item;
	while (object.ops->next(object.node, &cursor, &item)) {
		if (text_equal(item.name, name)) {
			*out = item.value;
			found = true;
		}
	}
	return found;
}

bool value_member(struct value object, const char *name, struct value *out)
{
	return member(object, (struct value_text){name, strlen(name)}, out);
}

static bool arrays_equal(struct value a, struct value b)
{
	struct value_cursor at_a = {0}, at_b = {0};
	struct value_item x, y;
	while (a.ops->next(a.node, &at_a, &x))
		if (!b.ops->next(b.node, &at_b, &y) || !value_equal(x.value, y.value))
			return false;
	return !b.ops->next(b.node, &at_b, &y);
}

static bool objects_equal(struct value a, struct value b)
{
	struct value_cursor cursor = {0};
	struct value_item item;
	struct value other;
	while (a.ops->next(a.node, &cursor, &item))
		if (!member(b, item.name, &other) || !value_equal(item.value, other))
			return false;
	return a.ops->count(a.node) == b.ops->count(b.node);
}

static bool is_number(enum value_kind kind)
{
	return kind == VALUE_INTEGER || kind == VALUE_NUMBER;
}

bool value_equal(struct value a, struct value b)
{
	enum value_kind kind = a.ops->kind(a.node), other = b.ops->kind(b.node);
	if (is_number(kind) && is_number(other))
		return a.ops->number(a.node) == b.ops->number(b.node);
	if (kind != other)
		return false;
	switch (kind) {
	case VALUE_BOOLEAN:
		return a.ops->boolean(a.node) == b.ops->boolean(b.node);
	case VALUE_STRING:
	case VALUE_BINARY:
		return text_equal(a.ops->text(a.node), b.ops->text(b.node));
	case VALUE_ARRAY:
		return arrays_equal(a, b);
	case VALUE_OBJECT:
		return objects_equal(a, b);
	default:
		return true;
	}
}
