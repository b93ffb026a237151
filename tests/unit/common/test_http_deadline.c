/* SPDX-License-Identifier: MIT */
#include "support/http_fixture.h"

enum { DEADLINE_MS = 500, DRIP_MS = 50, LARGE = 64 << 20 };

static struct error write_error;
static _Atomic int64_t write_took_ms; /* set when write_error is */

static void serve_by_deadline(struct http_exchange *exchange)
{
	http_exchange_set_deadline(exchange, clock_monotonic_ms() + DEADLINE_MS);
	serve_count(exchange);
}

/* The deadline is lifted as soon as the body is here. */
static void serve_lifted(struct http_exchange *exchange)
{
	char bytes[4];
	struct error err;
	http_exchange_set_deadline(exchange, clock_monotonic_ms() + DEADLINE_MS);
	while (http_exchange_read(exchange, bytes, sizeof(bytes), &err) > 0)
		;
	http_exchange_set_deadline(exchange, 0);
	clock_sleep_ms(DEADLINE_MS + 100);
	http_exchange_reply(exchange, 200, NULL, "late", 4);
}

static void serve_much(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) char *bytes = memory_alloc(1 << 20);
	int64_t started_ms = clock_monotonic_ms();
	http_exchange_start(exchange, 200, NULL, LARGE);
	http_exchange_set_deadline(exchange, clock_monotonic_ms() + DEADLINE_MS);
	while (http_exchange_write(exchange, bytes, 1 << 20, &write_error) == 0)
		;
	write_took_ms = clock_monotonic_ms() - started_ms;
	http_exchange_finish(exchange, false);
}

static void serve_refusal(struct http_exchange *exchange)
{
	http_exchange_reply(exchange, 401, NULL, "no", 2);
}

static const struct fixture_route ROUTES[] = {
	{"/deadline", serve_by_deadline},
	{"/lifted", serve_lifted},
	{"/much", serve_much},
	{"/refusal", serve_refusal},
	{NULL, NULL},
};

/* Sends a byte now and then until the server has had enough. */
static int64_t drip(int fd, int bytes)
{
	int64_t started_ms = clock_monotonic_ms();
	for (int i = 0; i < bytes; i++) {
		char answer;
		clock_sleep_ms(DRIP_MS);
		if (recv(fd, &answer, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || !wire_send_bytes(fd, "x", 1))
			break;
	}
	return clock_monotonic_ms() - started_ms;
}

static void body_that_drips_is_408_at_the_deadline(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /deadline HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
	assert_in_range(drip(fd, 100), DEADLINE_MS - 100, 3 * DEADLINE_MS);
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 408);
	assert_string_equal(wire_header(&reply, "Connection"), "close");
}

static void chunks_that_drip_are_408_too(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /deadline HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
	assert_in_range(drip(fd, 100), DEADLINE_MS - 100, 3 * DEADLINE_MS);
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 408);
}

static void body_in_time_is_served(void **state)
{
	(void)state;
	expect_reply(
		"PUT /deadline HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 200, "3 of 3", true);
}

static void deadline_that_is_lifted_does_nothing(void **state)
{
	(void)state;
	expect_reply("PUT /lifted HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 200, "late", true);
}

static void answer_that_is_taken_in_drips_is_cut_at_the_deadline(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	char byte[1024];
	write_took_ms = 0;
	wire_send(fd, "GET /much HTTP/1.1\r\nHost: h\r\n\r\n");
	for (int i = 0; i < 60 && !write_took_ms; i++) {
		if (recv(fd, byte, sizeof(byte), 0) <= 0)
			break;
		clock_sleep_ms(DRIP_MS);
	}
	for (int i = 0; i < 100 && !write_took_ms; i++)
		clock_sleep_ms(DRIP_MS);
	assert_in_range(write_took_ms, DEADLINE_MS - 100, 4 * DEADLINE_MS);
	assert_int_equal(write_error.code, ERROR_CANCELLED);
}

static void rest_of_a_refused_body_is_not_waited_for(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	wire_send(fd, "PUT /refusal HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
	int64_t started_ms = clock_monotonic_ms();
	while (wire_send_bytes(fd, "x", 1) && clock_monotonic_ms() - started_ms < 6000)
		clock_sleep_ms(DRIP_MS);
	assert_in_range(clock_monotonic_ms() - started_ms, 1000, 4000);
}

static void more_headers_than_allowed_are_431(void **state)
{
	(void)state;
	const struct http_server_options options = {.listen = "127.0.0.1:0",
		.threads = 2,
		.idle_timeout_ms = 5000,
		.body_timeout_ms = BODY_TIMEOUT_MS,
		.max_head_size = 16384,
		.max_headers = 3,
		.handle = handle};
	struct http_server *strict, *usual = server;
	struct error err;
	assert_int_equal(http_server_create(&options, &strict, &err), 0);
	server = strict;
	CLEANUP(wire_reply_release)
	struct wire_reply reply = ask("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n", NULL);
	assert_int_equal(reply.status, 200);
	expect_refusal("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431, "too_large");
	server = usual;
	http_server_free(strict);
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_that_drips_is_408_at_the_deadline),
		cmocka_unit_test(chunks_that_drip_are_408_too),
		cmocka_unit_test(body_in_time_is_served),
		cmocka_unit_test(deadline_that_is_lifted_does_nothing),
		cmocka_unit_test(answer_that_is_taken_in_drips_is_cut_at_the_deadline),
		cmocka_unit_test(rest_of_a_refused_body_is_not_waited_for),
		cmocka_unit_test(more_headers_than_allowed_are_431),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
