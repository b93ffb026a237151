/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"

#include <string.h>

static void the_monotonic_clock_goes_on_while_sleeping(void **state)
{
	(void)state;
	int64_t before = clock_monotonic_ms();
	clock_sleep_ms(30);
	assert_in_range(clock_monotonic_ms() - before, 29, 5000);
	clock_sleep_ms(0);
	clock_sleep_ms(-5);
}

static void unix_time_is_of_this_century(void **state)
{
	(void)state;
	assert_true(clock_unix_ms() > INT64_C(1700000000000));
	assert_true(clock_unix_ms() < INT64_C(4102444800000));
}

static void what_is_left_is_between_zero_and_int_max(void **state)
{
	(void)state;
	assert_in_range(clock_left_ms(clock_monotonic_ms() + 60000), 50000, 60000);
	assert_int_equal(clock_left_ms(clock_monotonic_ms() - 1), 0);
	assert_int_equal(clock_left_ms(INT64_MIN), 0);
	assert_int_equal(clock_left_ms(INT64_MAX), INT32_MAX);
}

static void a_timespec_holds_seconds_and_nanoseconds(void **state)
{
	(void)state;
	struct timespec spec = clock_timespec(12345);
	assert_int_equal(spec.tv_sec, 12);
	assert_int_equal(spec.tv_nsec, 345000000);
}

static void times_are_written_as_rfc_3339(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *text;
	} CASES[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{INT64_C(1767323045678), "2026-01-02T03:04:05.678Z"},
		{INT64_C(951782399999), "2000-02-28T23:59:59.999Z"},
		{INT64_C(951782400001), "2000-02-29T00:00:00.001Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-1000, "1969-12-31T23:59:59.000Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
	};
	char out[CLOCK_RFC3339_SIZE];
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		assert_string_equal(clock_rfc3339(CASES[i].ms, out), CASES[i].text);
	assert_non_null(strstr(clock_rfc3339(INT64_MIN, out), "-01-01T00:00:00.000Z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_monotonic_clock_goes_on_while_sleeping),
		cmocka_unit_test(unix_time_is_of_this_century),
		cmocka_unit_test(what_is_left_is_between_zero_and_int_max),
		cmocka_unit_test(a_timespec_holds_seconds_and_nanoseconds),
		cmocka_unit_test(times_are_written_as_rfc_3339),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
