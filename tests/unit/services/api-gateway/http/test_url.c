/* SPDX-License-Identifier: MIT */
#include "common/arena.h"
#include "http/request.h"
#include "http/url.h"

#include "support/cmocka.h"

#include <string.h>

static int parse(struct arena *arena, const char *query, struct request *out, struct error *err)
{
	*out = (struct request){0};
	return url_query(query, arena, &out->query, err);
}

static void query_parameters_are_split_and_decoded(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct request request;
	struct error err;
	assert_int_equal(parse(arena, "pid=a%2Fb+c&tag=x&tag=y&empty=&flag&&a=b=c", &request, &err), 0);
	assert_string_equal(request_query(&request, "pid"), "a/b c");
	assert_string_equal(request_query(&request, "tag"), "x");
	assert_string_equal(request_query(&request, "empty"), "");
	assert_string_equal(request_query(&request, "flag"), "");
	assert_string_equal(request_query(&request, "a"), "b=c");
	assert_null(request_query(&request, "other"));
	assert_int_equal(request.query.count, 6);
	arena_free(arena);
}

static void quoted_separators_do_not_separate(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct request request;
	struct error err;
	assert_int_equal(parse(arena, "a%26b=c%3Dd%2B", &request, &err), 0);
	assert_string_equal(request_query(&request, "a&b"), "c=d+");
	arena_free(arena);
}

static void malformed_queries_are_refused(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct request request;
	struct error err;
	assert_int_equal(parse(arena, "a=%g1", &request, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
	assert_int_equal(parse(arena, "a%00=1", &request, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	char many[600];
	memset(many, '&', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(parse(arena, many, &request, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
	arena_free(arena);
}

static void utf8_is_checked_strictly(void **state)
{
	(void)state;
	assert_true(url_is_utf8("a\u00e4\u20ac\U0001F600", 10));
	assert_true(url_is_utf8("\xF4\x8F\xBF\xBF", 4));
	assert_false(url_is_utf8("\xC1\x81", 2));
	assert_false(url_is_utf8("\xE0\x9F\xBF", 3));
	assert_false(url_is_utf8("\xED\xA0\x80", 3));
	assert_false(url_is_utf8("\xF0\x8F\xBF\xBF", 4));
	assert_false(url_is_utf8("\xF5\x80\x80\x80", 4));
	assert_false(url_is_utf8("\xE2\x82", 2));
	assert_false(url_is_utf8("\x80", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(query_parameters_are_split_and_decoded),
		cmocka_unit_test(quoted_separators_do_not_separate),
		cmocka_unit_test(malformed_queries_are_refused),
		cmocka_unit_test(utf8_is_checked_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
