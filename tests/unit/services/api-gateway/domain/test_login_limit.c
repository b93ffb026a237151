/* SPDX-License-Identifier: MIT */
#include "domain/login_limit.h"

#include "common/clock.h"

#include "support/cmocka.h"

#include <stdio.h>

enum { FAILURES = 4, WINDOW_MS = 3600000 };

static struct login_limit *limit;

static int set_up(void **state)
{
	(void)state;
	limit = login_limit_create(FAILURES, WINDOW_MS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	login_limit_free(limit);
	return 0;
}

static void fail_times(int times, const char *name, const char *address)
{
	for (int i = 0; i < times; i++)
		login_limit_failed(limit, name, address);
}

static void attempts_are_free_until_the_limit(void **state)
{
	(void)state;
	fail_times(FAILURES - 1, "ann", "10.0.0.1");
	assert_int_equal(login_limit_wait(limit, "ann", "10.0.0.1"), 0);
	fail_times(1, "ann", "10.0.0.1");
	assert_in_range(login_limit_wait(limit, "ann", "10.0.0.1"), 1, WINDOW_MS / FAILURES);
}

static void other_names_and_addresses_go_on(void **state)
{
	(void)state;
	fail_times(FAILURES, "ann", "10.0.0.1");
	assert_int_equal(login_limit_wait(limit, "bob", "10.0.0.1"), 0);
	assert_int_equal(login_limit_wait(limit, "ann", "10.0.0.2"), 0);
}

static void name_is_limited_over_all_addresses(void **state)
{
	(void)state;
	char address[32];
	for (int i = 0; i < FAILURES * LOGIN_LIMIT_SHARED_FACTOR; i++) {
		snprintf(address, sizeof(address), "10.0.1.%d", i);
		assert_int_equal(login_limit_wait(limit, "ann", address), 0);
		fail_times(1, "ann", address);
	}
	assert_true(login_limit_wait(limit, "ann", "10.0.2.1") > 0);
	assert_int_equal(login_limit_wait(limit, "bob", "10.0.2.1"), 0);
}

static void address_is_limited_over_all_names(void **state)
{
	(void)state;
	char name[32];
	for (int i = 0; i < FAILURES * LOGIN_LIMIT_SHARED_FACTOR; i++) {
		snprintf(name, sizeof(name), "guess%d", i);
		fail_times(1, name, "10.0.0.1");
	}
	assert_true(login_limit_wait(limit, "ann", "10.0.0.1") > 0);
	assert_int_equal(login_limit_wait(limit, "ann", "10.0.0.2"), 0);
}

static void who_has_logged_in_is_not_held_up_by_others(void **state)
{
	(void)state;
	char text[32];
	login_limit_succeeded(limit, "ann", "10.0.0.1");
	for (int i = 0; i < FAILURES * LOGIN_LIMIT_SHARED_FACTOR; i++) {
		snprintf(text, sizeof(text), "guess%d", i);
		fail_times(1, text, "10.0.0.1");
		fail_times(1, "ann", text);
	}
	assert_int_equal(login_limit_wait(limit, "ann", "10.0.0.1"), 0);
	assert_true(login_limit_wait(limit, "new", "10.0.0.1") > 0);
	assert_true(login_limit_wait(limit, "ann", "elsewhere") > 0);
}

static void who_has_logged_in_may_still_not_guess_without_end(void **state)
{
	(void)state;
	login_limit_succeeded(limit, "ann", "10.0.0.1");
	fail_times(FAILURES, "ann", "10.0.0.1");
	assert_true(login_limit_wait(limit, "ann", "10.0.0.1") > 0);
}

static void success_forgives_ones_own_failures(void **state)
{
	(void)state;
	fail_times(FAILURES - 1, "ann", "10.0.0.1");
	login_limit_succeeded(limit, "ann", "10.0.0.1");
	fail_times(FAILURES - 1, "ann", "10.0.0.1");
	assert_int_equal(login_limit_wait(limit, "ann", "10.0.0.1"), 0);
}

static void failures_are_forgotten_with_time(void **state)
{
	(void)state;
	struct login_limit *quick = login_limit_create(2, 200);
	login_limit_failed(quick, "ann", "a");
	login_limit_failed(quick, "ann", "a");
	int64_t wait_ms = login_limit_wait(quick, "ann", "a");
	assert_in_range(wait_ms, 1, 100);
	clock_sleep_ms(wait_ms + 1);
	assert_int_equal(login_limit_wait(quick, "ann", "a"), 0);
	login_limit_free(quick);
}

static void flood_of_names_does_not_wash_a_blocked_one_away(void **state)
{
	(void)state;
	char name[32], address[32];
	fail_times(FAILURES, "ann", "10.0.0.1");
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "guess%d", i);
		snprintf(address, sizeof(address), "10.1.%d.%d", i / 200, i % 200);
		login_limit_failed(limit, name, address);
	}
	assert_true(login_limit_wait(limit, "ann", "10.0.0.1") > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attempts_are_free_until_the_limit),
		TEST(other_names_and_addresses_go_on),
		TEST(name_is_limited_over_all_addresses),
		TEST(address_is_limited_over_all_names),
		TEST(who_has_logged_in_is_not_held_up_by_others),
		TEST(who_has_logged_in_may_still_not_guess_without_end),
		TEST(success_forgives_ones_own_failures),
		TEST(failures_are_forgotten_with_time),
		TEST(flood_of_names_does_not_wash_a_blocked_one_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
