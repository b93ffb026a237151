/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"
#include "support/tcp_proxy.h"

#include "common/bus_url.h"

/* The network between us and the broker is cut or freezes, at bad moments. */

static struct bus_fixture fixture, direct;
static struct tcp_proxy *proxy;
static char proxied[256];

static int set_up(void **state)
{
	(void)state;
	const char *urls = required_env("TEST_AMQP_URL");
	struct bus_urls parsed;
	struct error err;
	assert_int_equal(bus_urls_parse(urls, &parsed, &err), 0);
	const struct bus_url *url = &parsed.list[0];
	proxy = tcp_proxy_create(strcmp(url->host, "localhost") ? url->host : "127.0.0.1", url->port);
	snprintf(proxied, sizeof(proxied), "amqp://%s:%s@127.0.0.1:%d/%%2f", url->user, url->password,
		proxy->port);
	bus_urls_release(&parsed);
	bus_fixture_init(&fixture, proxied);
	direct = fixture; /* the same names, around the proxy; its table pointers still mean `fixture` */
	direct.options.urls = urls;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tcp_proxy_free(proxy);
	return 0;
}

enum { BURST = 3000 };

struct burst {
	struct bus_publisher *publisher;
	char bodies[BURST][24];
	struct error outcomes[BURST];
	size_t confirmed;
	int round;
};

static void *send_burst(void *argument)
{
	struct burst *burst = argument;
	static struct bus_message messages[BURST];
	for (size_t i = 0; i < BURST; i++) {
		snprintf(burst->bodies[i], sizeof(burst->bodies[i]), "%d-%u", burst->round, (unsigned)i);
		messages[i] = text_message(&fixture, "work", burst->bodies[i]);
	}
	burst->confirmed =
		bus_publisher_send_all(burst->publisher, messages, BURST, in_ms(20000), burst->outcomes);
	return NULL;
}

/* Sorted, for bsearch. */
static int compare_bodies(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check_burst(const struct burst *burst, struct inbox *inbox)
{
	for (size_t i = 0; i < BURST; i++) {
		const struct error *outcome = &burst->outcomes[i];
		bool there = bsearch(burst->bodies[i], inbox->bodies, inbox->count, sizeof(inbox->bodies[0]),
			compare_bodies);
		if (outcome->code == ERROR_NONE)
			assert_true(there);
		else
			assert_int_equal(outcome->code, ERROR_UNAVAILABLE);
		if (strcmp(outcome->cause, "not connected to the broker") == 0)
			assert_false(there);
	}
}

static void connection_cut_while_publishing_leaves_honest_outcomes(void **state)
{
	(void)state;
	enum { ROUNDS = 4 };
	static struct burst bursts[ROUNDS];
	struct bus_publisher *publisher = ready_publisher(&fixture);
	for (int round = 0; round < ROUNDS; round++) {
		bursts[round].publisher = publisher;
		bursts[round].round = round;
		pthread_t thread;
		assert_eventually(bus_publisher_ready(publisher));
		pthread_create(&thread, NULL, send_burst, &bursts[round]);
		clock_sleep_ms(20 + 25 * round);
		proxy->cut = true;
		pthread_join(thread, NULL);
	}
	assert_eventually(bus_publisher_ready(publisher));
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 500}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&direct, subscriptions, &inbox);
	struct bus_message last = text_message(&fixture, "work", "last");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &last, in_ms(5000), &err), 0);
	assert_eventually(inbox_copies(&inbox, "last") == 1);
	clock_sleep_ms(300);
	qsort(inbox.bodies, inbox.count, sizeof(inbox.bodies[0]), compare_bodies);
	for (int round = 0; round < ROUNDS; round++)
		check_burst(&bursts[round], &inbox);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

