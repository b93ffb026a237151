/* SPDX-License-Identifier: MIT */
#include "common/buf.h"
#include "schemas/openapi.h"
#include "schemas/schema.h"

#include "support/cmocka.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define FILE_OF(name_, text_)                                                                                \
	{                                                                                                    \
		name_, (const unsigned char *)(text_), sizeof(text_) - 1                                     \
	}

static cJSON *bundle(const struct embedded_file *files)
{
	struct buf text = {0};
	struct error err = {0};
	if (openapi_bundle(files, &text, &err) != 0)
		fail_msg("%s", err.message);
	cJSON *document = cJSON_Parse(text.data);
	buf_release(&text);
	assert_non_null(document);
	return document;
}

static void assert_bundle_fails(const struct embedded_file *files, const char *why)
{
	struct buf text = {0};
	struct error err = {0};
	assert_int_equal(openapi_bundle(files, &text, &err), -1);
	assert_string_equal(err.message, why);
	assert_int_equal(text.length, 0);
}

/* The value at a JSON pointer without escapes; NULL: there is none. */
static const cJSON *at(const cJSON *document, const char *pointer)
{
	const cJSON *node = document;
	while (node && *pointer == '/') {
		size_t length = strcspn(++pointer, "/");
		char *name = strndup(pointer, length);
		node = cJSON_IsArray(node) ? cJSON_GetArrayItem(node, atoi(name))
					   : cJSON_GetObjectItemCaseSensitive(node, name);
		free(name);
		pointer += length;
	}
	return node;
}

static void assert_text(const cJSON *document, const char *pointer, const char *expected)
{
	const char *text = cJSON_GetStringValue(at(document, pointer));
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void files_become_components_under_their_titles(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json",
			"{\"a\":[{\"$ref\":\"rest/list.json\"}],\"b\":{\"$ref\":\"rest/thing.json\"}}"),
		FILE_OF("rest/list.json",
			"{\"$schema\":\"x\",\"title\":\"List\",\"items\":{\"$ref\":\"thing.json\"}}"),
		FILE_OF("rest/thing.json", "{\"title\":\"Thing\",\"type\":\"object\"}"),
		FILE_OF("rest/idle.json", "{\"title\":\"Idle\"}"),
		{0},
	};
	cJSON *document = bundle(FILES);
	assert_text(document, "/a/0/$ref", "#/components/schemas/List");
	assert_text(document, "/b/$ref", "#/components/schemas/Thing");
	assert_text(document, "/components/schemas/List/items/$ref", "#/components/schemas/Thing");
	char *text = cJSON_PrintUnformatted(at(document, "/components/schemas"));
	assert_string_equal(text,
		"{\"List\":{\"title\":\"List\",\"items\":{\"$ref\":\"#/components/schemas/Thing\"}},"
		"\"Thing\":{\"title\":\"Thing\",\"type\":\"object\"}}");
	cJSON_free(text);
	cJSON_Delete(document);
}

static void references_inside_a_file_stay_inside_it(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json", "{\"components\":{\"responses\":{}},\"a\":{\"$ref\":\"rest/"
					"tree.json#/$defs/leaf\"},\"b\":{\"$ref\":"
					"\"#/components/responses/x\"}}"),
		FILE_OF("rest/tree.json", "{\"title\":\"Tree\",\"items\":[{\"$ref\":\"#\"},{\"$ref\":\"#/"
					  "$defs/leaf\"}],\"$defs\":{\"leaf\":{}}}"),
		{0},
	};
	cJSON *document = bundle(FILES);
	assert_text(document, "/a/$ref", "#/components/schemas/Tree/$defs/leaf");
	assert_text(document, "/b/$ref", "#/components/responses/x");
	assert_text(document, "/components/schemas/Tree/items/0/$ref", "#/components/schemas/Tree");
	assert_text(
		document, "/components/schemas/Tree/items/1/$ref", "#/components/schemas/Tree/$defs/leaf");
	cJSON_Delete(document);
}

static void files_may_refer_to_each_other(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json", "{\"a\":{\"$ref\":\"rest/a.json\"}}"),
		FILE_OF("rest/a.json", "{\"title\":\"A\",\"items\":{\"$ref\":\"b.json\"}}"),
		FILE_OF("rest/b.json", "{\"title\":\"B\",\"items\":{\"$ref\":\"a.json\"}}"),
		{0},
	};
	cJSON *document = bundle(FILES);
	assert_text(document, "/components/schemas/B/items/$ref", "#/components/schemas/A");
	cJSON_Delete(document);
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json", "{\"$ref\":\"rest/gone.json\"}"), {0}};
	assert_bundle_fails(FILES, "openapi: there is no rest/gone.json");
}

static void two_files_of_one_title_are_refused(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json", "[{\"$ref\":\"rest/a.json\"},{\"$ref\":\"rest/b.json\"}]"),
		FILE_OF("rest/a.json", "{\"title\":\"A\"}"),
		FILE_OF("rest/b.json", "{\"title\":\"A\"}"),
		{0},
	};
	assert_bundle_fails(FILES, "openapi: rest/b.json has another's title");
}

static void a_file_without_title_is_refused(void **state)
{
	(void)state;
	static const struct embedded_file FILES[] = {
		FILE_OF("openapi.json", "{\"$ref\":\"rest/a.json\"}"), FILE_OF("rest/a.json", "{}"), {0}};
	assert_bundle_fails(FILES, "openapi: rest/a.json has no title");
}

/* --- the real one */

static void assert_references_lead_somewhere(const cJSON *document, const cJSON *node)
{
	const cJSON *child;
	cJSON_ArrayForEach(child, node) {
		if (child->string && strcmp(child->string, "$ref") == 0 && cJSON_IsString(child)) {
			assert_int_equal(child->valuestring[0], '#');
			if (!at(document, child->valuestring + 1))
				fail_msg("%s leads nowhere", child->valuestring);
		}
		assert_references_lead_somewhere(document, child);
	}
}

static void the_served_document_stands_alone(void **state)
{
	(void)state;
	cJSON *document = bundle(schema_files);
	assert_references_lead_somewhere(document, document);
	assert_text(document, "/components/schemas/Media/properties/store_config/$ref",
		"#/components/schemas/Store");
	cJSON_Delete(document);
}

static void its_version_is_the_programs(void **state)
{
	(void)state;
	cJSON *document = bundle(schema_files);
	assert_text(document, "/info/version", MEDIASTORE_VERSION);
	cJSON_Delete(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_become_components_under_their_titles),
		cmocka_unit_test(references_inside_a_file_stay_inside_it),
		cmocka_unit_test(files_may_refer_to_each_other),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(two_files_of_one_title_are_refused),
		cmocka_unit_test(a_file_without_title_is_refused),
		cmocka_unit_test(the_served_document_stands_alone),
		cmocka_unit_test(its_version_is_the_programs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
