/* SPDX-License-Identifier: MIT */
#include "background/loop.h"

#include "common/clock.h"
#include "support/cmocka.h"

#include <stdatomic.h>

static _Atomic int steps;

static int64_t busy_then_rest(void *context)
{
	(void)context;
	return ++steps < 3 ? 0 : 3600000;
}

static void it_goes_on_at_once_while_there_is_more_and_stops_in_its_rest(void **state)
{
	(void)state;
	struct loop *loop = loop_start("test", busy_then_rest, NULL);
	for (int i = 0; i < 500 && steps < 3; i++)
		clock_sleep_ms(10);
	int64_t begun = clock_monotonic_ms();
	loop_stop(loop);
	assert_int_equal(steps, 3);
	assert_true(clock_monotonic_ms() - begun < 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_on_at_once_while_there_is_more_and_stops_in_its_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
