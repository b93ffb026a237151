/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"
#include "support/bus_queue.h"

static struct bus_fixture fixture;
static struct bus_publisher *publisher;
static struct inbox inbox;

static int set_up(void **state)
{
	(void)state;
	bus_fixture_init(&fixture, required_env("TEST_AMQP_URL"));
	publisher = ready_publisher(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_publisher_free(publisher, in_ms(1000));
	return 0;
}

static struct bus_consumer *consume(const struct bus_subscription *subscriptions, bool ack_at_once)
{
	inbox_init(&inbox, ack_at_once);
	return ready_consumer(&fixture, subscriptions, &inbox);
}

static void send(const char *key, const char *text)
{
	struct bus_message message = text_message(&fixture, key, text);
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(10000), &err), 0);
}

static void send_numbered(size_t count)
{
	struct bus_message *messages = memory_alloc(count * sizeof(*messages));
	struct error *outcomes = memory_alloc(count * sizeof(*outcomes));
	char(*bodies)[24] = memory_alloc(count * sizeof(*bodies));
	for (size_t i = 0; i < count; i++) {
		snprintf(bodies[i], sizeof(bodies[i]), "%zu", i);
		messages[i] = text_message(&fixture, "work", bodies[i]);
	}
	assert_int_equal(bus_publisher_send_all(publisher, messages, count, in_ms(60000), outcomes), count);
	free(messages);
	free(outcomes);
	free(bodies);
}

static void everything_of_a_message_arrives(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	const struct bus_header headers[] = {{"traceparent", "00-abc"}, {"empty", ""}, {NULL, NULL}};
	struct bus_message message = text_message(&fixture, "work", "body");
	message.message_id = "id-1";
	message.correlation_id = "correlation-1";
	message.reply_to = "reply";
	message.type = "job.put";
	message.headers = headers;
	message.timestamp_unix_ms = 1700000000000;
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	assert_eventually(inbox_count(&inbox) == 1);
	struct bus_delivery *delivery = inbox_take(&inbox, 0);
	assert_string_equal(delivery->queue, fixture.work);
	assert_string_equal(delivery->exchange, fixture.exchange);
	assert_string_equal(delivery->routing_key, "work");
	assert_string_equal(delivery->message_id, "id-1");
	assert_string_equal(delivery->correlation_id, "correlation-1");
	assert_string_equal(delivery->reply_to, "reply");
	assert_string_equal(delivery->type, "job.put");
	assert_string_equal(delivery->content_type, "text/plain");
	assert_string_equal(delivery->app_id, "test");
	assert_string_equal(delivery->user_id, "");
	assert_string_equal(bus_delivery_header(delivery, "traceparent"), "00-abc");
	assert_string_equal(bus_delivery_header(delivery, "empty"), "");
	assert_null(bus_delivery_header(delivery, "absent"));
	assert_true(delivery->timestamp_unix_ms == 1700000000000);
	assert_false(delivery->redelivered);
	assert_memory_equal(delivery->body, "body", 5); /* with its NUL */
	bus_delivery_settle(delivery, BUS_ACK);
	end_consumer(consumer, &inbox);
}

static void empty_and_large_bodies_arrive_whole(void **state)
{
	(void)state;
	enum { LARGE = 5 * 1024 * 1024 + 17 };
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	unsigned char *bytes = memory_alloc(LARGE);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	struct bus_message messages[] = {
		text_message(&fixture, "work", ""), text_message(&fixture, "work", "")};
	messages[1].body = bytes;
	messages[1].length = LARGE;
	struct error outcomes[2];
	assert_int_equal(bus_publisher_send_all(publisher, messages, 2, in_ms(10000), outcomes), 2);
	assert_eventually(inbox_count(&inbox) == 2);
	struct bus_delivery *empty = inbox_take(&inbox, 0), *large = inbox_take(&inbox, 1);
	assert_int_equal(empty->length, 0);
	assert_int_equal(large->length, LARGE);
	assert_memory_equal(large->body, bytes, LARGE);
	bus_delivery_settle(empty, BUS_ACK);
	bus_delivery_settle(large, BUS_ACK);
	free(bytes);
	end_consumer(consumer, &inbox);
}

static int compare_numbers(const void *a, const void *b)
{
	long left = atol(a), right = atol(b);
	return left < right ? -1 : left > right;
}

static void ten_thousand_messages_arrive_once_each(void **state)
{
	(void)state;
	enum { COUNT = 10000 };
	const struct bus_subscription subscriptions[] = {{fixture.work, 200}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, true);
	send_numbered(COUNT);
	assert_eventually(inbox_count(&inbox) >= COUNT);
	clock_sleep_ms(200); /* for one too many to show */
	assert_int_equal(inbox_count(&inbox), COUNT);
	qsort(inbox.bodies, COUNT, sizeof(inbox.bodies[0]), compare_numbers);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(atoi(inbox.bodies[i]), i);
	end_consumer(consumer, &inbox);
}

static void no_more_than_the_prefetch_is_delivered_before_settling(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 3}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send_numbered(10);
	assert_eventually(inbox_count(&inbox) == 3);
	clock_sleep_ms(300);
	assert_int_equal(inbox_count(&inbox), 3);
	bus_delivery_settle(inbox_take(&inbox, 1), BUS_ACK);
	assert_eventually(inbox_count(&inbox) == 4);
	end_consumer(consumer, &inbox);
}

static void *settle_some(void *argument)
{
	const size_t *range = argument;
	for (size_t i = range[0]; i < range[1]; i++)
		bus_delivery_settle(inbox_take(&inbox, i), BUS_ACK);
	return NULL;
}

