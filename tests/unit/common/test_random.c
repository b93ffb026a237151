/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/random.h"

#include <string.h>

static void two_draws_differ(void **state)
{
	(void)state;
	unsigned char a[32], b[32];
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void fills_more_than_the_kernel_gives_at_once(void **state)
{
	(void)state;
	static unsigned char bytes[100000];
	size_t zeros = 0;
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	assert_in_range(zeros, 200, 600); /* 390 expected, deviation 20 */
	for (size_t i = 0; i + 16 <= sizeof(bytes); i += 16)
		assert_memory_not_equal(bytes + i, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void hex_has_two_digits_for_each_byte(void **state)
{
	(void)state;
	static const size_t SIZES[] = {0, 1, 32, 64, 65, 200};
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		char text[401];
		random_hex(text, SIZES[i]);
		assert_int_equal(strlen(text), 2 * SIZES[i]);
		assert_int_equal(strspn(text, "0123456789abcdef"), 2 * SIZES[i]);
	}
}

static void uuid_is_of_version_4(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		char uuid[RANDOM_UUID_SIZE];
		random_uuid(uuid);
		assert_int_equal(strlen(uuid), 36);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_true(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' && uuid[23] == '-');
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_draws_differ),
		cmocka_unit_test(fills_more_than_the_kernel_gives_at_once),
		cmocka_unit_test(hex_has_two_digits_for_each_byte),
		cmocka_unit_test(uuid_is_of_version_4),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
