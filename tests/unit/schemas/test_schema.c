/* SPDX-License-Identifier: MIT */
#include "common/buf.h"
#include "schemas/schema.h"

#include "support/cmocka.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* One schema file, compiled; fails the test when it is refused. */
static struct schema_set *compile(const char *text)
{
	const struct embedded_file files[] = {
		{"rest/x.json", (const unsigned char *)text, strlen(text)},
		{NULL, NULL, 0},
	};
	struct schema_set *set = NULL;
	struct error err;
	if (schema_set_create(files, &set, &err) != 0)
		fail_msg("%s", err.message);
	return set;
}

static void assert_refused(const char *text, const char *why)
{
	const struct embedded_file files[] = {
		{"rest/x.json", (const unsigned char *)text, strlen(text)},
		{NULL, NULL, 0},
	};
	struct schema_set *set = NULL;
	struct error err;
	assert_int_equal(schema_set_create(files, &set, &err), -1);
	assert_null(set);
	if (!strstr(err.message, why))
		fail_msg("%s", err.message);
}

/* The problems of a document as JSON text, "" for none. */
static void assert_problems(const char *schema, const char *document, const char *expected)
{
	struct schema_set *set = compile(schema);
	cJSON *json = cJSON_Parse(document);
	assert_non_null(json);
	struct buf problems = {0};
	const char *const loc[] = {"body", "thing", NULL};
	size_t count = schema_check(schema_set_find(set, "rest/x.json"), value_of_json(json), loc, &problems);
	assert_string_equal(problems.data ? problems.data : "", expected);
	assert_int_equal(count > 0, expected[0] != '\0');
	buf_release(&problems);
	cJSON_Delete(json);
	schema_set_free(set);
}

#define MODEL                                                                                                \
	"{\"title\":\"Thing\",\"type\":\"object\",\"required\":[\"pid\"],\"properties\":{"                   \
	"\"pid\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":3},"                                     \
	"\"tags\":{\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":\"string\"}},"                      \
	"\"map\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"                      \
	"\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9}}}"

static void value_that_fits_has_no_problems(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":\"a\",\"tags\":[\"x\"],\"map\":{\"k\":\"v\"},\"n\":9}", "");
}

static void unknown_fields_are_ignored(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":\"a\",\"whatever\":{\"deep\":[null]}}", "");
}

static void missing_field_is_named(void **state)
{
	(void)state;
	assert_problems(MODEL, "{}",
		"[{\"type\":\"missing\",\"loc\":[\"body\",\"thing\",\"pid\"],\"msg\":\"Field required\"}]");
}

static void all_problems_are_told_at_once(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":1,\"tags\":[\"a\",2],\"map\":{\"k\":3}}",
		"[{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\",\"pid\"],\"msg\":\"Input should be a "
		"valid "
		"string\"},"
		"{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\",\"tags\",1],\"msg\":\"Input should be "
		"a valid "
		"string\"},"
		"{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\",\"map\",\"k\"],\"msg\":\"Input should "
		"be a valid "
		"string\"}]");
}

static void wrong_container_types_use_pydantics_names(void **state)
{
	(void)state;
	assert_problems(MODEL, "[]",
		"[{\"type\":\"model_type\",\"loc\":[\"body\",\"thing\"],"
		"\"msg\":\"Input should be a valid dictionary or instance of Thing\"}]");
	assert_problems(MODEL, "{\"pid\":\"a\",\"tags\":{},\"map\":[]}",
		"[{\"type\":\"list_type\",\"loc\":[\"body\",\"thing\",\"tags\"],\"msg\":\"Input should be a "
		"valid list\"},"
		"{\"type\":\"dict_type\",\"loc\":[\"body\",\"thing\",\"map\"],\"msg\":\"Input should be a "
		"valid "
		"dictionary\"}]");
}

static void null_is_no_string(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":null}",
		"[{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\",\"pid\"],\"msg\":\"Input should be a "
		"valid "
		"string\"}]");
}

static void lengths_count_characters_and_not_bytes(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":\"\u00e4\u00f6\U0001F600\"}", "");
	assert_problems(MODEL, "{\"pid\":\"\u00e4\u00f6\u00fc\u00df\"}",
		"[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"thing\",\"pid\"],"
		"\"msg\":\"String should have at most 3 characters\"}]");
	assert_problems(MODEL, "{\"pid\":\"\"}",
		"[{\"type\":\"string_too_short\",\"loc\":[\"body\",\"thing\",\"pid\"],"
		"\"msg\":\"String should have at least 1 character\"}]");
}

static void lists_have_limits(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":\"a\",\"tags\":[\"1\",\"2\",\"3\"]}",
		"[{\"type\":\"too_long\",\"loc\":[\"body\",\"thing\",\"tags\"],"
		"\"msg\":\"List should have at most 2 items after validation, not 3\"}]");
}

