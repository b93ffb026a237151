/* SPDX-License-Identifier: MIT */
#include "schemas/msgpack_json.h"

#include "common/buf.h"
#include "common/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void there_and_back(const char *text, const char *expected)
{
	CLEANUP(buf_release) struct buf packed = {0}, back = {0};
	struct error err;
	msgpack_of_json(text, strlen(text), NULL, &packed);
	if (json_of_msgpack(packed.data, packed.length, &back, &err))
		fail_msg("%s: %s", text, err.cause);
	assert_string_equal(back.data, expected);
}

static void documents_come_back_as_they_were(void **state)
{
	(void)state;
	static const char *const SAME[] = {"null", "true", "false", "0", "-1", "\"\"", "[]", "{}",
		"12345678901234567890", "18446744073709551615", "-9223372036854775808",
		"18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1.5",
		"0.1", "-0.25", "1e-400", "1e400", "0.1000000000000000055511151231257827",
		"3.141592653589793238462643383279",
		"{\"a\":[1,{\"b\":\"\xc3\xa9\"},null],\"\":{\"c\":[[[]]]}}", "[1,2,3]", "\"\\u0001\""};
	for (size_t i = 0; i < sizeof(SAME) / sizeof(SAME[0]); i++)
		there_and_back(SAME[i], SAME[i]);
}

static void equal_numbers_may_be_written_otherwise(void **state)
{
	(void)state;
	there_and_back("1.50", "1.5");
	there_and_back("1.0", "1");
	there_and_back("15e-1", "1.5");
	there_and_back("1E2", "100");
	there_and_back("-0", "-0");
	there_and_back(" [ 1 , { \"a\" : \"\\u00e9\\n\" } ] ", "[1,{\"a\":\"\xc3\xa9\\u000a\"}]");
}

static void numbers_that_fit_are_native(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned char first;
	} CASES[] = {{"1", 0x01}, {"18446744073709551615", 0xcf}, {"-9223372036854775808", 0xd3},
		{"1.10", 0xcb}, {"18446744073709551616", 0xc7}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		CLEANUP(buf_release) struct buf packed = {0};
		msgpack_of_json(CASES[i].text, strlen(CASES[i].text), NULL, &packed);
		assert_int_equal((unsigned char)packed.data[0], CASES[i].first);
	}
}

static void bin_is_base64(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf text = {0};
	struct error err;
	assert_int_equal(json_of_msgpack("\x81\xa1x\xc4\x03\x00\xff\x01", 8, &text, &err), 0);
	assert_string_equal(text.data, "{\"x\":\"AP8B\"}");
}

static void only_the_text_at_the_path_becomes_a_bin(void **state)
{
	(void)state;
	static const char TEXT[] =
		"{\"x\":\"AP8B\",\"a\":{\"x\":\"AP8B\",\"m\":{\"x\":\"AP8B\"},\"l\":[{\"x\":"
		"\"AP8B\"}]}}";
	CLEANUP(buf_release) struct buf packed = {0};
	msgpack_of_json(TEXT, strlen(TEXT), (const char *const[]){"a", "x", NULL}, &packed);
	const char *first = memmem(packed.data, packed.length, "\xc4\x03\x00\xff\x01", 5);
	assert_non_null(first);
	size_t rest = packed.length - (size_t)(first + 1 - packed.data);
	assert_null(memmem(first + 1, rest, "\xc4\x03\x00\xff\x01", 5));
	assert_non_null(memmem(packed.data, packed.length,
		"\xa1x\xa4"
		"AP8B",
		7));
}

static void text_that_is_no_base64_stays_text(void **state)
{
	(void)state;
	static const char TEXT[] = "{\"x\":\"%%\"}";
	CLEANUP(buf_release) struct buf packed = {0};
	msgpack_of_json(TEXT, strlen(TEXT), (const char *const[]){"x", NULL}, &packed);
	assert_non_null(memmem(packed.data, packed.length, "\xa2%%", 3));
}

static void what_json_has_not_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t length;
	} BAD[] = {{"", 0}, {"\x92\x01", 2}, {"\x01\x01", 2}, {"\x81\x01\x01", 3}, {"\x81\xc4\x01x\x01", 5},
		{"\xcb\x7f\xf8\0\0\0\0\0\0", 9}, {"\xcb\x7f\xf0\0\0\0\0\0\0", 9},
		{"\xd4\x02"
		 "1",
			3},
		{"\xd4\x01x", 3}, {"\xd6\x01null", 6}, {"\xd4\xff\0", 3}, {"\xc1", 1},
		{"\xdd\xff\xff\xff\xff", 5}};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		CLEANUP(buf_release) struct buf text = {0};
		struct error err = {0};
		assert_int_equal(json_of_msgpack(BAD[i].bytes, BAD[i].length, &text, &err), -1);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
	}
}

static void what_is_nested_too_deep_is_refused(void **state)
{
	(void)state;
	char bytes[64];
	CLEANUP(buf_release) struct buf text = {0};
	struct error err = {0};
	memset(bytes, 0x91, sizeof(bytes));
	bytes[40] = 1;
	assert_int_equal(json_of_msgpack(bytes, 41, &text, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
	bytes[MSGPACK_JSON_DEPTH - 1] = 1;
	buf_clear(&text);
	assert_int_equal(json_of_msgpack(bytes, MSGPACK_JSON_DEPTH, &text, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_come_back_as_they_were),
		cmocka_unit_test(equal_numbers_may_be_written_otherwise),
		cmocka_unit_test(numbers_that_fit_are_native),
		cmocka_unit_test(bin_is_base64),
		cmocka_unit_test(only_the_text_at_the_path_becomes_a_bin),
		cmocka_unit_test(text_that_is_no_base64_stays_text),
		cmocka_unit_test(what_json_has_not_is_refused),
		cmocka_unit_test(what_is_nested_too_deep_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
