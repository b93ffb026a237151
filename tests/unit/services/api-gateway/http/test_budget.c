/* SPDX-License-Identifier: MIT */
#include "http/budget.h"

#include "common/clock.h"

#include "support/cmocka.h"

#include <pthread.h>

static int64_t soon(void)
{
	return clock_monotonic_ms() + 5000;
}

static void what_is_left_can_be_taken(void **state)
{
	(void)state;
	struct budget *budget = budget_create(10, "too much");
	struct budget_share a = {budget, 0}, b = {budget, 0};
	struct error err;
	assert_int_equal(budget_share_set(&a, 6, 0, &err), 0);
	assert_int_equal(budget_share_set(&b, 5, 0, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_MANY);
	assert_string_equal(err.message, "too much; try again");
	assert_int_equal(budget_share_set(&b, 4, 0, &err), 0);
	budget_share_release(&a);
	assert_int_equal(budget_share_set(&b, 10, 0, &err), 0);
	budget_share_release(&b);
	budget_free(budget);
}

static void what_exceeds_the_total_runs_alone(void **state)
{
	(void)state;
	struct budget *budget = budget_create(10, "too much");
	struct budget_share large = {budget, 0}, small = {budget, 0};
	struct error err;
	assert_int_equal(budget_share_set(&large, 1000, 0, &err), 0);
	assert_int_equal(budget_share_set(&small, 1, 0, &err), -1);
	assert_int_equal(budget_share_set(&large, 9, 0, &err), 0);
	assert_int_equal(budget_share_set(&small, 1, 0, &err), 0);
	budget_share_release(&large);
	budget_share_release(&small);
	budget_free(budget);
}

static void without_a_budget_nothing_is_limited(void **state)
{
	(void)state;
	struct budget_share share = {NULL, 0};
	struct error err;
	assert_int_equal(budget_share_set(&share, INT64_MAX, 0, &err), 0);
	budget_share_release(&share);
}

static void *give_back_later(void *share)
{
	clock_sleep_ms(100);
	budget_share_release(share);
	return NULL;
}

static void who_waits_gets_what_is_given_back(void **state)
{
	(void)state;
	struct budget *budget = budget_create(10, "too much");
	struct budget_share first = {budget, 0}, second = {budget, 0};
	struct error err;
	pthread_t thread;
	assert_int_equal(budget_share_set(&first, 10, 0, &err), 0);
	pthread_create(&thread, NULL, give_back_later, &first);
	assert_int_equal(budget_share_set(&second, 10, soon(), &err), 0);
	pthread_join(thread, NULL);
	budget_share_release(&second);
	budget_free(budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_can_be_taken),
		cmocka_unit_test(what_exceeds_the_total_runs_alone),
		cmocka_unit_test(without_a_budget_nothing_is_limited),
		cmocka_unit_test(who_waits_gets_what_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
