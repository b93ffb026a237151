/* SPDX-License-Identifier: MIT */
#include "drivers/s3_time.h"

#include "support/cmocka.h"

static void times_of_listings_are_read(void **state)
{
	(void)state;
	assert_int_equal(s3_time_from_iso("2013-05-24T00:00:00.000Z"), INT64_C(1369353600000));
	assert_int_equal(s3_time_from_iso("2013-05-24T00:00:00Z"), INT64_C(1369353600000));
	assert_int_equal(s3_time_from_iso("2013-05-24T00:00:01.5Z"), INT64_C(1369353601500));
	assert_int_equal(s3_time_from_iso("2013-05-24T00:00:01.123456Z"), INT64_C(1369353601123));
}

static void times_of_headers_are_read(void **state)
{
	(void)state;
	assert_int_equal(s3_time_from_http("Fri, 24 May 2013 00:00:00 GMT"), INT64_C(1369353600000));
}

static void what_is_no_time_is_unknown(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {NULL, "", "yesterday", "2013-05-24", "2013-05-24T00:00:00+01:00",
		"2013-05-24T00:00:00Zx", "2013-13-24T00:00:00Z", "Fri, 24 May 2013 00:00:00",
		"Fri, 24 May 2013 00:00:00 CET"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
		assert_int_equal(s3_time_from_iso(TEXTS[i]), 0);
		assert_int_equal(s3_time_from_http(TEXTS[i]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_listings_are_read),
		cmocka_unit_test(times_of_headers_are_read),
		cmocka_unit_test(what_is_no_time_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
