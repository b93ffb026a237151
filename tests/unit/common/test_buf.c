/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"

#include <string.h>

static void appended_bytes_are_followed_by_a_nul(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf buf = {0};
	for (int i = 0; i < 1000; i++) {
		buf_append(&buf, "a\0b", 3);
		assert_int_equal(buf.data[buf.length], '\0');
	}
	assert_int_equal(buf.length, 3000);
	assert_memory_equal(buf.data + 2997, "a\0b", 4);
}

static void appending_nothing_makes_an_empty_text(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf buf = {0};
	buf_append(&buf, NULL, 0);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.length, 0);
}

static void reserving_adds_no_length_and_keeps_the_bytes(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf buf = {0};
	buf_append_text(&buf, "kept");
	buf_reserve(&buf, 100000);
	assert_true(buf.capacity > 100004);
	assert_int_equal(buf.length, 4);
	memset(buf.data + 4, 'x', 100000);
	assert_memory_equal(buf.data, "kept", 4);
}

static void clearing_keeps_the_memory_and_releasing_does_not(void **state)
{
	(void)state;
	struct buf buf = {0};
	buf_clear(&buf);
	buf_append_text(&buf, "text");
	char *data = buf.data;
	buf_clear(&buf);
	assert_ptr_equal(buf.data, data);
	assert_string_equal(buf.data, "");
	buf_release(&buf);
	assert_null(buf.data);
	buf_release(&buf);
}

static void printf_appends_texts_of_any_length(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf buf = {0};
	buf_printf(&buf, "%s=%d", "a", 1);
	buf_printf(&buf, "&%*d", 500, 7);
	assert_int_equal(buf.length, 504);
	assert_memory_equal(buf.data, "a=1&  ", 6);
	assert_string_equal(buf.data + 503, "7");
}

static void check_json(const char *text, const char *expected)
{
	CLEANUP(buf_release) struct buf buf = {0};
	buf_append_json_string(&buf, text);
	assert_string_equal(buf.data, expected);
	assert_int_equal(buf.length, strlen(expected));
}

static void json_strings_are_escaped(void **state)
{
	(void)state;
	check_json(NULL, "null");
	check_json("", "\"\"");
	check_json("plain /text", "\"plain /text\"");
	check_json("\"\\\n\r\t\b\x1f\x7f", "\"\\\"\\\\\\n\\r\\t\\u0008\\u001f\x7f\"");
	check_json("Zürich \xf0\x9f\x98\x80", "\"Zürich \xf0\x9f\x98\x80\"");
}

static void json_strings_are_utf8_whatever_comes(void **state)
{
	(void)state;
	check_json("Z\xfcrich", "\"Z\\ufffdrich\"");
	check_json("\xff", "\"\\ufffd\"");
	check_json("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	check_json("cut \xe2\x82", "\"cut \\ufffd\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appended_bytes_are_followed_by_a_nul),
		cmocka_unit_test(appending_nothing_makes_an_empty_text),
		cmocka_unit_test(reserving_adds_no_length_and_keeps_the_bytes),
		cmocka_unit_test(clearing_keeps_the_memory_and_releasing_does_not),
		cmocka_unit_test(printf_appends_texts_of_any_length),
		cmocka_unit_test(json_strings_are_escaped),
		cmocka_unit_test(json_strings_are_utf8_whatever_comes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
