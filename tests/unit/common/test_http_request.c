/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "support/http_fixture.h"

/* Bodies: read, cut short, stalled, and not wanted. */

static void serve_refusal(struct http_exchange *exchange)
{
	http_exchange_reply(exchange, 401, NULL, "{}", 2);
}

static const struct fixture_route ROUTES[] = {
	{"/count", serve_count},
	{"/refuse", serve_refusal},
	{"/chunks", serve_chunks},
	{NULL, NULL},
};

static void body_of_known_length_is_read(void **state)
{
	(void)state;
	expect_reply(
		"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 5 \r\n\r\nhello", 200, "5 of 5", true);
}

static void body_in_chunks_is_read(void **state)
{
	(void)state;
	expect_reply("PUT /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
		     "chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
		200, "15 of -1", true);
}

static void request_behind_a_body_is_served(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply first, second, third;
	wire_send(fd,
		"PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
		"PUT /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
		"\r\nGET /chunks HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(fd, false, &first);
	wire_read_reply(fd, false, &second);
	wire_read_reply(fd, false, &third);
	assert_string_equal(first.body.data, "5 of 5");
	assert_string_equal(second.body.data, "3 of -1");
	assert_string_equal(third.body.data, "0,1,2,3,");
}

static void body_that_ends_early_is_an_error(void **state)
{
	(void)state;
	static const char *const BODIES[] = {"Content-Length: 9\r\n\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0"};
	for (size_t i = 0; i < 4; i++) {
		CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
		CLEANUP(wire_reply_release) struct wire_reply reply;
		wire_send(fd, "PUT /count HTTP/1.1\r\nHost: h\r\n");
		wire_send(fd, BODIES[i]);
		shutdown(fd, SHUT_WR);
		wire_read_reply(fd, false, &reply);
		assert_int_equal(reply.status, 400);
		assert_string_equal(wire_header(&reply, "Connection"), "close");
	}
}

static void malformed_chunks_are_an_error(void **state)
{
	(void)state;
	static const char *const BODIES[] = {"5\r\nhelloXX", "z\r\n", "-1\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
		"5;a=b\r\nhello\r\n", "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n",
		"\r\n\r\n"};
	for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++) {
		CLEANUP(buf_release) struct buf request = {0};
		buf_printf(&request, "PUT /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%s",
			BODIES[i]);
		CLEANUP(wire_reply_release) struct wire_reply reply = ask(request.data, NULL);
		if (reply.status != 400)
			fail_msg("%d for %s", reply.status, BODIES[i]);
	}
}

static void body_that_stalls_is_a_timeout(void **state)
{
	(void)state;
	static const char *const BODIES[] = {"Content-Length: 9\r\n\r\nhello", "Content-Length: 9\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"};
	for (size_t i = 0; i < 4; i++) {
		CLEANUP(buf_release) struct buf request = {0};
		buf_printf(&request, "PUT /count HTTP/1.1\r\nHost: h\r\n%s", BODIES[i]);
		int64_t started_ms = clock_monotonic_ms();
		CLEANUP(wire_reply_release) struct wire_reply reply = ask(request.data, NULL);
		int64_t took_ms = clock_monotonic_ms() - started_ms;
		assert_int_equal(reply.status, 408);
		assert_string_equal(wire_header(&reply, "Connection"), "close");
		assert_in_range(took_ms, BODY_TIMEOUT_MS - 50, 3 * BODY_TIMEOUT_MS);
	}
}

static void slow_body_is_read_as_long_as_bytes_move(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n");
	for (int i = 0; i < 8; i++) {
		clock_sleep_ms(BODY_TIMEOUT_MS / 3); /* 1.9 s in all */
		wire_send(fd, "x");
	}
	wire_read_reply(fd, false, &reply);
	assert_string_equal(reply.body.data, "8 of 8");
}

static void continue_is_sent_when_the_body_is_read(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply interim, reply;
	wire_send(fd, "PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
	wire_read_reply(fd, false, &interim);
	assert_int_equal(interim.status, 100);
	wire_send(fd, "hello");
	wire_read_reply(fd, false, &reply);
	assert_string_equal(reply.body.data, "5 of 5");
	assert_string_equal(wire_header(&reply, "Connection"), "keep-alive");
}

static void continue_is_not_sent_before_an_error(void **state)
{
	(void)state;
	int64_t started_ms = clock_monotonic_ms();
	expect_reply("PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
		401, "{}", false);
	assert_true(clock_monotonic_ms() - started_ms < BODY_TIMEOUT_MS);
}

static void small_unread_body_is_drained(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(cleanup_free) char *body = memory_alloc(65536);
	for (int i = 0; i < 2; i++) {
		CLEANUP(wire_reply_release) struct wire_reply reply;
		wire_send(fd, "PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n");
		wire_send_bytes(fd, body, 65536);
		wire_read_reply(fd, false, &reply);
		assert_int_equal(reply.status, 401);
		assert_string_equal(wire_header(&reply, "Connection"), "keep-alive");
	}
}

static void reply_survives_a_large_unread_body(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(cleanup_free) char *body = memory_alloc(8 << 20);
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "PUT /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n");
	assert_true(wire_send_bytes(
		fd, body, 8 << 20)); /* as clients that look at the reply only afterwards do */
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 401);
	assert_string_equal(wire_header(&reply, "Connection"), "close");
	assert_true(wire_at_end(fd));
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_of_known_length_is_read),
		cmocka_unit_test(body_in_chunks_is_read),
		cmocka_unit_test(request_behind_a_body_is_served),
		cmocka_unit_test(body_that_ends_early_is_an_error),
		cmocka_unit_test(malformed_chunks_are_an_error),
		cmocka_unit_test(body_that_stalls_is_a_timeout),
		cmocka_unit_test(slow_body_is_read_as_long_as_bytes_move),
		cmocka_unit_test(continue_is_sent_when_the_body_is_read),
		cmocka_unit_test(continue_is_not_sent_before_an_error),
		cmocka_unit_test(small_unread_body_is_drained),
		cmocka_unit_test(reply_survives_a_large_unread_body),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
