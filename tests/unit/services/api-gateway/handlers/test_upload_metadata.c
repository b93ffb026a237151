/* SPDX-License-Identifier: MIT */
#include "handlers/upload_metadata.h"

#include "support/arena_fixture.h"

#include <stddef.h>

static struct request_params parse(const char *header)
{
	struct request_params params = {0};
	struct error err;
	assert_int_equal(upload_metadata_parse(header, arena, &params, &err), 0);
	return params;
}

static void pairs_are_names_and_base64(void **state)
{
	(void)state;
	struct request_params params = parse("pid cGxhdGUtNw==,tags YSxi, empty ,flag");
	assert_int_equal(params.count, 4);
	assert_string_equal(params.items[0].name, "pid");
	assert_string_equal(params.items[0].value, "plate-7");
	assert_string_equal(params.items[1].value, "a,b");
	assert_string_equal(params.items[2].name, "empty");
	assert_string_equal(params.items[2].value, "");
	assert_string_equal(params.items[3].name, "flag");
	assert_string_equal(params.items[3].value, "");
}

static void none_is_none(void **state)
{
	(void)state;
	assert_int_equal(parse(NULL).count, 0);
	assert_int_equal(parse("").count, 0);
}

static void what_is_malformed_is_invalid(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {"pid !!", "pid YQ", ",",
		"a YQ==,,b YQ==", "a YQ==,a YQ==", "a AA==", "a /w==", "a Cg==", "\xff YQ==", " "};
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		struct request_params params;
		struct error err;
		assert_int_equal(upload_metadata_parse(HEADERS[i], arena, &params, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_names_and_base64),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(what_is_malformed_is_invalid),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
