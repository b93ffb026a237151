/* SPDX-License-Identifier: MIT */
#include "http/byte_range.h"

#include "common/buf.h"
#include "support/cmocka.h"

#include <string.h>

/* What is asked for, and the ranges as "2-5,7-9" that come of it. */
static void expect(const char *header, int64_t size, const char *expected)
{
	struct byte_ranges ranges;
	struct buf text = {0};
	assert_int_equal(byte_ranges_parse(header, size, &ranges), 1);
	for (size_t i = 0; i < ranges.count; i++)
		buf_printf(&text, "%s%lld-%lld", i ? "," : "", (long long)ranges.items[i].first,
			(long long)ranges.items[i].last);
	assert_string_equal(text.data, expected);
	buf_release(&text);
}

static void one_range_is_cut_to_the_object(void **state)
{
	(void)state;
	expect("bytes=0-0", 10, "0-0");
	expect("bytes=2-5", 10, "2-5");
	expect("bytes=5-", 10, "5-9");
	expect("bytes=5-99999999999999999999999", 10, "5-9");
	expect("BYTES=5-7", 10, "5-7");
}

static void a_suffix_counts_from_the_end(void **state)
{
	(void)state;
	expect("bytes=-3", 10, "7-9");
	expect("bytes=-30", 10, "0-9");
	expect("bytes=-99999999999999999999999", 10, "0-9");
}

static void several_come_in_the_order_in_which_they_were_asked_for(void **state)
{
	(void)state;
	expect("bytes=0-1,5-6", 10, "0-1,5-6");
	expect("bytes=5-6 ,\t0-1", 10, "5-6,0-1");
	expect("bytes=,0-1,,-2,", 10, "0-1,8-9");
}

static void what_overlaps_or_touches_becomes_one(void **state)
{
	(void)state;
	expect("bytes=0-3,2-5", 10, "0-5");
	expect("bytes=0-1,2-3", 10, "0-3");
	expect("bytes=0-,0-,0-,0-,0-", 10, "0-9");
	expect("bytes=8-9,0-1,4-5,1-4", 10, "8-9,0-5");
	expect("bytes=0-1,4-5,8-9,1-8", 10, "0-9");
}

static void ranges_outside_are_left_out(void **state)
{
	(void)state;
	expect("bytes=20-30,0-1,-0,10-", 10, "0-1");
}

static void what_lies_all_outside_is_not_satisfiable(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {
		"bytes=10-", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-11,12-13"};
	struct byte_ranges ranges;
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++)
		assert_int_equal(byte_ranges_parse(HEADERS[i], 10, &ranges), -1);
	assert_int_equal(byte_ranges_parse("bytes=0-", 0, &ranges), -1);
	assert_int_equal(byte_ranges_parse("bytes=-5", 0, &ranges), -1);
}

static void too_many_are_refused(void **state)
{
	(void)state;
	struct byte_ranges ranges;
	struct buf header = {0};
	buf_append_text(&header, "bytes=");
	for (int i = 0; i < BYTE_RANGES_MAX; i++)
		buf_printf(&header, "%s%d-%d", i ? "," : "", 10 * i, 10 * i);
	assert_int_equal(byte_ranges_parse(header.data, 1000, &ranges), 1);
	assert_int_equal(ranges.count, BYTE_RANGES_MAX);
	buf_append_text(&header, ",999-");
	assert_int_equal(byte_ranges_parse(header.data, 1000, &ranges), -1);
	buf_release(&header);
}

static void what_is_no_range_asks_for_the_whole(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2",
		"bytes=1-2x", "items=0-1", "bytes=--1", "bytes=0-1;3-4", "bytes=,", "bytes=0-1,x"};
	struct byte_ranges ranges;
	assert_int_equal(byte_ranges_parse(NULL, 10, &ranges), 0);
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++)
		assert_int_equal(byte_ranges_parse(HEADERS[i], 10, &ranges), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_range_is_cut_to_the_object),
		cmocka_unit_test(a_suffix_counts_from_the_end),
		cmocka_unit_test(several_come_in_the_order_in_which_they_were_asked_for),
		cmocka_unit_test(what_overlaps_or_touches_becomes_one),
		cmocka_unit_test(ranges_outside_are_left_out),
		cmocka_unit_test(what_lies_all_outside_is_not_satisfiable),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(what_is_no_range_asks_for_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
