/* SPDX-License-Identifier: MIT */
#include "drivers/s3_retry.h"

#include "common/clock.h"

#include "support/cmocka.h"

static void attempts_are_bounded_and_pauses_grow(void **state)
{
	(void)state;
	struct s3_retry retry = {0};
	int pauses = 0;
	int64_t begun = clock_monotonic_ms();
	while (s3_retry_pause(&retry, 60000))
		pauses++;
	int64_t took = clock_monotonic_ms() - begun;
	assert_int_equal(pauses, S3_RETRY_ATTEMPTS - 1);
	/* 200 + 400 + 800 + 1600, each between half and whole */
	assert_in_range(took, 1500, 3500);
}

static void no_pause_goes_beyond_the_patience(void **state)
{
	(void)state;
	struct s3_retry retry = {0};
	int64_t begun = clock_monotonic_ms();
	while (s3_retry_pause(&retry, 500))
		;
	assert_in_range(clock_monotonic_ms() - begun, 0, 600);
	assert_true(retry.failures < S3_RETRY_ATTEMPTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attempts_are_bounded_and_pauses_grow),
		cmocka_unit_test(no_pause_goes_beyond_the_patience),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
