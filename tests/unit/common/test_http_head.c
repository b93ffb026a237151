/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "support/http_fixture.h"

/* What civetweb's parser lets through and we do not, and what becomes of the target. */

static const struct fixture_route ROUTES[] = {
	{"/hello", serve_hello},
	{"/count", serve_count},
	{NULL, NULL},
};

static void path_and_query_stay_raw(void **state)
{
	(void)state;
	expect_reply("GET /a%2Fb//c/../d./%00?x=%20&y=/? HTTP/1.1\r\nHost: h\r\n\r\n", 200,
		"GET|/a%2Fb//c/../d./%00|x=%20&y=/?|127.0.0.1", true);
}

static void preflight_reaches_the_handler(void **state)
{
	(void)state;
	expect_reply("OPTIONS /x HTTP/1.1\r\nHost: h\r\nOrigin: http://a\r\nAccess-Control-Request-Method: "
		     "PUT\r\n\r\n",
		200, "OPTIONS|/x||127.0.0.1", true);
}

static void absolute_target_is_served_by_its_path(void **state)
{
	(void)state;
	char request[128];
	snprintf(request, sizeof(request), "GET http://localhost:%d/p?q HTTP/1.1\r\nHost: h\r\n\r\n",
		http_server_port(server));
	expect_reply(request, 200, "GET|/p|q|127.0.0.1", true);
	snprintf(request, sizeof(request), "GET http://h?:%d/x HTTP/1.1\r\nHost: h\r\n\r\n",
		http_server_port(server));
	expect_refusal(request, 400, "bad_request");
}

static void target_of_another_server_is_not_served(void **state)
{
	(void)state;
	static const char *const REQUESTS[] = {"GET http://elsewhere:1/p HTTP/1.1\r\nHost: h\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"};
	for (size_t i = 0; i < 2; i++) {
		int before = handled;
		bool closed;
		CLEANUP(wire_reply_release) struct wire_reply reply = ask(REQUESTS[i], &closed);
		assert_int_equal(reply.status, 0); /* civetweb closes by itself */
		assert_true(closed);
		assert_int_equal(handled, before);
	}
}

static void smuggled_lengths_are_refused(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {"Content-Length: 5\r\nTransfer-Encoding: chunked",
		"Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6",
		"Content-Length: 5x", "Content-Length: +5", "Content-Length: -5", "Content-Length: 5, 5",
		"Content-Length: 0x5", "Content-Length:", "Content-Length: 9223372036854775808",
		"Content-Length: 99999999999999999999999", "Content-Length : 5", "Host : h", "Host\t: h",
		"A: b\r\n folded: c", "A: b\r\n\tfolded", "A: b\nContent-Length: 5", "No colon here",
		": no name", "A(b): c", "Host: twice",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "A: b\rContent-Length: 5",
		"A: \x01"};
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		CLEANUP(buf_release) struct buf request = {0};
		buf_printf(&request, "POST /count HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			HEADERS[i]);
		expect_refusal(request.data, 400, "bad_request");
	}
}

