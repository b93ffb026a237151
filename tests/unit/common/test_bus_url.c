/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus.h"
#include "common/bus_url.h"

#include <string.h>

static void every_part_is_read_and_decoded(void **state)
{
	(void)state;
	struct bus_urls urls;
	struct error err;
	assert_int_equal(
		bus_urls_parse("amqp://al%40ice:p%2Cw%3A@broker.lab:5673/my%2Fhost", &urls, &err), 0);
	assert_int_equal(urls.count, 1);
	assert_string_equal(urls.list[0].user, "al@ice");
	assert_string_equal(urls.list[0].password, "p,w:");
	assert_string_equal(urls.list[0].host, "broker.lab");
	assert_int_equal(urls.list[0].port, 5673);
	assert_string_equal(urls.list[0].vhost, "my/host");
	bus_urls_release(&urls);
}

static void what_is_left_out_has_defaults(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"amqp://broker", "amqp://broker/", "amqp://broker:5672/%2f"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		struct bus_urls urls;
		struct error err;
		assert_int_equal(bus_urls_parse(TEXTS[i], &urls, &err), 0);
		assert_string_equal(urls.list[0].user, "guest");
		assert_string_equal(urls.list[0].password, "guest");
		assert_int_equal(urls.list[0].port, 5672);
		assert_string_equal(urls.list[0].vhost, "/");
		bus_urls_release(&urls);
	}
}

static void several_are_separated_by_commas_and_blanks(void **state)
{
	(void)state;
	struct bus_urls urls;
	struct error err;
	assert_int_equal(bus_urls_parse("amqp://a:1@one/, amqp://b:2@[::1]:7 ,amqp://three", &urls, &err), 0);
	assert_int_equal(urls.count, 3);
	assert_string_equal(urls.list[0].host, "one");
	assert_string_equal(urls.list[1].host, "::1");
	assert_int_equal(urls.list[1].port, 7);
	assert_string_equal(urls.list[2].host, "three");
	bus_urls_release(&urls);
}

static void amqps_means_tls_and_its_port(void **state)
{
	(void)state;
	struct bus_urls urls;
	struct error err;
	assert_int_equal(bus_urls_parse("amqps://u:p@host/v,amqp://host,amqps://host:99", &urls, &err), 0);
	static const struct {
		bool tls;
		int port;
	} EXPECTED[] = {{true, 5671}, {false, 5672}, {true, 99}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(urls.list[i].tls, EXPECTED[i].tls);
		assert_int_equal(urls.list[i].port, EXPECTED[i].port);
	}
	bus_urls_release(&urls);
}

static void bad_address_is_named_by_its_position_and_not_quoted(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"amqp://ok,http://u:secret@host",
		"amqp://ok,amqpx://u:secret@host", "amqp://ok,", "amqp://ok,amqp://u:secret@host:99999",
		"amqp://ok,amqp://u:secret@host/v?heartbeat=1", "amqp://ok,amqp://u:secret@host:0"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		struct error err;
		assert_int_equal(bus_urls_check(TEXTS[i], &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.message, "number 2"));
		assert_null(strstr(err.message, "secret"));
	}
}

static void good_addresses_pass_the_check(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(bus_urls_check("amqp://a,amqp://b", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_is_read_and_decoded),
		cmocka_unit_test(what_is_left_out_has_defaults),
		cmocka_unit_test(several_are_separated_by_commas_and_blanks),
		cmocka_unit_test(amqps_means_tls_and_its_port),
		cmocka_unit_test(bad_address_is_named_by_its_position_and_not_quoted),
		cmocka_unit_test(good_addresses_pass_the_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