static void numbers_have_bounds_and_kinds(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":\"a\",\"n\":0}",
		"[{\"type\":\"greater_than_equal\",\"loc\":[\"body\",\"thing\",\"n\"],"
		"\"msg\":\"Input should be greater than or equal to 1\"}]");
	assert_problems(MODEL, "{\"pid\":\"a\",\"n\":10}",
		"[{\"type\":\"less_than_equal\",\"loc\":[\"body\",\"thing\",\"n\"],"
		"\"msg\":\"Input should be less than or equal to 9\"}]");
	assert_problems(MODEL, "{\"pid\":\"a\",\"n\":1.5}",
		"[{\"type\":\"int_from_float\",\"loc\":[\"body\",\"thing\",\"n\"],"
		"\"msg\":\"Input should be a valid integer, got a number with a fractional part\"}]");
	assert_problems(MODEL, "{\"pid\":\"a\",\"n\":\"x\"}",
		"[{\"type\":\"int_type\",\"loc\":[\"body\",\"thing\",\"n\"],\"msg\":\"Input should be a "
		"valid integer\"}]");
}

static void last_of_repeated_names_counts(void **state)
{
	(void)state;
	assert_problems(MODEL, "{\"pid\":1,\"pid\":\"a\"}", "");
	assert_problems(MODEL, "{\"pid\":\"a\",\"pid\":1}",
		"[{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\",\"pid\"],\"msg\":\"Input should be a "
		"valid "
		"string\"}]");
}

static void enum_lists_the_choices(void **state)
{
	(void)state;
	const char *schema = "{\"type\":\"string\",\"enum\":[\"a\",\"b\",\"c\"]}";
	assert_problems(schema, "\"b\"", "");
	assert_problems(schema, "\"d\"",
		"[{\"type\":\"enum\",\"loc\":[\"body\",\"thing\"],\"msg\":\"Input should be 'a', 'b' or "
		"'c'\"}]");
}

static void const_compares_deeply(void **state)
{
	(void)state;
	const char *schema = "{\"const\":{\"a\":[1,{\"b\":null}]}}";
	assert_problems(schema, "{\"a\":[1.0,{\"b\":null}]}", "");
	assert_problems(schema, "{\"a\":[1,{\"b\":0}]}",
		"[{\"type\":\"literal_error\",\"loc\":[\"body\",\"thing\"],"
		"\"msg\":\"Input should be {\\\"a\\\":[1,{\\\"b\\\":null}]}\"}]");
}

static void printable_refuses_control_characters(void **state)
{
	(void)state;
	const char *schema = "{\"type\":\"string\",\"format\":\"printable\"}";
	const char *problem = "[{\"type\":\"value_error\",\"loc\":[\"body\",\"thing\"],"
			      "\"msg\":\"Value error, control characters are not allowed\"}]";
	assert_problems(schema, "\"a b/\u00e9\u00a0\"", "");
	assert_problems(schema, "\"a\\nb\"", problem);
	assert_problems(schema, "\"\\u007f\"", problem);
	assert_problems(schema, "\"\\u0085\"", problem);
}

static void any_of_tells_the_branch_that_fits_the_type(void **state)
{
	(void)state;
	const char *schema = "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\",\"maxLength\":1}]}";
	assert_problems(schema, "5", "");
	assert_problems(schema, "\"a\"", "");
	assert_problems(schema, "\"ab\"",
		"[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"thing\"],"
		"\"msg\":\"String should have at most 1 character\"}]");
}

static void additional_properties_can_be_forbidden(void **state)
{
	(void)state;
	const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{}},\"additionalProperties\":false}";
	assert_problems(schema, "{\"a\":1}", "");
	assert_problems(schema, "{\"b\":1}",
		"[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"thing\",\"b\"],"
		"\"msg\":\"Extra inputs are not permitted\"}]");
}

static void type_lists_allow_each(void **state)
{
	(void)state;
	const char *schema = "{\"type\":[\"null\",\"string\"]}";
	assert_problems(schema, "null", "");
	assert_problems(schema, "\"\"", "");
	assert_problems(schema, "1",
		"[{\"type\":\"string_type\",\"loc\":[\"body\",\"thing\"],\"msg\":\"Input should be a valid "
		"string\"}]");
}

static void references_reach_definitions_and_themselves(void **state)
{
	(void)state;
	const char *schema =
		"{\"$ref\":\"#/$defs/tree\",\"$defs\":{\"tree\":{\"title\":\"Tree\",\"type\":\"object\","
		"\"properties\":{\"left\":{\"$ref\":\"x.json#/$defs/tree\"}}}}}";
	assert_problems(schema, "{\"left\":{\"left\":{}}}", "");
	assert_problems(schema, "{\"left\":{\"left\":1}}",
		"[{\"type\":\"model_type\",\"loc\":[\"body\",\"thing\",\"left\",\"left\"],"
		"\"msg\":\"Input should be a valid dictionary or instance of Tree\"}]");
}