static void consumer_comes_back_after_a_cut_and_the_unsettled_is_redelivered(void **state)
{
	(void)state;
	struct inbox inbox;
	inbox_init(&inbox, false);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	struct bus_publisher *publisher = ready_publisher(&direct);
	struct bus_message message = text_message(&fixture, "work", "x");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	assert_eventually(inbox_count(&inbox) == 1);
	proxy->cut = true;
	assert_eventually(inbox_count(&inbox) == 2);
	bus_delivery_settle(
		inbox_take(&inbox, 0), BUS_ACK); /* of the old connection: a no-op, not the other's tag */
	struct bus_delivery *second = inbox_take(&inbox, 1);
	assert_true(second->redelivered);
	bus_delivery_settle(second, BUS_ACK);
	clock_sleep_ms(300);
	assert_int_equal(inbox_count(&inbox), 2);
	assert_true(bus_consumer_ready(consumer));
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

static struct bus_message large_message(void)
{
	enum { LARGE = 8 * 1024 * 1024 }; /* more than the kernel's buffers take */
	static char *bytes;
	if (!bytes)
		bytes = memory_alloc(LARGE);
	struct bus_message message = text_message(&fixture, "spare", "");
	message.body = bytes;
	message.length = LARGE;
	return message;
}

static void frozen_broker_costs_a_sender_its_deadline_and_free_does_not_hang(void **state)
{
	(void)state;
	fixture.options.heartbeat_s = 60; /* so that it is not the heartbeat that ends it */
	struct bus_publisher *publisher = ready_publisher(&fixture);
	proxy->frozen = true;
	struct bus_message message = large_message();
	struct error err;
	int64_t began = clock_monotonic_ms();
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(4000), &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	assert_in_range(clock_monotonic_ms() - began, 3900, 12000);
	assert_eventually(!bus_publisher_ready(publisher)); /* stuck in a write */
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(1500), &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	began = clock_monotonic_ms();
	bus_publisher_free(publisher, in_ms(500));
	assert_true(clock_monotonic_ms() - began < 2500);
	proxy->frozen = false;
}

static void write_that_a_frozen_broker_does_not_take_ends_by_the_watchdog(void **state)
{
	(void)state;
	fixture.options.heartbeat_s = 60; /* so that it is not the heartbeat */
	struct bus_publisher *publisher = ready_publisher(&fixture);
	proxy->frozen = true;
	struct bus_message message = large_message();
	struct error err;
	int64_t began = clock_monotonic_ms();
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(30000), &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_in_range(clock_monotonic_ms() - began, 5000, 25000);
	proxy->cut = true;
	proxy->frozen = false;
	assert_eventually(bus_publisher_ready(publisher));
	bus_publisher_free(publisher, in_ms(1000));
}

static void silent_broker_is_noticed_by_missing_heartbeats(void **state)
{
	(void)state;
	fixture.options.heartbeat_s = 2;
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	proxy->frozen = true;
	assert_eventually(!bus_publisher_ready(publisher) && !bus_consumer_ready(consumer));
	proxy->cut = true;
	proxy->frozen = false;
	assert_eventually(bus_publisher_ready(publisher) && bus_consumer_ready(consumer));
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

static void idle_connection_is_kept_by_heartbeats(void **state)
{
	(void)state;
	fixture.options.heartbeat_s = 1;
	struct bus_publisher *publisher = ready_publisher(&fixture);
	for (int i = 0; i < 50; i++) {
		clock_sleep_ms(100);
		assert_true(bus_publisher_ready(publisher));
	}
	bus_publisher_free(publisher, in_ms(1000));
}

static void consumer_of_a_frozen_broker_ends_in_time(void **state)
{
	(void)state;
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	proxy->frozen = true;
	int64_t began = clock_monotonic_ms();
	end_consumer(consumer, &inbox);
	assert_true(clock_monotonic_ms() - began < 4000);
	proxy->frozen = false;
}

static void both_end_in_time_while_a_broker_accepts_and_says_nothing(void **state)
{
	(void)state;
	proxy->frozen = true; /* the kernel accepts, nobody answers */
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer =
		bus_consumer_create(&fixture.options, subscriptions, inbox_deliver, &inbox);
	struct bus_publisher *publisher = bus_publisher_create(&fixture.options);
	clock_sleep_ms(200);
	int64_t began = clock_monotonic_ms();
	bus_publisher_free(publisher, in_ms(1000));
	end_consumer(consumer, &inbox);
	assert_true(clock_monotonic_ms() - began < 4000);
	proxy->frozen = false;
}

static void the_next_broker_takes_over_when_one_is_gone(void **state)
{
	(void)state;
	char both[1024];
	snprintf(both, sizeof(both), "%s,%s", proxied, direct.options.urls);
	fixture.options.urls = both;
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	struct bus_publisher *publisher = ready_publisher(&fixture);
	struct bus_message message = text_message(&fixture, "work", "x");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	tcp_proxy_free(proxy); /* its port refuses from now on */
	assert_eventually(bus_publisher_send(publisher, &message, in_ms(5000), &err) == 0);
	assert_eventually(inbox_count(&inbox) >= 2);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
	proxy = tcp_proxy_create("127.0.0.1", 1); /* for tear_down() */
}

static void broker_that_takes_no_transient_queues_is_given_others(void **state)
{
	(void)state;
	proxy->takes_no_transient = true;
	fixture.queues[2].durable = false;
	struct inbox inbox;
	inbox_init(&inbox, true);
	const struct bus_subscription subscriptions[] = {{fixture.spare, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	struct bus_publisher *publisher = ready_publisher(&fixture);
	assert_int_equal(proxy->refusals, 2); /* one of each connection, which then knows */
	struct bus_message message = text_message(&fixture, "spare", "x");
	struct error err;
	assert_int_equal(bus_publisher_send(publisher, &message, in_ms(5000), &err), 0);
	assert_eventually(inbox_copies(&inbox, "x") == 1);
	end_consumer(consumer, &inbox);
	bus_publisher_free(publisher, in_ms(1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			connection_cut_while_publishing_leaves_honest_outcomes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			consumer_comes_back_after_a_cut_and_the_unsettled_is_redelivered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			frozen_broker_costs_a_sender_its_deadline_and_free_does_not_hang, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			write_that_a_frozen_broker_does_not_take_ends_by_the_watchdog, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			silent_broker_is_noticed_by_missing_heartbeats, set_up, tear_down),
		cmocka_unit_test_setup_teardown(idle_connection_is_kept_by_heartbeats, set_up, tear_down),
		cmocka_unit_test_setup_teardown(consumer_of_a_frozen_broker_ends_in_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			both_end_in_time_while_a_broker_accepts_and_says_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_next_broker_takes_over_when_one_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			broker_that_takes_no_transient_queues_is_given_others, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
