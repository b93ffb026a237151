/* SPDX-License-Identifier: MIT */
#include "http/byte_range.h"

#include "support/cmocka.h"

static void expect_range(const char *header, int64_t size, int64_t first, int64_t last)
{
	struct byte_range range = {0};
	assert_int_equal(byte_range_parse(header, size, &range), 1);
	assert_int_equal(range.first, first);
	assert_int_equal(range.last, last);
}

static void one_range_is_cut_to_the_object(void **state)
{
	(void)state;
	expect_range("bytes=0-0", 10, 0, 0);
	expect_range("bytes=2-5", 10, 2, 5);
	expect_range("bytes=5-", 10, 5, 9);
	expect_range("bytes=5-99999999999999999999999", 10, 5, 9);
	expect_range("BYTES=5-7", 10, 5, 7);
}

static void a_suffix_counts_from_the_end(void **state)
{
	(void)state;
	expect_range("bytes=-3", 10, 7, 9);
	expect_range("bytes=-30", 10, 0, 9);
}

static void beyond_the_end_is_not_satisfiable(void **state)
{
	(void)state;
	struct byte_range range;
	assert_int_equal(byte_range_parse("bytes=10-", 10, &range), -1);
	assert_int_equal(byte_range_parse("bytes=-0", 10, &range), -1);
	assert_int_equal(byte_range_parse("bytes=0-", 0, &range), -1);
	assert_int_equal(byte_range_parse("bytes=-5", 0, &range), -1);
	assert_int_equal(byte_range_parse("bytes=99999999999999999999999-", 10, &range), -1);
}

static void what_is_no_range_asks_for_the_whole(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2",
		"bytes=1-2x", "items=0-1", "bytes=0-1,3-4", "bytes= 0-1", "bytes=--1"};
	struct byte_range range;
	assert_int_equal(byte_range_parse(NULL, 10, &range), 0);
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++)
		assert_int_equal(byte_range_parse(HEADERS[i], 10, &range), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_range_is_cut_to_the_object),
		cmocka_unit_test(a_suffix_counts_from_the_end),
		cmocka_unit_test(beyond_the_end_is_not_satisfiable),
		cmocka_unit_test(what_is_no_range_asks_for_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
