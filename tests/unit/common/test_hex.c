/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/hex.h"

#include <string.h>

static void encodes_in_lower_case(void **state)
{
	(void)state;
	char out[9];
	hex_encode("\x00\x7f\xAB\xff", 4, out);
	assert_string_equal(out, "007fabff");
}

static void encodes_nothing_as_empty_text(void **state)
{
	(void)state;
	char out[1] = "x";
	hex_encode("", 0, out);
	assert_string_equal(out, "");
}

static void decodes_either_case(void **state)
{
	(void)state;
	unsigned char out[4];
	assert_int_equal(hex_decode("007fAbfF", out, 4), 0);
	assert_memory_equal(out, "\x00\x7f\xAB\xff", 4);
}

static void refuses_other_lengths_and_characters(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", "0", "00", "000", "00000", "000000", "0g00", "g000", "00 0",
		"0x00", "-100", "00\xff\xff"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		unsigned char out[2] = {1, 2};
		assert_int_equal(hex_decode(BAD[i], out, 2), -1);
		assert_memory_equal(out, "\1\2", 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_in_lower_case),
		cmocka_unit_test(encodes_nothing_as_empty_text),
		cmocka_unit_test(decodes_either_case),
		cmocka_unit_test(refuses_other_lengths_and_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