static void deliveries_are_settled_from_other_threads(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 400}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send_numbered(400);
	assert_eventually(inbox_count(&inbox) == 400);
	pthread_t threads[4];
	size_t ranges[4][2];
	for (size_t t = 0; t < 4; t++) {
		ranges[t][0] = t * 100;
		ranges[t][1] = t * 100 + 100;
		pthread_create(&threads[t], NULL, settle_some, ranges[t]);
	}
	for (size_t t = 0; t < 4; t++)
		pthread_join(threads[t], NULL);
	end_consumer(consumer, &inbox);

	consumer = consume(subscriptions, false); /* nothing may be left */
	send("work", "last");
	assert_eventually(inbox_count(&inbox) >= 1);
	assert_int_equal(inbox_copies(&inbox, "last"), 1);
	assert_int_equal(inbox_count(&inbox), 1);
	end_consumer(consumer, &inbox);
}

static void requeued_delivery_comes_again(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 1}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send("work", "again");
	assert_eventually(inbox_count(&inbox) == 1);
	bus_delivery_settle(inbox_take(&inbox, 0), BUS_REQUEUE);
	assert_eventually(inbox_count(&inbox) == 2);
	struct bus_delivery *second = inbox_take(&inbox, 1);
	assert_true(second->redelivered);
	bus_delivery_settle(second, BUS_ACK);
	end_consumer(consumer, &inbox);
}

static void rejected_delivery_goes_to_the_dead_letter_exchange(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {
		{fixture.work, 1}, {fixture.dead_queue, 1}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send("work", "poison");
	assert_eventually(inbox_count(&inbox) == 1);
	bus_delivery_settle(inbox_take(&inbox, 0), BUS_REJECT);
	assert_eventually(inbox_count(&inbox) == 2);
	struct bus_delivery *letter = inbox_take(&inbox, 1);
	assert_string_equal(letter->queue, fixture.dead_queue);
	bus_delivery_settle(letter, BUS_ACK);
	end_consumer(consumer, &inbox);
}

static void deleted_queue_is_declared_and_subscribed_again_and_the_other_goes_on(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {fixture.spare, 10}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send("work", "unsettled");
	send("spare", "kept");
	assert_eventually(inbox_count(&inbox) == 2);
	assert_int_equal(inbox.deliveries[0]->subscribed, 1);
	delete_queue(fixture.options.urls, fixture.work);
	assert_eventually(!bus_consumer_ready(consumer));
	assert_eventually(bus_consumer_ready(consumer));
	inbox_settle_all(&inbox, BUS_ACK); /* one of them of the queue that is gone */
	send("work", "new");
	send("spare", "other");
	assert_eventually(inbox_copies(&inbox, "new") == 1 && inbox_copies(&inbox, "other") == 1);
	clock_sleep_ms(300);
	assert_int_equal(inbox_count(&inbox), 4);
	for (size_t i = 2; i < 4; i++)
		assert_int_equal(inbox.deliveries[i]->subscribed, strcmp(inbox.bodies[i], "new") ? 1 : 2);
	assert_true(bus_consumer_ready(consumer));
	end_consumer(consumer, &inbox);
}

static void stopped_consumer_delivers_no_more_and_still_settles(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 2}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send_numbered(4);
	assert_eventually(inbox_count(&inbox) == 2);
	bus_consumer_stop(consumer);
	assert_false(bus_consumer_ready(consumer));
	inbox_settle_all(&inbox, BUS_ACK);
	clock_sleep_ms(300);
	assert_int_equal(inbox_count(&inbox), 2);
	end_consumer(consumer, &inbox);

	consumer = consume(subscriptions, true);
	assert_eventually(inbox_count(&inbox) == 2);
	assert_int_equal(inbox_copies(&inbox, "2") + inbox_copies(&inbox, "3"), 2);
	end_consumer(consumer, &inbox);
}

static void acks_given_just_before_the_end_are_not_lost(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {{fixture.work, 1000}, {NULL, 0}};
	struct bus_consumer *consumer = consume(subscriptions, false);
	send_numbered(1000);
	assert_eventually(inbox_count(&inbox) == 1000);
	end_consumer(consumer, &inbox); /* settles all and frees */

	consumer = consume(subscriptions, true);
	clock_sleep_ms(500);
	assert_int_equal(inbox_count(&inbox), 0);
	end_consumer(consumer, &inbox);
}

static void unready_while_a_queue_cannot_be_subscribed(void **state)
{
	(void)state;
	const struct bus_subscription subscriptions[] = {
		{fixture.work, 10}, {"test.no.such.queue", 10}, {NULL, 0}};
	inbox_init(&inbox, true);
	struct bus_consumer *consumer =
		bus_consumer_create(&fixture.options, subscriptions, inbox_deliver, &inbox);
	send("work", "one");
	assert_eventually(inbox_copies(&inbox, "one") == 1);
	assert_false(bus_consumer_ready(consumer));
	end_consumer(consumer, &inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_of_a_message_arrives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_and_large_bodies_arrive_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ten_thousand_messages_arrive_once_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			no_more_than_the_prefetch_is_delivered_before_settling, set_up, tear_down),
		cmocka_unit_test_setup_teardown(deliveries_are_settled_from_other_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(requeued_delivery_comes_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			rejected_delivery_goes_to_the_dead_letter_exchange, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			deleted_queue_is_declared_and_subscribed_again_and_the_other_goes_on, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			stopped_consumer_delivers_no_more_and_still_settles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			acks_given_just_before_the_end_are_not_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			unready_while_a_queue_cannot_be_subscribed, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
