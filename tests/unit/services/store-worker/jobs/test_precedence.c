/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/clock.h"
#include "jobs/precedence.h"

static void nobody_rests_while_nobody_waits(void **state)
{
	(void)state;
	struct precedence precedence = {.processors = 2};
	assert_int_equal(precedence_rest_ms(&precedence, 4, 100), 0);
}

static void threads_together_compute_a_quarter_of_the_time(void **state)
{
	(void)state;
	struct precedence precedence = {.processors = 2};
	precedence_begin(&precedence);
	assert_int_equal(precedence_rest_ms(&precedence, 1, 100), 100);
	assert_int_equal(precedence_rest_ms(&precedence, 4, 100), 700);
	assert_int_equal(precedence_rest_ms(&precedence, 4, 3), 0); /* not yet */
	precedence.processors = 16;
	assert_int_equal(precedence_rest_ms(&precedence, 4, 100), 0);
	assert_int_equal(precedence_rest_ms(&precedence, 5, 100), 25);
}

static void rest_ends(void **state)
{
	(void)state;
	struct precedence precedence = {.processors = 2};
	precedence_begin(&precedence);
	assert_int_equal(precedence_rest_ms(&precedence, 256, 60 * 60 * 1000), 1000);
	assert_int_equal(precedence_rest_ms(&precedence, 256, INT64_MAX), 1000);
}

static void compute_for(int64_t ms)
{
	int64_t until = clock_thread_ms() + ms;
	while (clock_thread_ms() < until)
		;
}

static int64_t give_way(struct precedence_turn *turn)
{
	int64_t began = clock_monotonic_ms();
	precedence_give_way(turn);
	return clock_monotonic_ms() - began;
}

static void a_thread_rests_for_what_it_computed_since_it_rested(void **state)
{
	(void)state;
	struct precedence precedence = {.processors = 2};
	struct precedence_turn turn = {
		&precedence, 256, clock_thread_ms()}; /* a second, whatever it computed */
	compute_for(5);
	give_way(&turn); /* nobody waits: that is not held against it later */
	precedence_begin(&precedence);
	compute_for(1);
	assert_in_range(give_way(&turn), 0, 900);
	compute_for(4);
	assert_in_range(give_way(&turn), 1000, 60 * 1000);
	assert_in_range(give_way(&turn), 0, 900);
}

static void a_second_after_the_last_job_they_go_on(void **state)
{
	(void)state;
	struct precedence precedence = {.processors = 2};
	precedence_begin(&precedence);
	precedence_begin(&precedence);
	precedence_end(&precedence);
	precedence_end(&precedence);
	assert_int_equal(precedence_rest_ms(&precedence, 1, 10), 10);
	clock_sleep_ms(1100);
	assert_int_equal(precedence_rest_ms(&precedence, 1, 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_rests_while_nobody_waits),
		cmocka_unit_test(threads_together_compute_a_quarter_of_the_time),
		cmocka_unit_test(rest_ends),
		cmocka_unit_test(a_thread_rests_for_what_it_computed_since_it_rested),
		cmocka_unit_test(a_second_after_the_last_job_they_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
