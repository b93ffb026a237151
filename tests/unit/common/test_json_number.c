/* SPDX-License-Identifier: MIT */
#include "common/json_number.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t whole(const char *text)
{
	cJSON *value = cJSON_Parse(text);
	assert_non_null(value);
	int64_t number = json_whole(value, -7);
	cJSON_Delete(value);
	return number;
}

static void whole_numbers_are_bounded(void **state)
{
	(void)state;
	const int64_t most = INT64_C(1) << 53;
	assert_int_equal(whole("0"), 0);
	assert_int_equal(whole("-3"), -3);
	assert_int_equal(whole("2.9"), 2);
	assert_int_equal(whole("9007199254740992"), most);
	assert_int_equal(whole("1e30"), most);
	assert_int_equal(whole("1e999"), most);
	assert_int_equal(whole("-1e30"), -most);
	assert_int_equal(whole("\"5\""), -7);
	assert_int_equal(json_whole(NULL, 4), 4);
}

static int pk_of(const char *text, int64_t *pk)
{
	cJSON *value = cJSON_Parse(text);
	assert_non_null(value);
	int result = json_pk(value, pk);
	cJSON_Delete(value);
	return result;
}

static void pk_is_a_number_or_digits(void **state)
{
	(void)state;
	int64_t pk = 0;
	assert_int_equal(pk_of("7", &pk), 0);
	assert_int_equal(pk, 7);
	assert_int_equal(pk_of("\"8\"", &pk), 0);
	assert_int_equal(pk, 8);
	assert_int_equal(pk_of("9.0", &pk), 0);
	assert_int_equal(pk_of("\"9223372036854775807\"", &pk), 0);
	assert_int_equal(pk, INT64_MAX);
	const char *const wrong[] = {"0", "-1", "1.5", "1e30", "\"x\"", "\"\"", "\"0\"", "\"-1\"", "\" 1\"",
		"\"9223372036854775808\"", "null", "true", "[1]", "{}"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(pk_of(wrong[i], &pk), -1);
	assert_int_equal(json_pk(NULL, &pk), -1);
	assert_int_equal(pk, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_bounded),
		cmocka_unit_test(pk_is_a_number_or_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
