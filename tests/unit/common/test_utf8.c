/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/utf8.h"

#include <string.h>

static const char *const WELL_FORMED[] = {"a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
	"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
static const char *const MALFORMED[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
	"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
	"\xfe", "\xc3(", "\xe2\x82(", "\xf0\x9f\x98("};

static void well_formed_sequences_have_their_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(WELL_FORMED) / sizeof(WELL_FORMED[0]); i++)
		assert_int_equal(
			utf8_sequence(WELL_FORMED[i], strlen(WELL_FORMED[i])), strlen(WELL_FORMED[i]));
}

static void malformed_and_cut_sequences_have_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(MALFORMED) / sizeof(MALFORMED[0]); i++)
		assert_int_equal(utf8_sequence(MALFORMED[i], strlen(MALFORMED[i])), 0);
	for (size_t i = 0; i < sizeof(WELL_FORMED) / sizeof(WELL_FORMED[0]); i++)
		for (size_t cut = 0; cut < strlen(WELL_FORMED[i]); cut++)
			assert_int_equal(utf8_sequence(WELL_FORMED[i], cut), 0);
}

static void text_is_valid_when_all_of_it_is(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("Zürich \xf0\x9f\x98\x80", 12));
	assert_false(utf8_is_valid("Z\xfcrich", 6));
	assert_false(utf8_is_valid("Zürich \xf0\x9f\x98\x80", 11));
}

static void trimming_drops_only_an_unfinished_character(void **state)
{
	(void)state;
	static const char TEXT[] = "a\xf0\x9f\x98\x80";
	static const size_t KEPT[] = {0, 1, 1, 1, 1, 5};
	for (size_t cut = 0; cut < sizeof(TEXT); cut++)
		assert_int_equal(utf8_trim(TEXT, cut), KEPT[cut]);
	assert_int_equal(utf8_trim("\x80\x80\x80\x80\x80", 5), 5);
}

static void every_character_comes_back(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char out[UTF8_MAX_SIZE];
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		size_t size = utf8_encode(c, out);
		if (utf8_sequence(out, size) != size)
			fail_msg("U+%04X", c);
	}
	char euro[UTF8_MAX_SIZE];
	assert_int_equal(utf8_encode(0x20ac, euro), 3);
	assert_memory_equal(euro, "\xe2\x82\xac", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_sequences_have_their_size),
		cmocka_unit_test(malformed_and_cut_sequences_have_none),
		cmocka_unit_test(text_is_valid_when_all_of_it_is),
		cmocka_unit_test(trimming_drops_only_an_unfinished_character),
		cmocka_unit_test(every_character_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
