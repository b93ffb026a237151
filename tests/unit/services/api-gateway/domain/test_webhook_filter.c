/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "domain/webhook_filter.h"

static const char *const ALL[] = {NULL};
static const char *const TWO[] = {"media.ready.#", "store.*", NULL};

static void any_of_the_patterns_is_enough(void **state)
{
	(void)state;
	assert_true(webhook_filter_matches(ALL, NULL, "job.dead.put", NULL));
	assert_true(webhook_filter_matches(TWO, NULL, "media.ready.DEFAULT.DictStore", "a"));
	assert_true(webhook_filter_matches(TWO, NULL, "store.created", NULL));
	assert_false(webhook_filter_matches(TWO, NULL, "media.created.DEFAULT.DictStore", "a"));
}

static void a_star_stands_for_any_characters(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *pid;
		bool matches;
	} ROWS[] = {
		{"plate-*", "plate-7/well", true},
		{"plate-*", "plate-", true},
		{"plate-*", "a plate-7", false},
		{"*.tif", "a.tif.tif", true},
		{"*.tif", "a.tiff", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"*", "", true},
		{"a", "a", true},
		{"a", "ab", false},
		{"a?", "ab", false},
		{"[a]", "[a]", true},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (webhook_filter_matches(ALL, ROWS[i].pattern, "x", ROWS[i].pid) != ROWS[i].matches)
			fail_msg("%s, %s", ROWS[i].pattern, ROWS[i].pid);
	assert_false(webhook_filter_matches(ALL, "*", "store.created", NULL)); /* which is of no pid */
}

static void filters_that_match_nothing_are_refused(void **state)
{
	(void)state;
	static const char *const EMPTY[] = {""}, *const SPACE[] = {"media.ready #"};
	struct error err;
	assert_int_equal(webhook_filter_check(TWO, 2, "a*", &err), 0);
	assert_int_equal(webhook_filter_check(ALL, 0, NULL, &err), 0);
	assert_int_equal(webhook_filter_check(EMPTY, 1, NULL, &err), -1);
	assert_int_equal(webhook_filter_check(SPACE, 1, NULL, &err), -1);
	assert_int_equal(webhook_filter_check(TWO, WEBHOOK_EVENTS_MAX + 1, NULL, &err), -1);
	assert_int_equal(webhook_filter_check(TWO, 2, "", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_the_patterns_is_enough),
		cmocka_unit_test(a_star_stands_for_any_characters),
		cmocka_unit_test(filters_that_match_nothing_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