static void malformed_request_lines_are_refused(void **state)
{
	(void)state;
	static const char *const REQUESTS[] = {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: h\r\n\r\n", "GET /\r\nHost: h\r\n\r\n",
		"GET p HTTP/1.1\r\nHost: h\r\n\r\n", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n: x\r\nHost: h\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"   \r\n\r\nPUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
		"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", "GET /? q HTTP/1.1\r\nHost: h\r\n\r\n",
		"\x16\x03\x01 hello\r\n\r\n",
		"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++)
		expect_refusal(REQUESTS[i], 400, "bad_request");
}

/* civetweb would go on parsing behind the empty request, in what the thread's last client left in the
 * buffer. */
static void leftovers_of_other_requests_are_not_parsed(void **state)
{
	(void)state;
	int before = handled;
	for (int i = 0; i < 2 * THREADS; i++) {
		CLEANUP(wire_reply_release)
		struct wire_reply planted = ask("PUT /count HTTP/1.1\r\nHost: h\r\nContent-Length: 44\r\n\r\n"
						"       GET /planted HTTP/1.1\r\nHost: h\r\n\r\n    ",
			NULL);
		assert_int_equal(planted.status, 200);
		CLEANUP(buf_release) struct buf blank = {0};
		while (blank.length < 52)
			buf_append_text(&blank, " ");
		buf_append_text(&blank, "\r\n\r\n");
		CLEANUP(wire_reply_release) struct wire_reply reply = ask(blank.data, NULL);
		assert_int_not_equal(reply.status, 200);
	}
	assert_int_equal(handled, before + 2 * THREADS);
}

static void unknown_encodings_are_not_implemented(void **state)
{
	(void)state;
	static const char *const VALUES[] = {
		"gzip, chunked", "gzip", "identity", "xchunked", "chunked, chunked"};
	for (size_t i = 0; i < 5; i++) {
		char request[160];
		snprintf(request, sizeof(request),
			"POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: %s\r\n\r\n0\r\n\r\n",
			VALUES[i]);
		expect_refusal(request, 501, "unsupported");
	}
}

static void other_versions_are_refused(void **state)
{
	(void)state;
	expect_refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "unsupported");
}

static void append_headers(struct buf *request, int count)
{
	buf_append_text(request, "GET /hello HTTP/1.1\r\nHost: h\r\n");
	for (int i = 1; i < count; i++)
		buf_printf(request, "X-%d: y\r\n", i);
	buf_append_text(request, "\r\n");
}

static void more_headers_than_64_are_refused(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf enough = {0}, many = {0};
	append_headers(&enough, 64);
	append_headers(&many, 65);
	CLEANUP(wire_reply_release) struct wire_reply reply = ask(enough.data, NULL);
	assert_int_equal(reply.status, 200);
	expect_refusal(many.data, 431, "too_large");
}

static void heads_that_are_too_large_are_refused(void **state)
{
	(void)state;
	static const size_t SIZES[] = {16384, 17000, 60000};
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(buf_release) struct buf header = {0}, line = {0};
		buf_append_text(&header, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
		buf_append_text(&line, "GET /");
		while (header.length < SIZES[i])
			buf_append_text(&header, "0123456789");
		while (line.length < SIZES[i])
			buf_append_text(&line, "0123456789");
		buf_append_text(&header, "\r\n\r\n");
		buf_append_text(&line, " HTTP/1.1\r\nHost: h\r\n\r\n");
		CLEANUP(wire_reply_release) struct wire_reply by_header = ask(header.data, NULL);
		CLEANUP(wire_reply_release) struct wire_reply by_line = ask(line.data, NULL);
		assert_int_equal(by_header.status, 431);
		assert_int_equal(by_line.status, 431);
	}
}

static void head_that_stalls_ends_the_connection(void **state)
{
	(void)state;
	static const char *const HEADS[] = {"", "GET / HTTP/1.1\r\nHost:"};
	static const int STATUS[] = {0, 400};
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
		CLEANUP(wire_reply_release) struct wire_reply reply;
		int64_t started_ms = clock_monotonic_ms();
		wire_send(fd, HEADS[i]);
		wire_read_reply(fd, false, &reply);
		assert_int_equal(reply.status, STATUS[i]);
		assert_true(wire_at_end(fd));
		assert_in_range(clock_monotonic_ms() - started_ms, BODY_TIMEOUT_MS - 50, 3 * BODY_TIMEOUT_MS);
	}
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_and_query_stay_raw),
		cmocka_unit_test(preflight_reaches_the_handler),
		cmocka_unit_test(absolute_target_is_served_by_its_path),
		cmocka_unit_test(target_of_another_server_is_not_served),
		cmocka_unit_test(smuggled_lengths_are_refused),
		cmocka_unit_test(malformed_request_lines_are_refused),
		cmocka_unit_test(leftovers_of_other_requests_are_not_parsed),
		cmocka_unit_test(unknown_encodings_are_not_implemented),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(more_headers_than_64_are_refused),
		cmocka_unit_test(heads_that_are_too_large_are_refused),
		cmocka_unit_test(head_that_stalls_ends_the_connection),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
