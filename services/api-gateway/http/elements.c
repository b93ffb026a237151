/* SPDX-License-Identifier: MIT */
#include "http/elements.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "schemas/schema.h"

#include <cjson/cJSON.h>
#include <string.h>

/* pydantic's names of what is no question of values: "missing", "string_type". */
static bool is_of_type(const char *kind)
{
	static const char SUFFIX[] = "_type";
	size_t length = strlen(kind), suffix = sizeof(SUFFIX) - 1;
	return strcmp(kind, "missing") == 0 ||
	       (length > suffix && strcmp(kind + length - suffix, SUFFIX) == 0);
}

/* "tags.0: String should have at least 1 character" */
static void append_problem(const cJSON *problem, struct buf *out)
{
	const cJSON *loc = cJSON_GetObjectItemCaseSensitive(problem, "loc"), *place;
	const char *separator = out->length ? "; " : "";
	cJSON_ArrayForEach(place, loc) {
		buf_append_text(out, separator);
		if (cJSON_IsString(place))
			buf_append_text(out, place->valuestring);
		else
			buf_printf(out, "%d", place->valueint);
		separator = ".";
	}
	buf_append_text(out, cJSON_GetArraySize(loc) ? ": " : separator);
	buf_append_text(out, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(problem, "msg")));
}

/* 1: *sentence says what is wrong / 0: nothing, or it is to be refused with the whole list */
static bool judge(const struct schema *schema, const cJSON *element, bool whatever_is_wrong,
	struct arena *arena, const char **sentence)
{
	static const char *const NOWHERE[] = {NULL};
	CLEANUP(buf_release) struct buf problems = {0};
	CLEANUP(buf_release) struct buf text = {0};
	if (schema_check(schema, value_of_json(element), NOWHERE, &problems) == 0)
		return true;
	cJSON *list = cJSON_Parse(problems.data), *problem;
	bool alone = true;
	cJSON_ArrayForEach(problem, list) {
		const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(problem, "type"));
		alone = alone && (whatever_is_wrong || !is_of_type(kind));
		append_problem(problem, &text);
	}
	cJSON_Delete(list);
	*sentence = arena_memdup(arena, text.data, text.length);
	return alone;
}

const char **elements_judge(
	const struct schema *schema, const cJSON *list, bool whatever_is_wrong, struct arena *arena)
{
	const struct schema *items = schema_items(schema);
	if (!items || !cJSON_IsArray(list))
		return NULL;
	const char **out = arena_alloc(arena, ((size_t)cJSON_GetArraySize(list) + 1) * sizeof(*out));
	const cJSON *element;
	size_t i = 0;
	cJSON_ArrayForEach(element, list) {
		if (!judge(items, element, whatever_is_wrong, arena, &out[i++]))
			return NULL;
	}
	return out;
}
