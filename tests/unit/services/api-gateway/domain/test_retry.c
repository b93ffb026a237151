/* SPDX-License-Identifier: MIT */
#include "domain/retry.h"

#include "support/cmocka.h"

static void the_pause_doubles_and_is_spread_by_a_quarter(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_in_range(retry_delay_ms(JOB_PUT, 1), 1500, 2500);
		assert_in_range(retry_delay_ms(JOB_PUT, 3), 6000, 10000);
	}
}

static void the_pause_ends_at_five_minutes(void **state)
{
	(void)state;
	assert_in_range(retry_delay_ms(JOB_PUT, 1000000), 225000, 375000);
}

static void a_delete_is_tried_longer_than_a_copy(void **state)
{
	(void)state;
	assert_true(retry_attempts(JOB_DELETE) > retry_attempts(JOB_COPY));
	assert_in_range(retry_delay_ms(JOB_DELETE, 1000000), 1350000, 2250000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pause_doubles_and_is_spread_by_a_quarter),
		cmocka_unit_test(the_pause_ends_at_five_minutes),
		cmocka_unit_test(a_delete_is_tried_longer_than_a_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
