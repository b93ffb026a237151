/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/buf.h"
#include "common/json_span.h"

#include <string.h>

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const WHOLE[] = {NULL};

static void assert_found(const char *text, const char *const *path, const char *expected)
{
	struct json_span span;
	assert_true(json_span_find(text, strlen(text), path, &span));
	assert_int_equal(span.length, strlen(expected));
	assert_memory_equal(span.text, expected, span.length);
}

static void assert_absent(const char *text, const char *const *path)
{
	struct json_span span;
	assert_false(json_span_find(text, strlen(text), path, &span));
}

static void member_is_found_as_it_was_sent(void **state)
{
	(void)state;
	assert_found(
		"{\"a\":1,\"b\" : {\"n\": 1.10 , \"x\":[{}]} }", PATH("b"), "{\"n\": 1.10 , \"x\":[{}]}");
	assert_found("{\"a\":12345678901234567890}", PATH("a"), "12345678901234567890");
	assert_found("{\"a\":{\"b\":{\"c\":\"}\\\"{\"}}}", PATH("a", "b", "c"), "\"}\\\"{\"");
	assert_found(" [1, 2] ", WHOLE, "[1, 2]");
	assert_found("{\"a\": null\n}", PATH("a"), "null");
}

static void last_of_repeated_names_counts(void **state)
{
	(void)state;
	assert_found("{\"a\":1,\"\\u0061\":{\"b\":2}}", PATH("a"), "{\"b\":2}");
	assert_found("{\"a\":{\"b\":2},\"a\":{\"b\":3}}", PATH("a", "b"), "3");
}

static void names_are_compared_without_their_escapes(void **state)
{
	(void)state;
	assert_found("{\"m\\u00e9t\\n\":1}", PATH("m\xc3\xa9t\n"), "1");
	assert_found("{\"\":2}", PATH(""), "2");
	assert_absent("{\"ab\":1}", PATH("a"));
}

static void nothing_is_found_where_there_is_no_object(void **state)
{
	(void)state;
	assert_absent("[1]", PATH("a"));
	assert_absent("{}", PATH("a"));
	assert_absent("{\"a\":[{\"b\":1}]}", PATH("a", "b"));
	assert_absent("\"a\"", PATH("a"));
	assert_absent("{\"b\":\"a\"}", PATH("a"));
}

static void values_and_depth_are_measured(void **state)
{
	(void)state;
	struct json_measure measure = json_span_measure("{\"a\":[1,2,{\"[[\":\"]\\\"\"}]}", 25);
	assert_int_equal(measure.depth, 3);
	assert_true(measure.values >= 6);
	assert_int_equal(json_span_measure("1", 1).depth, 0);
}

static void assert_pruned(const char *text, int depth, const char *expected)
{
	struct buf out = {0};
	json_span_prune(text, strlen(text), depth, &out);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void deep_values_are_emptied(void **state)
{
	(void)state;
	assert_pruned("{\"a\":{\"b\":{\"c\":1}},\"d\":[[2]]}", 2, "{\"a\":{\"b\":{}},\"d\":[[]]}");
	assert_pruned("{\"a\":{\"b\":{\"c\":1}},\"d\":[[2]]}", 3, "{\"a\":{\"b\":{\"c\":1}},\"d\":[[2]]}");
	assert_pruned("[[1,\"]\"],[],[3]]", 1, "[[],[],[]]");
	assert_pruned("7", 1, "7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(member_is_found_as_it_was_sent),
		cmocka_unit_test(last_of_repeated_names_counts),
		cmocka_unit_test(names_are_compared_without_their_escapes),
		cmocka_unit_test(nothing_is_found_where_there_is_no_object),
		cmocka_unit_test(values_and_depth_are_measured),
		cmocka_unit_test(deep_values_are_emptied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
