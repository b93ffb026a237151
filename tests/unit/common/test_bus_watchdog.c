/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus_watchdog.h"
#include "common/clock.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct bus_watchdog *watchdog;
static int ends[2];

static int set_up(void **state)
{
	(void)state;
	watchdog = bus_watchdog_create();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	bus_watchdog_guard(watchdog, ends[0]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_watchdog_free(watchdog);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static bool is_shut_within(int ms)
{
	struct pollfd end = {.fd = ends[1], .events = POLLIN};
	return poll(&end, 1, ms) == 1;
}

static void call_beyond_its_limit_loses_its_socket(void **state)
{
	(void)state;
	bus_watchdog_arm(watchdog, 1000);
	assert_false(is_shut_within(20));
	assert_true(is_shut_within(5000));
	assert_true(bus_watchdog_fired(watchdog));
}

static void call_that_returns_in_time_keeps_it(void **state)
{
	(void)state;
	bus_watchdog_arm(watchdog, 1000);
	bus_watchdog_disarm(watchdog);
	assert_false(is_shut_within(1500));
	assert_false(bus_watchdog_fired(watchdog));
}

static void limit_runs_from_the_last_arming(void **state)
{
	(void)state;
	/* armed for longer than the limit, which a busy machine does not sleep over */
	for (int i = 0; i < 10; i++) {
		bus_watchdog_arm(watchdog, 2000);
		assert_false(is_shut_within(300));
	}
	assert_true(is_shut_within(10000));
}

static void shorter_limit_after_a_longer_one_holds(void **state)
{
	(void)state;
	bus_watchdog_arm(watchdog, 60000);
	clock_sleep_ms(20);
	bus_watchdog_disarm(watchdog);
	bus_watchdog_arm(watchdog, 50);
	assert_true(is_shut_within(2000));
}

static void trip_shuts_at_once_and_whatever_comes_later(void **state)
{
	(void)state;
	bus_watchdog_guard(watchdog, -1);
	bus_watchdog_trip(watchdog);
	assert_false(is_shut_within(20));
	bus_watchdog_guard(watchdog, ends[0]);
	assert_true(is_shut_within(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(call_beyond_its_limit_loses_its_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(call_that_returns_in_time_keeps_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limit_runs_from_the_last_arming, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shorter_limit_after_a_longer_one_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			trip_shuts_at_once_and_whatever_comes_later, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
