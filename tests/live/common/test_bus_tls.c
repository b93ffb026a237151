/* SPDX-License-Identifier: MIT */
#include "support/bus_fixture.h"

#include "common/bus_url.h"

/* A broker that speaks TLS: its certificate must be of our authority and name the host, and it wants ours. */

static char path[8][256];

static const char *file(const char *name)
{
	static size_t next;
	char *out = path[next++ % 8];
	snprintf(out, sizeof(path[0]), "%s/%s", required_env("TEST_AMQP_TLS"), name);
	return out;
}

static struct bus_tls good(void)
{
	return (struct bus_tls){file("ca.pem"), file("client.pem"), file("client.key")};
}

static const char *url_of(const char *host)
{
	static char out[512];
	struct bus_urls urls;
	struct error err;
	assert_int_equal(bus_urls_parse(required_env("TEST_AMQP_URL"), &urls, &err), 0);
	snprintf(out, sizeof(out), "amqps://%s:%s@%s:%s/%%2f", urls.list[0].user, urls.list[0].password, host,
		required_env("TEST_AMQP_TLS_PORT"));
	bus_urls_release(&urls);
	return out;
}

static bool connects(const char *urls, struct bus_tls tls, int64_t patience_ms)
{
	struct bus_fixture fixture;
	bus_fixture_init(&fixture, urls);
	fixture.options.tls = tls;
	struct bus_publisher *publisher = bus_publisher_create(&fixture.options);
	int64_t until = in_ms(patience_ms);
	while (!bus_publisher_ready(publisher) && clock_left_ms(until))
		clock_sleep_ms(5);
	bool ready = bus_publisher_ready(publisher);
	bus_publisher_free(publisher, in_ms(1000));
	return ready;
}

static void messages_of_any_size_pass(void **state)
{
	(void)state;
	enum { LARGE = 3 * 1024 * 1024 + 7 };
	struct bus_fixture fixture;
	struct inbox inbox;
	struct error err;
	bus_fixture_init(&fixture, url_of("localhost"));
	fixture.options.tls = good();
	inbox_init(&inbox, false);
	const struct bus_subscription subscriptions[] = {{fixture.work, 10}, {NULL, 0}};
	struct bus_consumer *consumer = ready_consumer(&fixture, subscriptions, &inbox);
	struct bus_publisher *publisher = ready_publisher(&fixture);
	char *bytes = memory_alloc(LARGE);
	memset(bytes, 'x', LARGE);
	for (size_t length = 0; length <= LARGE; length = length ? 10 * length + 7 : 1) {
		struct bus_message message = text_message(&fixture, "work", "");
		message.body = bytes;
		message.length = length;
		size_t before = inbox_count(&inbox);
		assert_int_equal(bus_publisher_send(publisher, &message, in_ms(10000), &err), 0);
		assert_eventually(inbox_count(&inbox) == before + 1);
		struct bus_delivery *delivery = inbox_take(&inbox, before);
		assert_int_equal(delivery->length, length);
		assert_memory_equal(delivery->body, bytes, length);
		bus_delivery_settle(delivery, BUS_ACK);
	}
	free(bytes);
	bus_publisher_free(publisher, in_ms(1000));
	end_consumer(consumer, &inbox);
}

static void a_broker_of_another_authority_is_not_trusted(void **state)
{
	(void)state;
	struct bus_tls tls = good();
	tls.ca_file = file("stranger.pem");
	assert_false(connects(url_of("localhost"), tls, 1500));
	tls.ca_file = NULL; /* the system's */
	assert_false(connects(url_of("localhost"), tls, 1500));
}

static void a_certificate_for_another_name_is_not_trusted(void **state)
{
	(void)state;
	assert_false(connects(url_of("127.0.0.1"), good(), 1500));
}

static void a_broker_that_wants_a_certificate_gets_none_but_the_right_one(void **state)
{
	(void)state;
	assert_false(connects(url_of("localhost"), (struct bus_tls){.ca_file = file("ca.pem")}, 1500));
	assert_false(connects(url_of("localhost"),
		(struct bus_tls){file("ca.pem"), file("stranger.pem"), file("stranger.key")}, 1500));
	assert_true(connects(url_of("localhost"), good(), 10000));
}

static void files_that_are_not_there_are_no_crash(void **state)
{
	(void)state;
	struct bus_tls tls = good();
	tls.key_file = file("none.key");
	assert_false(connects(url_of("localhost"), tls, 500));
	tls.ca_file = file("none.pem");
	assert_false(connects(url_of("localhost"), tls, 500));
}

static void the_next_address_is_tried_whatever_is_wrong_with_the_first(void **state)
{
	(void)state;
	char urls[1400];
	char secure[512];
	snprintf(secure, sizeof(secure), "%s", url_of("localhost"));
	snprintf(urls, sizeof(urls), "amqp://127.0.0.1:1,amqps://127.0.0.1:%s,%s",
		required_env("TEST_AMQP_TLS_PORT"), secure);
	assert_true(connects(urls, good(), 10000));
	/* TLS to a port that speaks none, and none to one that does */
	snprintf(urls, sizeof(urls), "amqp://localhost:%s,amqps%s,%s", required_env("TEST_AMQP_TLS_PORT"),
		strchr(required_env("TEST_AMQP_URL"), ':'), secure);
	assert_true(connects(urls, good(), 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_any_size_pass),
		cmocka_unit_test(a_broker_of_another_authority_is_not_trusted),
		cmocka_unit_test(a_certificate_for_another_name_is_not_trusted),
		cmocka_unit_test(a_broker_that_wants_a_certificate_gets_none_but_the_right_one),
		cmocka_unit_test(files_that_are_not_there_are_no_crash),
		cmocka_unit_test(the_next_address_is_tried_whatever_is_wrong_with_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
