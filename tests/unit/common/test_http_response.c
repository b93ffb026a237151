/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "support/http_fixture.h"

/* How responses end, whole or not, as the client sees them. */

static atomic_int last_write_error;

static void serve_cut_chunks(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, -1);
	write_numbers(exchange, 4);
	http_exchange_finish(exchange, false);
}

static void serve_cut_length(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, 100);
	write_numbers(exchange, 4);
	http_exchange_finish(exchange, false);
}

static void serve_short(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, 100);
	write_numbers(exchange, 4);
	http_exchange_finish(exchange, true);
}

static void serve_unfinished(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, -1);
	write_numbers(exchange, 4);
}

static void serve_too_long(struct http_exchange *exchange)
{
	struct error err;
	http_exchange_start(exchange, 200, NULL, 5);
	last_write_error = http_exchange_write(exchange, "123456", 6, &err) ? (int)err.code : 0;
	http_exchange_finish(exchange, true);
}

static void serve_flood(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(1 << 20);
	struct error err = {0};
	http_exchange_start(exchange, 200, NULL, (int64_t)1 << 40);
	while (http_exchange_write(exchange, piece, 1 << 20, &err) == 0)
		;
	last_write_error = (int)err.code;
	http_exchange_finish(exchange, false);
}

static void serve_empty(struct http_exchange *exchange)
{
	http_exchange_reply(exchange, 204, NULL, NULL, 0);
}

static void serve_unmodified(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 304, NULL, -1);
	http_exchange_finish(exchange, true);
}

static void serve_injection(struct http_exchange *exchange)
{
	const struct http_header headers[] = {{"X-Name", "a\r\nSet-Cookie: b"}, {"Connection", "mine"},
		{"Content-Length", "7"}, {NULL, NULL}};
	http_exchange_reply(exchange, 200, headers, "ok", 2);
}

static const struct fixture_route ROUTES[] = {
	{"/hello", serve_hello},
	{"/chunks", serve_chunks},
	{"/cut-chunks", serve_cut_chunks},
	{"/cut-length", serve_cut_length},
	{"/short", serve_short},
	{"/unfinished", serve_unfinished},
	{"/too-long", serve_too_long},
	{"/flood", serve_flood},
	{"/empty", serve_empty},
	{"/unmodified", serve_unmodified},
	{"/injection", serve_injection},
	{NULL, NULL},
};

static void reply_is_one_segment_with_head_and_body(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	char bytes[2048];
	wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	ssize_t count = recv(fd, bytes, sizeof(bytes) - 1, 0);
	bytes[count > 0 ? count : 0] = '\0';
	assert_non_null(strstr(bytes, "HTTP/1.1 200 OK\r\nDate: "));
	assert_non_null(strstr(bytes, "\r\nContent-Length: 51\r\n"));
	assert_non_null(strstr(bytes, "fifty-one bytes...\"}"));
}

static void head_has_the_length_but_no_body(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(wire_reply_release) struct wire_reply reply, next;
	wire_send(fd, "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(fd, true, &reply);
	assert_string_equal(wire_header(&reply, "Content-Length"), "51");
	wire_send(
		fd, "GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n"); /* a body left behind would spoil this one */
	wire_read_reply(fd, false, &next);
	assert_int_equal(next.status, 200);
	assert_string_equal(next.body.data, "0,1,2,3,");
}

static void head_of_a_stream_keeps_the_connection(void **state)
{
	(void)state;
	expect_reply("HEAD /chunks HTTP/1.1\r\nHost: h\r\n\r\n", 200, "", true);
	expect_reply("HEAD /cut-length HTTP/1.1\r\nHost: h\r\n\r\n", 200, "", true);
}

static void no_content_has_no_length_and_no_chunks(void **state)
{
	(void)state;
	bool closed;
	CLEANUP(wire_reply_release)
	struct wire_reply empty = ask("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n", &closed);
	assert_int_equal(empty.status, 204);
	assert_null(wire_header(&empty, "Content-Length"));
	assert_false(closed);
	CLEANUP(wire_reply_release)
	struct wire_reply same = ask("GET /unmodified HTTP/1.1\r\nHost: h\r\n\r\n", &closed);
	assert_int_equal(same.status, 304);
	assert_null(wire_header(&same, "Transfer-Encoding"));
	assert_false(closed);
}

static void header_values_cannot_add_headers(void **state)
{
	(void)state;
	CLEANUP(wire_reply_release)
	struct wire_reply reply = ask("GET /injection HTTP/1.1\r\nHost: h\r\n\r\n", NULL);
	assert_null(wire_header(&reply, "Set-Cookie"));
	assert_string_equal(wire_header(&reply, "X-Name"), "a  Set-Cookie: b");
	assert_string_equal(wire_header(&reply, "Content-Length"), "2");
	assert_string_equal(wire_header(&reply, "Connection"), "keep-alive");
}

static void cut_response_is_seen_by_the_client(void **state)
{
	(void)state;
	static const char *const PATH[] = {"cut-chunks", "cut-length", "short", "unfinished"};
	for (size_t i = 0; i < 4; i++) {
		char request[64];
		bool closed;
		snprintf(request, sizeof(request), "GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", PATH[i]);
		CLEANUP(wire_reply_release) struct wire_reply reply = ask(request, &closed);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.body.data, "0,1,2,3,");
		assert_false(reply.whole);
		assert_true(closed);
	}
}

static void body_beyond_its_declared_length_is_not_sent(void **state)
{
	(void)state;
	CLEANUP(wire_reply_release)
	struct wire_reply reply = ask("GET /too-long HTTP/1.1\r\nHost: h\r\n\r\n", NULL);
	assert_false(reply.whole);
	assert_int_equal(last_write_error, ERROR_INTERNAL);
}

static void old_client_gets_a_body_of_unknown_length_until_the_close(void **state)
{
	(void)state;
	expect_reply("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "0,1,2,3,", false);
}

static void reader_that_stops_cancels_the_write(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	last_write_error = 0;
	wire_send(fd, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
	int64_t until_ms = clock_monotonic_ms() + 6000;
	while (!last_write_error && clock_left_ms(until_ms))
		clock_sleep_ms(20);
	assert_int_equal(last_write_error, ERROR_CANCELLED);
}

static void client_that_leaves_cancels_the_write(void **state)
{
	(void)state;
	int fd = wire_connect(http_server_port(server));
	char bytes[4096];
	last_write_error = 0;
	wire_send(fd, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(recv(fd, bytes, sizeof(bytes), 0) > 0);
	close(fd);
	int64_t until_ms = clock_monotonic_ms() + BODY_TIMEOUT_MS;
	while (!last_write_error && clock_left_ms(until_ms))
		clock_sleep_ms(5);
	assert_int_equal(last_write_error, ERROR_CANCELLED);
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_is_one_segment_with_head_and_body),
		cmocka_unit_test(head_has_the_length_but_no_body),
		cmocka_unit_test(head_of_a_stream_keeps_the_connection),
		cmocka_unit_test(no_content_has_no_length_and_no_chunks),
		cmocka_unit_test(header_values_cannot_add_headers),
		cmocka_unit_test(cut_response_is_seen_by_the_client),
		cmocka_unit_test(body_beyond_its_declared_length_is_not_sent),
		cmocka_unit_test(old_client_gets_a_body_of_unknown_length_until_the_close),
		cmocka_unit_test(reader_that_stops_cancels_the_write),
		cmocka_unit_test(client_that_leaves_cancels_the_write),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
