/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"

static struct bus_fixture fixture;

static int set_up(void **state)
{
	(void)state;
	bus_fixture_init(&fixture, required_env("TEST_AMQP_URL"));
	return 0;
}

static void sent_message_is_confirmed(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "work", "hello");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	bus_publisher_free(publisher, in_ms(1000));
}

static void unroutable_mandatory_message_is_not_found_and_its_neighbours_are_confirmed(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message messages[30];
	struct error outcomes[30];
	for (size_t i = 0; i < 30; i++)
		messages[i] = text_message(&fixture, i % 3 == 1 ? "nowhere" : "work", "x");
	assert_int_equal(bus_publisher_send_all(publisher, messages, 30, in_ms(5000), outcomes), 20);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(outcomes[i].code, i % 3 == 1 ? ERROR_NOT_FOUND : ERROR_NONE);
	bus_publisher_free(publisher, in_ms(1000));
}

static void unroutable_message_that_is_not_mandatory_is_confirmed(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "nowhere", "x");
	message.mandatory = false;
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	bus_publisher_free(publisher, in_ms(1000));
}

static void missing_exchange_fails_within_the_deadline_and_the_publisher_recovers(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message lost = text_message(&fixture, "work", "x");
	lost.exchange = "test.no.such.exchange";
	struct error err;
	int64_t began = clock_monotonic_ms();
	assert_int_equal(bus_publisher_send(publisher, &lost, in_ms(5000), &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 3000);
	struct bus_message message = text_message(&fixture, "work", "x");
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	bus_publisher_free(publisher, in_ms(1000));
}

static void message_that_amqp_cannot_carry_is_invalid_and_harms_nobody(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	char key[300];
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	struct bus_message messages[] = {
		text_message(&fixture, key, "x"), text_message(&fixture, "work", "x")};
	struct error outcomes[2];
	assert_int_equal(bus_publisher_send_all(publisher, messages, 2, in_ms(5000), outcomes), 1);
	assert_int_equal(outcomes[0].code, ERROR_INVALID);
	assert_int_equal(outcomes[1].code, ERROR_NONE);
	bus_publisher_free(publisher, in_ms(1000));
}

static size_t send_in_streak(struct bus_publisher *publisher, uint64_t streak, struct error *outcome)
{
	struct bus_message message = text_message(&fixture, "work", "x");
	struct bus_sending sending;
	bus_publisher_begin(publisher, &message, 1, in_ms(5000), streak, outcome, &sending);
	return bus_publisher_end(publisher, &sending);
}

/* Else what comes after a message that has to be sent again would arrive before it. */
static void after_a_loss_nothing_more_of_its_streak_is_sent(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message lost = {
		.exchange = "no-such-exchange", .routing_key = "x", .body = "x", .length = 1};
	struct error outcome;
	uint64_t streak = bus_publisher_streak(publisher);
	assert_int_equal(send_in_streak(publisher, streak, &outcome), 1);
	assert_int_equal(bus_publisher_streak(publisher), streak);
	assert_int_equal(bus_publisher_send(publisher, &lost, in_ms(5000), &outcome), -1);
	assert_int_equal(send_in_streak(publisher, streak, &outcome), 0);
	assert_int_equal(outcome.code, ERROR_UNAVAILABLE);
	assert_int_equal(send_in_streak(publisher, bus_publisher_streak(publisher), &outcome), 1);
	assert_int_equal(send_in_streak(publisher, 0, &outcome), 1);
	bus_publisher_free(publisher, in_ms(1000));
}

static void without_a_broker_sending_fails_at_once(void **state)
{
	(void)state;
	fixture.options.urls = "amqp://127.0.0.1:1";
	struct bus_publisher *publisher = bus_publisher_create(&fixture.options);
	struct bus_message message = text_message(&fixture, "work", "x");
	struct error err;
	int64_t began = clock_monotonic_ms();
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 500);
	assert_false(bus_publisher_ready(publisher));
	bus_publisher_free(publisher, in_ms(1000));
	assert_true(clock_monotonic_ms() - began < 1500);
}

static void second_address_is_used_when_the_first_does_not_answer(void **state)
{
	(void)state;
	char urls[512];
	snprintf(urls, sizeof(urls), "amqp://127.0.0.1:1,%s", required_env("TEST_AMQP_URL"));
	fixture.options.urls = urls;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	bus_publisher_free(publisher, in_ms(1000));
}

static void wrong_password_never_connects_and_the_publisher_still_ends(void **state)
{
	(void)state;
	const char *at = strchr(required_env("TEST_AMQP_URL"), '@');
	char urls[512];
	snprintf(urls, sizeof(urls), "amqp://guest:not-the-password@%s", at ? at + 1 : "127.0.0.1:5672");
	fixture.options.urls = urls;
	struct bus_publisher *publisher = bus_publisher_create(&fixture.options);
	clock_sleep_ms(300);
	assert_false(bus_publisher_ready(publisher));
	int64_t began = clock_monotonic_ms();
	bus_publisher_free(publisher, in_ms(1000));
	assert_true(clock_monotonic_ms() - began < 1500);
}

static void queue_declared_with_other_arguments_does_not_stop_the_start(void **state)
{
	(void)state;
	bus_publisher_free(ready_publisher(&fixture), in_ms(1000));
	fixture.queues[0].expires_ms = FIXTURE_EXPIRES_MS + 1; /* PRECONDITION_FAILED */
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "spare", "x");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	bus_publisher_free(publisher, in_ms(1000));
}

