/* SPDX-License-Identifier: MIT */
#include "domain/pattern.h"

#include "common/clock.h"

#include "support/cmocka.h"

#include <string.h>

static void whole_text_must_match(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(pattern_matches("[A-Z]{2}\\d+", "AB12", &err), 1);
	assert_int_equal(pattern_matches("[A-Z]{2}\\d+", "AB12x", &err), 0);
	assert_int_equal(pattern_matches("[A-Z]{2}\\d+", "xAB12", &err), 0);
	assert_int_equal(pattern_matches("a|ab", "ab", &err), 1);
	assert_int_equal(pattern_matches("a", "a\n", &err), 0);
}

static void empty_pattern_allows_anything(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(pattern_matches("", "whatever", &err), 1);
	assert_int_equal(pattern_check("", &err), 0);
}

static void characters_are_unicode(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(pattern_matches("\\w{3}", "\u00e4\u00f6\u00fc", &err), 1);
}

static void invalid_patterns_are_refused(void **state)
{
	(void)state;
	char nested[400], longest[PATTERN_MAX_LENGTH + 2];
	memset(nested, '(', 199);
	memset(nested + 199, ')', 199);
	nested[398] = '\0';
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	const char *const invalid[] = {"[", "(", "a**", "(?<n>a)(?<n>b)", "\\", nested, longest, "\\C"};
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct error err;
		assert_int_equal(pattern_check(invalid[i], &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void catastrophic_pattern_gives_up_quickly(void **state)
{
	(void)state;
	struct error err;
	int64_t started = clock_monotonic_ms();
	const char *text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
	assert_int_equal(pattern_matches("(a|aa)+c", text, &err), 0);
	assert_int_equal(pattern_matches("(?:(a+)+)+[^b]\\1", text, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_true(clock_monotonic_ms() - started < 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_text_must_match),
		cmocka_unit_test(empty_pattern_allows_anything),
		cmocka_unit_test(characters_are_unicode),
		cmocka_unit_test(invalid_patterns_are_refused),
		cmocka_unit_test(catastrophic_pattern_gives_up_quickly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
