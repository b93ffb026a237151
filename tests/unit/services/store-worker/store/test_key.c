/* SPDX-License-Identifier: MIT */
#include "store/key.h"

#include "store/store.h"
#include "support/cmocka.h"

#include <string.h>

static int check(const char *key)
{
	struct error err;
	int result = key_check(key, &err);
	assert_true(result == 0 || err.code == ERROR_INVALID);
	return result;
}

static int check_path(const char *key)
{
	struct error err;
	int result = key_check_path(key, &err);
	assert_true(result == 0 || err.code == ERROR_INVALID);
	return result;
}

static void printable_text_of_any_script_is_a_key(void **state)
{
	(void)state;
	static const char *const KEYS[] = {"a", " ", "a/b//c/", "/", "..", "%00", "\xc2\xa0", "\xdf\xbf",
		"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		assert_int_equal(check(KEYS[i]), 0);
}

static void control_characters_are_refused(void **state)
{
	(void)state;
	static const char *const KEYS[] = {"\x01", "a\tb", "a\n", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		assert_int_equal(check(KEYS[i]), -1);
}

static void malformed_utf8_is_refused(void **state)
{
	(void)state;
	static const char *const KEYS[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "a\xc2", "\xc2z",
		"\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		assert_int_equal(check(KEYS[i]), -1);
}

static void a_key_has_1_to_1024_bytes(void **state)
{
	(void)state;
	char key[STORE_KEY_MAX + 2];
	memset(key, 'x', sizeof(key));
	key[STORE_KEY_MAX + 1] = '\0';
	assert_int_equal(check(key), -1);
	key[STORE_KEY_MAX] = '\0';
	assert_int_equal(check(key), 0);
	assert_int_equal(check(""), -1);
}

static void a_path_key_is_a_plain_relative_path(void **state)
{
	(void)state;
	static const char *const GOOD[] = {
		"a", "a/b", ".a", "a./b.", "...", "..a/b..", ".mediastore-tmp2/x", "a b/c"};
	static const char *const BAD[] = {"/", "/a", "a/", "a//b", ".", "..", "a/.", "a/..", "./a", "../a",
		"a/./b", "a/../b", ".mediastore-tmp", ".mediastore-tmp/a", "a/.mediastore-tmp"};
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
		assert_int_equal(check_path(GOOD[i]), 0);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		assert_int_equal(check_path(BAD[i]), -1);
}

static void a_path_segment_has_at_most_255_bytes(void **state)
{
	(void)state;
	char key[600];
	memset(key, 'x', sizeof(key));
	key[255] = '/';
	key[511] = '\0';
	assert_int_equal(check_path(key), 0);
	key[511] = 'x';
	key[512] = '\0';
	assert_int_equal(check_path(key), -1);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(printable_text_of_any_script_is_a_key),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(malformed_utf8_is_refused),
		cmocka_unit_test(a_key_has_1_to_1024_bytes),
		cmocka_unit_test(a_path_key_is_a_plain_relative_path),
		cmocka_unit_test(a_path_segment_has_at_most_255_bytes),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