/* Declares everything with a former queue beside, and says what has become of that. */
static struct bus_queue_state former_queue(const char *name)
{
	const char *const former[] = {name, NULL};
	struct bus_queue_state state = {.name = name};
	struct error err;
	fixture.options.topology.former = former;
	bus_publisher_free(ready_publisher(&fixture), in_ms(1000));
	fixture.options.topology.former = NULL;
	struct bus_inspector *inspector = bus_inspector_create(&fixture.options);
	assert_int_equal(bus_inspector_look(inspector, &state, 1, &err), 0);
	bus_inspector_free(inspector);
	return state;
}

/* As an earlier version has left it: durable, where this one would have it otherwise. */
static void leave_behind(void)
{
	bus_publisher_free(ready_publisher(&fixture), in_ms(1000));
	fixture.queues[2] = (struct bus_queue){0};
	fixture.bindings[2] = (struct bus_binding){0};
}

static void queue_of_an_earlier_version_goes_when_it_is_empty_and_unused(void **state)
{
	(void)state;
	leave_behind();
	assert_false(former_queue(fixture.spare).exists);
	assert_false(former_queue(fixture.spare).exists); /* nor does its absence harm a start */
}

static void queue_of_an_earlier_version_stays_with_its_messages(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "spare", "promised");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	leave_behind();
	assert_int_equal(former_queue(fixture.spare).messages, 1);
	assert_int_equal(
		bus_publisher_send(publisher, &message, in_ms(5000), &err), 0); /* as an earlier gateway */
	bus_publisher_free(publisher, in_ms(1000));
	assert_int_equal(former_queue(fixture.spare).messages, 2);
}

static void queue_of_an_earlier_version_stays_with_its_consumers(void **state)
{
	(void)state;
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.spare, 10}, {NULL, 0}};
	struct bus_fixture earlier = fixture; /* its table pointers still mean `fixture` */
	struct bus_consumer *consumer = ready_consumer(&earlier, subscriptions, &inbox);
	leave_behind();
	assert_int_equal(former_queue(fixture.spare).consumers, 1);
	assert_true(bus_consumer_ready(consumer));
	end_consumer(consumer, &inbox);
	assert_false(former_queue(fixture.spare).exists);
}

static void exclusive_queue_is_left_to_its_consumer(void **state)
{
	(void)state;
	fixture.queues[2].exclusive = true;
	fixture.queues[2].durable = false;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.spare, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	struct bus_message message = text_message(&fixture, "spare", "mine");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	assert_eventually(inbox_copies(&inbox, "mine") == 1);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

static void message_already_past_its_deadline_is_not_sent(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "work", "late");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(-1), &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	message.body = "next";
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	assert_eventually(inbox_copies(&inbox, "next") == 1);
	assert_int_equal(inbox_copies(&inbox, "late"), 0);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

struct sender {
	struct bus_publisher *publisher;
	pthread_t thread;
	size_t confirmed;
};

static void *send_many(void *argument)
{
	struct sender *sender = argument;
	for (int i = 0; i < 50; i++) {
		struct bus_message message = text_message(&fixture, "work", "x");
		struct error err;
		sender->confirmed += bus_publisher_send(sender->publisher, &message, in_ms(10000), &err) == 0;
	}
	return NULL;
}

static void many_threads_share_one_publisher(void **state)
{
	(void)state;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct sender senders[16];
	for (size_t i = 0; i < 16; i++) {
		senders[i] = (struct sender){.publisher = publisher};
		pthread_create(&senders[i].thread, NULL, send_many, &senders[i]);
	}
	for (size_t i = 0; i < 16; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].confirmed, 50);
	}
	bus_publisher_free(publisher, in_ms(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sent_message_is_confirmed, set_up),
		cmocka_unit_test_setup(
			unroutable_mandatory_message_is_not_found_and_its_neighbours_are_confirmed, set_up),
		cmocka_unit_test_setup(unroutable_message_that_is_not_mandatory_is_confirmed, set_up),
		cmocka_unit_test_setup(
			missing_exchange_fails_within_the_deadline_and_the_publisher_recovers, set_up),
		cmocka_unit_test_setup(message_that_amqp_cannot_carry_is_invalid_and_harms_nobody, set_up),
		cmocka_unit_test_setup(after_a_loss_nothing_more_of_its_streak_is_sent, set_up),
		cmocka_unit_test_setup(without_a_broker_sending_fails_at_once, set_up),
		cmocka_unit_test_setup(second_address_is_used_when_the_first_does_not_answer, set_up),
		cmocka_unit_test_setup(wrong_password_never_connects_and_the_publisher_still_ends, set_up),
		cmocka_unit_test_setup(queue_declared_with_other_arguments_does_not_stop_the_start, set_up),
		cmocka_unit_test_setup(queue_of_an_earlier_version_goes_when_it_is_empty_and_unused, set_up),
		cmocka_unit_test_setup(queue_of_an_earlier_version_stays_with_its_messages, set_up),
		cmocka_unit_test_setup(queue_of_an_earlier_version_stays_with_its_consumers, set_up),
		cmocka_unit_test_setup(exclusive_queue_is_left_to_its_consumer, set_up),
		cmocka_unit_test_setup(message_already_past_its_deadline_is_not_sent, set_up),
		cmocka_unit_test_setup(many_threads_share_one_publisher, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
