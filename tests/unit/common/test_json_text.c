/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/json_text.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

/* In a block of exactly its size, so that the address sanitizer sees a byte read too far. */
static int check(const char *text, size_t length, int max_depth, struct error *err)
{
	CLEANUP(cleanup_free) char *exact = malloc(length ? length : 1);
	memcpy(exact, text, length);
	*err = (struct error){0};
	return json_text_check(exact, length, max_depth, err);
}

static void accepts_every_form_of_rfc_8259(void **state)
{
	(void)state;
	static const char *const GOOD[] = {"{}", "[]", "0", "-0", "1e5", "-12.5E+10", "0.0", "1E-2", "\"\"",
		"true", "false", "null", " \t\r\n[ ] \n", "[1,2]", "{\"a\":1}",
		"{ \"a\" : [ { } , [ ] ] , \"\" : null }", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
		"\"\\ud83d\\ude00\"", "\"Zürich \xf0\x9f\x98\x80 \x7f\"", "{\"a\":1,\"a\":2}",
		"\"\\uD83D\\uDE00\"", "[[],{},[[]]]"};
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct error err;
		if (check(GOOD[i], strlen(GOOD[i]), 10, &err))
			fail_msg("%s: %s", GOOD[i], err.cause);
	}
}

static void accepts_numbers_that_a_database_can_hold(void **state)
{
	(void)state;
	char digits[10001];
	struct error err;
	memset(digits, '9', sizeof(digits));
	assert_int_equal(check(digits, 10000, 0, &err), 0);
	assert_int_equal(check("[1e308,5E-324,1e+0000400]", 25, 1, &err), 0);
	assert_int_equal(check("12345678901234567890.10", 23, 0, &err), 0);
	assert_int_equal(check(digits, 10001, 0, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void refuses_what_is_no_json(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", " ", "{", "[", "}", "]", "[1", "[1,", "[1,]", "[,1]", "[,]",
		"{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{1:1}",
		"{\"a\":1 \"b\":2}", "[1 2]", "[}", "{]", "[1}", "{\"a\":1]", "01", "-", "+1", "1.", ".5",
		"1e", "1e+", "-a", "0x10", "1_0", "nan", "Inf", "-inf", "NaNs", "nul", "nulll", "True",
		"truefalse", "\"", "\"a", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u\"",
		"\"\\", "\"\\u", "\"a\nb\"", "\"a\tb\"", "\"\x1f\"", "'a'", "[] []", "{} x", "1 2", "// c\n1",
		"/* c */1", "\xef\xbb\xbf{}", "\"\\ud83d\\u\"", "\"Z\xfcrich\"", "\"\xed\xa0\x80\"",
		"\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", "{\"\xff\":1}", "\xff", "\xa0[]", "\v1", "\f1"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct error err;
		if (!check(BAD[i], strlen(BAD[i]), 10, &err))
			fail_msg("accepted: %s", BAD[i]);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_string_equal(err.message, "Cannot parse request body");
	}
}

static void refuses_nul_bytes_wherever_they_stand(void **state)
{
	(void)state;
	static const char TEXT[] = " { \"name\" : [ 12.5e3 , true , \"text\\n\" ] } ";
	for (size_t i = 0; i < sizeof(TEXT) - 1; i++) {
		char changed[sizeof(TEXT)];
		struct error err;
		memcpy(changed, TEXT, sizeof(TEXT));
		changed[i] = '\0';
		assert_int_equal(check(changed, sizeof(TEXT) - 1, 10, &err), -1);
	}
}

static void names_the_position_in_the_cause(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(check("{\"a\":tru}", 9, 10, &err), -1);
	assert_string_equal(err.cause, "JSON: a value expected at byte 5");
}

static const char DOCUMENT[] = "{\"pid\":\"X-1\",\"n\":[0,-1.5e+3,{\"k\":null}],\"t\":true,\"s\":"
			       "\"\\u00e9\\ud83d\\ude00 \xf0\x9f\x98\x80\",\"e\":{},\"l\":[]}";

static void refuses_a_document_cut_at_any_byte(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(check(DOCUMENT, sizeof(DOCUMENT) - 1, 10, &err), 0);
	for (size_t cut = 0; cut < sizeof(DOCUMENT) - 1; cut++) {
		assert_int_equal(check(DOCUMENT, cut, 10, &err), -1);
		assert_true(err.code == ERROR_BAD_REQUEST);
	}
}

static void survives_every_byte_in_every_place(void **state)
{
	(void)state;
	char changed[sizeof(DOCUMENT)];
	for (size_t i = 0; i < sizeof(DOCUMENT) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			struct error err;
			memcpy(changed, DOCUMENT, sizeof(DOCUMENT));
			changed[i] = (char)c;
			if (check(changed, sizeof(DOCUMENT) - 1, 10, &err))
				assert_true(err.code == ERROR_BAD_REQUEST || err.code == ERROR_INVALID);
		}
	}
}

static void depth_counts_open_objects_and_arrays(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(check("1", 1, 0, &err), 0);
	assert_int_equal(check("[{\"a\":[]},[[]]]", 15, 3, &err), 0);
	assert_int_equal(check("[{\"a\":[]},[[]]]", 15, 2, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_int_equal(check("[]", 2, 0, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
}

static void a_megabyte_of_brackets_needs_no_stack(void **state)
{
	(void)state;
	enum { HALF = 500000 };
	CLEANUP(cleanup_free) char *text = memory_alloc(2 * HALF);
	struct error err;
	memset(text, '[', HALF);
	memset(text + HALF, ']', HALF);
	assert_int_equal(json_text_check(text, 2 * HALF, 100, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_int_equal(json_text_check(text, 2 * HALF, HALF, &err), 0);
	assert_int_equal(json_text_check(text, 2 * HALF - 1, HALF, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
}

static void what_postgresql_cannot_hold_is_named_by_its_pointer(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} CASES[] = {
		{"\"\\u0000\"", "a string cannot hold \\u0000: the whole document"},
		{"{\"metadata\":{\"a\":[1,{\"b\":\"x\\u0000\"}]}}",
			"a string cannot hold \\u0000: /metadata/a/1/b"},
		{"[\"\",\"\\ud83d\"]", "a string cannot hold half a surrogate pair: /1"},
		{"[\"\\ude00\\ud83d\"]", "a string cannot hold half a surrogate pair: /0"},
		{"[\"\\ud83d\\u0041\"]", "a string cannot hold half a surrogate pair: /0"},
		{"[\"\\ud83dx\"]", "a string cannot hold half a surrogate pair: /0"},
		{"[\"\\ud83d\\ud83d\\ude00\"]", "a string cannot hold half a surrogate pair: /0"},
		{"{\"a\":{\"\\u0000\":1}}", "a member's name cannot hold \\u0000: /a"},
		{"{\"\\ud83d\":1}",
			"a member's name cannot hold half a surrogate pair: in the outermost object"},
		{"{\"a~b/c\\/\\u00e9\\n\\ud83d\\ude00\":\"\\u0000\"}",
			"a string cannot hold \\u0000: /a~0b~1c~1\xc3\xa9\n\xf0\x9f\x98\x80"},
		{"{\"n\":[1,1e401]}", "a number cannot have such an exponent: /n/1"},
		{"[-1.5E-99999999999999999999]", "a number cannot have such an exponent: /0"},
		{"[\"\\u0000\",\"\\ud83d\"]", "a string cannot hold \\u0000: /0"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct error err;
		assert_int_equal(check(CASES[i].text, strlen(CASES[i].text), 10, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.message, CASES[i].message);
	}
}

static void a_syntax_error_counts_before_an_earlier_unstorable_string(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(check("[\"\\u0000\",]", 11, 10, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
}

static void a_pointer_longer_than_a_message_is_cut(void **state)
{
	(void)state;
	char text[3000] = "";
	struct error err;
	for (int i = 0; i < 100; i++)
		strcat(text, "{\"some name of a member\":");
	strcat(text, "\"\\u0000\"");
	for (int i = 0; i < 100; i++)
		strcat(text, "}");
	assert_int_equal(check(text, strlen(text), 100, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void numbers_that_json_does_not_have_are_named(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {
		"{\"a\":[1,NaN]}", "{\"a\":[1,Infinity]}", "{\"a\":[1,-Infinity]}"};
	struct error err;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(check(TEXTS[i], strlen(TEXTS[i]), 10, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.message, "a number cannot be NaN or infinite: /a/1");
	}
	assert_int_equal(check("[nan]", 5, 10, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
	assert_int_equal(check("[NaN", 4, 10, &err), -1);
	assert_int_equal(err.code, ERROR_BAD_REQUEST);
}

static void strings_and_names_have_a_longest_length(void **state)
{
	(void)state;
	struct error err;
	struct json_text_limits limits = {.max_depth = 10, .max_string = 5};
	assert_int_equal(json_text_check_within("{\"12345\":\"12345\"}", 17, &limits, &err), 0);
	assert_int_equal(json_text_check_within("{\"a\":[\"123456\"]}", 16, &limits, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.message, "a string cannot be longer than 5 bytes: /a/0");
	assert_int_equal(json_text_check_within("{\"123456\":1}", 12, &limits, &err), -1);
	assert_string_equal(
		err.message, "a member's name cannot be longer than 5 bytes: in the outermost object");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_form_of_rfc_8259),
		cmocka_unit_test(accepts_numbers_that_a_database_can_hold),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(refuses_nul_bytes_wherever_they_stand),
		cmocka_unit_test(names_the_position_in_the_cause),
		cmocka_unit_test(refuses_a_document_cut_at_any_byte),
		cmocka_unit_test(survives_every_byte_in_every_place),
		cmocka_unit_test(depth_counts_open_objects_and_arrays),
		cmocka_unit_test(a_megabyte_of_brackets_needs_no_stack),
		cmocka_unit_test(what_postgresql_cannot_hold_is_named_by_its_pointer),
		cmocka_unit_test(a_syntax_error_counts_before_an_earlier_unstorable_string),
		cmocka_unit_test(a_pointer_longer_than_a_message_is_cut),
		cmocka_unit_test(numbers_that_json_does_not_have_are_named),
		cmocka_unit_test(strings_and_names_have_a_longest_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
