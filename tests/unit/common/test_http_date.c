/* SPDX-License-Identifier: MIT */
#include "common/http_date.h"

#include "support/cmocka.h"

/* RFC 9110 section 5.6.7 gives this moment in all three forms. */
static void all_three_forms_are_read(void **state)
{
	(void)state;
	int64_t seconds = 0;
	assert_int_equal(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &seconds), 0);
	assert_int_equal(seconds, 784111777);
	seconds = 0;
	assert_int_equal(http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &seconds), 0);
	assert_int_equal(seconds, 784111777);
	seconds = 0;
	assert_int_equal(http_date_parse("Sun Nov  6 08:49:37 1994", &seconds), 0);
	assert_int_equal(seconds, 784111777);
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	static const int64_t MOMENTS[] = {0, 1, 784111777, 1767323045, 253402300799};
	char text[HTTP_DATE_SIZE];
	for (size_t i = 0; i < sizeof(MOMENTS) / sizeof(MOMENTS[0]); i++) {
		int64_t again = -1;
		http_date_format(MOMENTS[i], text);
		assert_int_equal(http_date_parse(text, &again), 0);
		assert_true(again == MOMENTS[i]);
	}
	http_date_format(784111777, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void what_is_no_date_is_refused(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"", "0", "yesterday", "Sun, 06 Nov 1994 08:49:37", "\"etag\"",
		"Sun, 06 Nov 1994 08:49:37 GMT, x", "Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Now 1994 08:49:37 GMT", "Sin, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT"};
	int64_t seconds = 5;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		assert_int_equal(http_date_parse(TEXTS[i], &seconds), -1);
	assert_int_equal(http_date_parse(NULL, &seconds), -1);
	assert_int_equal(seconds, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_three_forms_are_read),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(what_is_no_date_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
