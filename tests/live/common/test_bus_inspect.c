/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"

static struct bus_fixture fixture;

static int set_up(void **state)
{
	(void)state;
	bus_fixture_init(&fixture, required_env("TEST_AMQP_URL"));
	return 0;
}

static void queues_are_seen_with_what_waits_in_them_and_missing_ones_too(void **state)
{
	(void)state;
	struct error err;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "work", "waits");
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	struct bus_inspector *inspector = bus_inspector_create(&fixture.options);
	for (int again = 0; again < 2; again++) {
		struct bus_queue_state queues[] = {
			{.name = "no such queue"}, {.name = fixture.work}, {.name = "nor this"}};
		assert_int_equal(bus_inspector_look(inspector, queues, 3, &err), 0);
		assert_false(queues[0].exists || queues[2].exists);
		assert_true(queues[1].exists);
		assert_int_equal(queues[1].consumers, 0);
		assert_int_equal(queues[1].messages, 1);
	}
	bus_inspector_free(inspector);
	bus_publisher_free(publisher, in_ms(1000));
}

static void without_a_broker_it_says_so(void **state)
{
	(void)state;
	struct error err;
	struct bus_options options = fixture.options;
	options.urls = "amqp://127.0.0.1:1";
	struct bus_queue_state queue = {.name = "any"};
	struct bus_inspector *inspector = bus_inspector_create(&options);
	assert_int_equal(bus_inspector_look(inspector, &queue, 1, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	bus_inspector_free(inspector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_are_seen_with_what_waits_in_them_and_missing_ones_too),
		cmocka_unit_test(without_a_broker_it_says_so),
	};
	return cmocka_run_group_tests_name("bus_inspect", tests, set_up, NULL);
}
