/* SPDX-License-Identifier: MIT */
#include "support/http_fixture.h"

enum { WINDOW_MS = 500, BYTES = 8 * 1024, LARGE = 64 << 20 };

static struct error write_error;
static _Atomic int64_t write_took_ms; /* set when write_error is */

static void serve_at_pace(struct http_exchange *exchange)
{
	http_exchange_set_pace(exchange, WINDOW_MS, BYTES);
	serve_count(exchange);
}

/* What the server itself does between two reads takes longer than a window. */
static void serve_slowly(struct http_exchange *exchange)
{
	char bytes[4];
	struct error err;
	http_exchange_set_pace(exchange, WINDOW_MS, BYTES);
	while (http_exchange_read(exchange, bytes, 2, &err) > 0)
		clock_sleep_ms(WINDOW_MS);
	http_exchange_reply(exchange, 200, NULL, "slow", 4);
}

static void serve_much(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) char *bytes = memory_alloc(1 << 20);
	int64_t started_ms = clock_monotonic_ms();
	http_exchange_set_pace(exchange, WINDOW_MS, BYTES);
	http_exchange_start(exchange, 200, NULL, LARGE);
	while (http_exchange_write(exchange, bytes, 1 << 20, &write_error) == 0)
		;
	write_took_ms = clock_monotonic_ms() - started_ms;
	http_exchange_finish(exchange, false);
}

static const struct fixture_route ROUTES[] = {
	{"/pace", serve_at_pace},
	{"/slowly", serve_slowly},
	{"/much", serve_much},
	{NULL, NULL},
};

/* Sends so many bytes every so often until the server has had enough, or it is done. */
static int64_t send_steadily(int fd, int pieces, size_t size, int64_t every_ms)
{
	static const char BLANK[4096];
	int64_t started_ms = clock_monotonic_ms();
	for (int i = 0; i < pieces; i++) {
		char answer;
		clock_sleep_ms(every_ms);
		if (recv(fd, &answer, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || !wire_send_bytes(fd, BLANK, size))
			break;
	}
	return clock_monotonic_ms() - started_ms;
}

static void a_body_that_drips_is_408_when_the_window_ends(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /pace HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
	assert_in_range(send_steadily(fd, 100, 1, 50), WINDOW_MS - 100, 4 * WINDOW_MS);
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 408);
}

/* Four windows long. */
static void a_body_at_the_pace_may_take_as_long_as_it_likes(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /pace HTTP/1.1\r\nHost: h\r\nContent-Length: 163840\r\n\r\n");
	assert_in_range(send_steadily(fd, 40, 4096, 50), 4 * WINDOW_MS, 20 * WINDOW_MS);
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 200);
}

static void only_waiting_for_the_client_counts(void **state)
{
	(void)state;
	expect_reply("PUT /slowly HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd", 200, "slow", true);
}

static void a_client_that_takes_too_little_is_cut(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	char bytes[64];
	write_took_ms = 0;
	wire_send(fd, "GET /much HTTP/1.1\r\nHost: h\r\n\r\n");
	for (int i = 0; i < 200 && !write_took_ms; i++) {
		clock_sleep_ms(50);
		(void)!recv(fd, bytes, sizeof(bytes), 0);
	}
	assert_int_equal(write_error.code, ERROR_CANCELLED);
	assert_in_range(write_took_ms, WINDOW_MS - 100, 6 * WINDOW_MS);
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_drips_is_408_when_the_window_ends),
		cmocka_unit_test(a_body_at_the_pace_may_take_as_long_as_it_likes),
		cmocka_unit_test(only_waiting_for_the_client_counts),
		cmocka_unit_test(a_client_that_takes_too_little_is_cut),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
