/* SPDX-License-Identifier: MIT */
#include "domain/object_key.h"

#include "support/cmocka.h"

#include <string.h>

static void two_keys_of_one_pid_differ(void **state)
{
	(void)state;
	char a[OBJECT_KEY_SIZE], b[OBJECT_KEY_SIZE];
	object_key_make("scan-1", a);
	object_key_make("scan-1", b);
	assert_string_not_equal(a, b);
	assert_memory_equal(a, b, strlen("xx/xx/scan-1."));
}

static void what_a_path_gives_a_meaning_is_replaced(void **state)
{
	(void)state;
	char key[OBJECT_KEY_SIZE];
	object_key_make("../a b/\xc3\xa9?", key);
	assert_non_null(strstr(key, "/.._a_b___."));
	assert_null(strstr(key, "/../"));
}

static void a_long_pid_still_makes_a_name_that_every_file_system_takes(void **state)
{
	(void)state;
	char pid[256] = {0}, key[OBJECT_KEY_SIZE];
	memset(pid, 'x', 255);
	object_key_make(pid, key);
	assert_true(strlen(key) < 110);
}

static void an_empty_pid_makes_a_key(void **state)
{
	(void)state;
	char key[OBJECT_KEY_SIZE];
	object_key_make("", key);
	assert_int_equal(strlen(key), strlen("e3/b0/.") + 12);
}

static void a_clients_key_stays_within_its_store(void **state)
{
	(void)state;
	static const char *const GOOD[] = {"a", "a/b c/..d/\xc3\xbc", "...", "a.b"};
	static const char *const BAD[] = {
		"", ".", "..", "/a", "a/", "a//b", "a/../b", "../a", "a/.", "a\nb", "a\x7f"};
	struct error err;
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++)
		assert_int_equal(object_key_check(GOOD[i], &err), 0);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		assert_int_equal(object_key_check(BAD[i], &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void a_clients_key_has_at_most_1024_bytes(void **state)
{
	(void)state;
	char key[1026];
	struct error err;
	memset(key, 'k', sizeof(key));
	key[1024] = '\0';
	assert_int_equal(object_key_check(key, &err), 0);
	key[1024] = 'k';
	key[1025] = '\0';
	assert_int_equal(object_key_check(key, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_keys_of_one_pid_differ),
		cmocka_unit_test(what_a_path_gives_a_meaning_is_replaced),
		cmocka_unit_test(a_long_pid_still_makes_a_name_that_every_file_system_takes),
		cmocka_unit_test(an_empty_pid_makes_a_key),
		cmocka_unit_test(a_clients_key_stays_within_its_store),
		cmocka_unit_test(a_clients_key_has_at_most_1024_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