static void reference_to_itself_without_progress_ends(void **state)
{
	(void)state;
	assert_problems("{\"$ref\":\"#\"}", "1",
		"[{\"type\":\"recursion_loop\",\"loc\":[\"body\",\"thing\"],\"msg\":\"Input is nested too "
		"deeply\"}]");
}

static void references_reach_other_files(void **state)
{
	(void)state;
	const char *store =
		"{\"title\":\"Store\",\"type\":\"object\",\"required\":[\"bucket\"],\"properties\":{}}";
	const char *media = "{\"properties\":{\"store\":{\"$ref\":\"store.json\"}}}";
	const struct embedded_file files[] = {
		{"rest/media.json", (const unsigned char *)media, strlen(media)},
		{"rest/store.json", (const unsigned char *)store, strlen(store)},
		{"openapi.json", (const unsigned char *)"no schema", 9},
		{NULL, NULL, 0},
	};
	struct schema_set *set;
	struct error err;
	assert_int_equal(schema_set_create(files, &set, &err), 0);
	cJSON *json = cJSON_Parse("{\"store\":{}}");
	struct buf problems = {0};
	const char *const loc[] = {NULL};
	assert_int_equal(
		schema_check(schema_set_find(set, "rest/media.json"), value_of_json(json), loc, &problems),
		1);
	assert_string_equal(problems.data,
		"[{\"type\":\"missing\",\"loc\":[\"store\",\"bucket\"],\"msg\":\"Field required\"}]");
	buf_release(&problems);
	cJSON_Delete(json);
	schema_set_free(set);
}

static void flood_of_problems_is_cut(void **state)
{
	(void)state;
	struct schema_set *set = compile("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
	cJSON *json = cJSON_CreateArray();
	for (int i = 0; i < 5000; i++)
		cJSON_AddItemToArray(json, cJSON_CreateNumber(i));
	struct buf problems = {0};
	const char *const loc[] = {"body", NULL};
	size_t count = schema_check(schema_set_find(set, "rest/x.json"), value_of_json(json), loc, &problems);
	assert_int_equal(count, SCHEMA_MAX_PROBLEMS);
	cJSON *told = cJSON_Parse(problems.data);
	assert_int_equal(cJSON_GetArraySize(told), SCHEMA_MAX_PROBLEMS);
	cJSON_Delete(told);
	buf_release(&problems);
	cJSON_Delete(json);
	schema_set_free(set);
}

static void unknown_keyword_refuses_the_start(void **state)
{
	(void)state;
	assert_refused("{\"properties\":{\"a\":{\"patern\":\"x\"}}}",
		"rest/x.json#/properties/a/patern: unknown keyword");
	assert_refused("{\"type\":\"text\"}", "unknown type");
	assert_refused("{\"type\":[]}", "must not be empty");
	assert_refused("{\"format\":\"phone\"}", "not one of the values");
	assert_refused("{\"minLength\":-1}", "must be a count");
	assert_refused("{\"minimum\":\"1\"}", "must be a number");
	assert_refused("{\"required\":\"pid\"}", "must be a list");
	assert_refused("{\"items\":[]}", "must be an object");
	assert_refused("{\"$ref\":\"nobody.json\"}", "nothing is named rest/nobody.json");
	assert_refused("{\"a\"", "not JSON");
}

static void every_schema_of_the_project_compiles(void **state)
{
	(void)state;
	struct schema_set *set = NULL;
	struct error err;
	if (schema_set_create(schema_files, &set, &err) != 0)
		fail_msg("%s", err.message);
	assert_non_null(schema_set_find(set, "rest/media.json"));
	schema_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_that_fits_has_no_problems),
		cmocka_unit_test(unknown_fields_are_ignored),
		cmocka_unit_test(missing_field_is_named),
		cmocka_unit_test(all_problems_are_told_at_once),
		cmocka_unit_test(wrong_container_types_use_pydantics_names),
		cmocka_unit_test(null_is_no_string),
		cmocka_unit_test(lengths_count_characters_and_not_bytes),
		cmocka_unit_test(lists_have_limits),
		cmocka_unit_test(numbers_have_bounds_and_kinds),
		cmocka_unit_test(last_of_repeated_names_counts),
		cmocka_unit_test(enum_lists_the_choices),
		cmocka_unit_test(const_compares_deeply),
		cmocka_unit_test(printable_refuses_control_characters),
		cmocka_unit_test(any_of_tells_the_branch_that_fits_the_type),
		cmocka_unit_test(additional_properties_can_be_forbidden),
		cmocka_unit_test(type_lists_allow_each),
		cmocka_unit_test(references_reach_definitions_and_themselves),
		cmocka_unit_test(reference_to_itself_without_progress_ends),
		cmocka_unit_test(references_reach_other_files),
		cmocka_unit_test(flood_of_problems_is_cut),
		cmocka_unit_test(unknown_keyword_refuses_the_start),
		cmocka_unit_test(every_schema_of_the_project_compiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
