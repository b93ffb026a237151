/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"

/*
 * The broker itself goes away and comes back, or runs out of memory. TEST_BROKER_STOP and
 * TEST_BROKER_START, TEST_BROKER_BLOCK and TEST_BROKER_UNBLOCK hold the commands; nothing else may use that
 * broker meanwhile.
 */

static struct bus_fixture fixture;
static const struct bus_subscription *subscriptions;
static struct inbox inbox;

static int set_up(void **state)
{
	(void)state;
	static struct bus_subscription work[2];
	bus_fixture_init(&fixture, required_env("TEST_AMQP_URL"));
	work[0] = (struct bus_subscription){fixture.work, 10};
	subscriptions = work;
	inbox_init(&inbox, true);
	return 0;
}

static void publisher_and_consumer_come_back_after_a_restart_and_durable_messages_survive(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message before = text_message(&fixture, "work", "before");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &before, in_ms(5000), &err), 0);
	run_shell("TEST_BROKER_STOP");
	assert_eventually(!bus_publisher_ready(publisher));
	struct bus_consumer *consumer =
		bus_consumer_create(&fixture.options, subscriptions, inbox_deliver, &inbox);
	struct bus_message during = text_message(&fixture, "work", "during");
	int64_t began = clock_monotonic_ms();
	assert_int_equal(bus_publisher_send(publisher, &during, in_ms(5000), &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 500);
	run_shell("TEST_BROKER_START");
	assert_eventually(bus_publisher_ready(publisher) && bus_consumer_ready(consumer));
	struct bus_message after = text_message(&fixture, "work", "after");
	assert_int_equal(bus_publisher_send(publisher, &after, in_ms(5000), &err), 0);
	assert_eventually(inbox_copies(&inbox, "before") == 1 && inbox_copies(&inbox, "after") == 1);
	assert_int_equal(inbox_copies(&inbox, "during"), 0);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

static void both_end_while_the_broker_is_down(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	run_shell("TEST_BROKER_STOP");
	int64_t began = clock_monotonic_ms();
	bus_publisher_free(publisher, in_ms(1000));
	end_consumer(consumer, &inbox);
	int64_t took = clock_monotonic_ms() - began;
	run_shell("TEST_BROKER_START");
	assert_true(took < 3000);
}

static void blocked_broker_fails_senders_in_time_and_recovers(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	run_shell("TEST_BROKER_BLOCK");
	clock_sleep_ms(1000); /* the alarm is raised at the next measurement */
	struct bus_message message = text_message(&fixture, "work", "x");
	struct error err;
	int64_t began = clock_monotonic_ms();
	int first =
		bus_publisher_send(publisher, &message, in_ms(1000), &err); /* brings the broker to say so */
	enum error_code first_code = err.code;
	int64_t first_took = clock_monotonic_ms() - began;
	began = clock_monotonic_ms();
	int second = bus_publisher_send(publisher, &message, in_ms(1000), &err);
	enum error_code second_code = err.code;
	int64_t second_took = clock_monotonic_ms() - began;
	bool ready = bus_publisher_ready(publisher);
	run_shell("TEST_BROKER_UNBLOCK"); /* before any assertion can leave it blocked */
	assert_int_equal(first, -1);
	assert_true(first_code == ERROR_DEADLINE || first_code == ERROR_UNAVAILABLE);
	assert_true(first_took < 1500);
	assert_int_equal(second, -1);
	assert_int_equal(second_code, ERROR_UNAVAILABLE);
	assert_true(second_took < 500);
	assert_false(ready);
	assert_eventually(bus_publisher_ready(publisher));
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	bus_publisher_free(publisher, in_ms(1000));
	inbox_release(&inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			publisher_and_consumer_come_back_after_a_restart_and_durable_messages_survive,
			set_up),
		cmocka_unit_test_setup(both_end_while_the_broker_is_down, set_up),
		cmocka_unit_test_setup(blocked_broker_fails_senders_in_time_and_recovers, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
