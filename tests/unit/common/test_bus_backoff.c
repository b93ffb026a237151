/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus_backoff.h"

static void waits_double_up_to_the_limit(void **state)
{
	(void)state;
	struct bus_backoff backoff = {0};
	int64_t full = BUS_BACKOFF_FIRST_MS;
	for (int i = 0; i < 20; i++) {
		int64_t delay = bus_backoff_next_ms(&backoff);
		assert_in_range(delay, full / 2, full);
		full = full * 2 < BUS_BACKOFF_MAX_MS ? full * 2 : BUS_BACKOFF_MAX_MS;
	}
}

static void reset_begins_anew(void **state)
{
	(void)state;
	struct bus_backoff backoff = {0};
	for (int i = 0; i < 10; i++)
		bus_backoff_next_ms(&backoff);
	bus_backoff_reset(&backoff);
	assert_in_range(bus_backoff_next_ms(&backoff), BUS_BACKOFF_FIRST_MS / 2, BUS_BACKOFF_FIRST_MS);
}

static void waits_are_not_all_the_same(void **state)
{
	(void)state;
	int64_t first = 0, differing = 0;
	for (int i = 0; i < 50; i++) {
		struct bus_backoff backoff = {.next_ms = BUS_BACKOFF_MAX_MS};
		int64_t delay = bus_backoff_next_ms(&backoff);
		first = first ? first : delay;
		differing += delay != first;
	}
	assert_true(differing > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_limit),
		cmocka_unit_test(reset_begins_anew),
		cmocka_unit_test(waits_are_not_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
