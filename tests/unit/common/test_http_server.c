/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "support/http_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

/* One server for the whole program, whose handler does what the path says. Its body timeout is short, so that stalls show quickly. */

enum { BODY_TIMEOUT_MS = 700, THREADS = 16 };

static struct http_server *server;
static atomic_int handled;
static atomic_int last_write_error;

static const struct http_header JSON[] = {{"Content-Type", "application/json"}, {NULL, NULL}};

static void reply_error(struct http_exchange *exchange, const struct error *err)
{
	http_exchange_reply(exchange, error_http_status(err->code), NULL, err->message, strlen(err->message));
}

static void serve_hello(struct http_exchange *exchange)
{
	static const char BODY[] = "{\"msg\": \"Hello, world! This is fifty-one bytes...\"}";
	http_exchange_reply(exchange, 200, JSON, BODY, sizeof(BODY) - 1);
}

/* Replies with how many bytes came. */
static void serve_count(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(65536);
	struct error err;
	int64_t total = 0;
	ssize_t count;
	while ((count = http_exchange_read(exchange, piece, 65536, &err)) > 0)
		total += count;
	if (count < 0) {
		reply_error(exchange, &err);
		return;
	}
	char text[64];
	int length = snprintf(text, sizeof(text), "%lld of %lld", (long long)total,
		(long long)http_exchange_content_length(exchange));
	http_exchange_reply(exchange, 200, NULL, text, (size_t)length);
}

static void serve_target(struct http_exchange *exchange)
{
	CLEANUP(buf_release) struct buf text = {0};
	buf_printf(&text, "%s|%s|%s|%s", http_exchange_method(exchange), http_exchange_path(exchange),
		http_exchange_query(exchange), http_exchange_peer(exchange));
	http_exchange_reply(exchange, 200, NULL, text.data, text.length);
}

static void serve_refusal(struct http_exchange *exchange)
{
	http_exchange_reply(exchange, 401, JSON, "{}", 2);
}

static void write_numbers(struct http_exchange *exchange, int count)
{
	struct error err;
	for (int i = 0; i < count; i++) {
		char text[16];
		int length = snprintf(text, sizeof(text), "%d,", i);
		assert_int_equal(http_exchange_write(exchange, text, (size_t)length, &err), 0);
	}
}

static void serve_chunks(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, -1);
	write_numbers(exchange, 4);
	http_exchange_finish(exchange, true);
}

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

static void serve_slowly(struct http_exchange *exchange)
{
	clock_sleep_ms(300);
	http_exchange_reply(exchange, 200, NULL, "slept", 5);
}

static void serve_nothing(struct http_exchange *exchange)
{
	(void)exchange;
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

static const struct {
	const char *path;
	void (*serve)(struct http_exchange *exchange);
} PATHS[] = {
	{"/hello", serve_hello},
	{"/count", serve_count},
	{"/refuse", serve_refusal},
	{"/chunks", serve_chunks},
	{"/cut-chunks", serve_cut_chunks},
	{"/cut-length", serve_cut_length},
	{"/short", serve_short},
	{"/unfinished", serve_unfinished},
	{"/too-long", serve_too_long},
	{"/flood", serve_flood},
	{"/slow", serve_slowly},
	{"/nothing", serve_nothing},
	{"/empty", serve_empty},
	{"/unmodified", serve_unmodified},
	{"/injection", serve_injection},
};

static void handle(struct http_exchange *exchange, void *context)
{
	(void)context;
	handled++;
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++)
		if (strcmp(PATHS[i].path, http_exchange_path(exchange)) == 0) {
			PATHS[i].serve(exchange);
			return;
		}
	serve_target(exchange);
}

static struct http_server *create_server(int threads)
{
	const struct http_server_options options = {.listen = "127.0.0.1:0",
		.threads = threads,
		.idle_timeout_ms = 5000,
		.body_timeout_ms = BODY_TIMEOUT_MS,
		.max_head_size = 16384,
		.handle = handle};
	struct http_server *created = NULL;
	struct error err = {0};
	if (http_server_create(&options, &created, &err) == -1)
		fail_msg("%s: %s", err.message, err.cause);
	return created;
}

static int start_server(void **state)
{
	(void)state;
	server = create_server(THREADS);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	http_server_free(server);
	return 0;
}

/* Sends the request on a connection of its own and reads the reply; *closed says whether the server then closed. */
static struct wire_reply ask(const char *request, bool *closed)
{
	struct wire_reply reply = {0};
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	assert_true(fd >= 0);
	assert_true(wire_send(fd, request));
	wire_read_reply(fd, strncmp(request, "HEAD", 4) == 0, &reply);
	if (closed) {
		struct timeval brief = {.tv_usec = 300000};
		char byte;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof(brief));
		*closed = recv(fd, &byte, 1, 0) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
	}
	return reply;
}

static void expect_reply(const char *request, int status, const char *body, bool stays_open)
{
	bool closed;
	CLEANUP(wire_reply_release) struct wire_reply reply = ask(request, &closed);
	assert_int_equal(reply.status, status);
	assert_true(reply.whole);
	assert_string_equal(reply.body.data ? reply.body.data : "", body);
	assert_string_equal(wire_header(&reply, "Connection"), stays_open ? "keep-alive" : "close");
	assert_int_equal(closed, !stays_open);
}

/* The request must be refused as JSON, the handler not called and the connection closed. */
static void expect_refusal(const char *request, int status, const char *code)
{
	int before = handled;
	bool closed;
	CLEANUP(wire_reply_release) struct wire_reply reply = ask(request, &closed);
	if (reply.status != status)
		fail_msg("%d instead of %d for: %.200s", reply.status, status, request);
	assert_string_equal(wire_header(&reply, "Content-Type"), "application/json");
	assert_string_equal(wire_header(&reply, "Connection"), "close");
	CLEANUP(buf_release) struct buf expected = {0};
	buf_printf(&expected, "\"code\": \"%s\"}", code);
	assert_non_null(strstr(reply.body.data, expected.data));
	assert_int_equal(strncmp(reply.body.data, "{\"detail\": \"", 12), 0);
	assert_true(closed);
	assert_int_equal(handled, before);
}

/* --- replies */

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

static void connection_is_kept_and_reused(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	for (int i = 0; i < 3; i++) {
		CLEANUP(wire_reply_release) struct wire_reply reply;
		wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &reply);
		assert_int_equal(reply.status, 200);
		assert_int_equal(reply.body.length, 51);
	}
}

static void client_decides_on_keep_alive(void **state)
{
	(void)state;
	expect_reply("GET /chunks HTTP/1.1\r\nHost: h\r\nConnection: TE\r\n\r\n", 200, "0,1,2,3,", true);
	expect_reply("GET /chunks HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, "0,1,2,3,", false);
	expect_reply("GET /count HTTP/1.0\r\n\r\n", 200, "0 of 0", false);
	expect_reply("GET /count HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "0 of 0", true);
	expect_reply("GET /count HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		200, "0 of 0", false);
}

static void old_client_gets_a_body_of_unknown_length_until_the_close(void **state)
{
	(void)state;
	expect_reply("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "0,1,2,3,", false);
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

static void handler_without_an_answer_is_a_500(void **state)
{
	(void)state;
	expect_reply("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 500,
		"{\"detail\": \"internal error\", \"code\": \"internal\"}", true);
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

/* --- targets */

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

/* --- request bodies */

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

/* --- refusals */

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

/* civetweb would go on parsing behind the empty request, in what the thread's last client left in the buffer. */
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

/* --- many connections, and the end */

struct busy {
	int port;
	int64_t until_ms, longest_ms;
	int replies;
};

static void *run_busy_client(void *context)
{
	struct busy *busy = context;
	int fd = -1;
	while (clock_left_ms(busy->until_ms)) {
		int64_t started_ms = clock_monotonic_ms();
		struct wire_reply reply;
		if (fd < 0)
			fd = wire_connect(busy->port);
		wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &reply);
		busy->replies += reply.status == 200;
		if (!reply.status || strcmp(wire_header(&reply, "Connection"), "close") == 0) {
			close(fd);
			fd = -1;
		}
		wire_reply_release(&reply);
		int64_t took_ms = clock_monotonic_ms() - started_ms;
		busy->longest_ms = took_ms > busy->longest_ms ? took_ms : busy->longest_ms;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void busy_connections_beyond_the_threads_do_not_starve(void **state)
{
	(void)state;
	struct http_server *small = create_server(4);
	struct busy busy[8];
	pthread_t threads[8];
	for (int i = 0; i < 8; i++) {
		busy[i] = (struct busy){
			.port = http_server_port(small), .until_ms = clock_monotonic_ms() + 3000};
		pthread_create(&threads[i], NULL, run_busy_client, &busy[i]);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_true(busy[i].replies > 0);
		assert_true(busy[i].longest_ms < 2000);
	}
	http_server_free(small);
}

static void idle_connections_leave_threads_for_others(void **state)
{
	(void)state;
	struct http_server *small = create_server(4);
	int idle[8];
	for (int i = 0; i < 8; i++) {
		CLEANUP(wire_reply_release) struct wire_reply reply;
		idle[i] = wire_connect(http_server_port(small));
		int64_t started_ms = clock_monotonic_ms();
		wire_send(idle[i], "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(idle[i], false, &reply);
		assert_int_equal(reply.status, 200);
		assert_string_equal(wire_header(&reply, "Connection"), i < 4 ? "keep-alive" : "close");
		assert_true(clock_monotonic_ms() - started_ms < 1000);
	}
	for (int i = 0; i < 8; i++)
		close(idle[i]);
	http_server_free(small);
}

static void *ask_slow(void *context)
{
	int *port = context;
	struct wire_reply reply;
	CLEANUP(cleanup_fd) int fd = wire_connect(*port);
	wire_send(fd, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(fd, false, &reply);
	intptr_t status = reply.whole ? reply.status : 0;
	wire_reply_release(&reply);
	return (void *)status;
}

static void drain_finishes_what_runs_and_refuses_what_comes(void **state)
{
	(void)state;
	struct http_server *draining = create_server(4);
	int port = http_server_port(draining);
	CLEANUP(cleanup_fd) int idle = wire_connect(port);
	CLEANUP(wire_reply_release) struct wire_reply first, second;
	wire_send(idle, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(idle, false, &first);
	pthread_t thread;
	void *status;
	int before = handled;
	pthread_create(&thread, NULL, ask_slow, &port);
	while (handled == before)
		clock_sleep_ms(1);
	int64_t started_ms = clock_monotonic_ms();
	http_server_drain(draining, started_ms + 5000);
	int64_t took_ms = clock_monotonic_ms() - started_ms;
	pthread_join(thread, &status);
	assert_int_equal((intptr_t)status, 200);
	assert_in_range(took_ms, 100, 2000);
	wire_send(idle, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(idle, false, &second);
	assert_int_equal(second.status, 503);
	assert_string_equal(wire_header(&second, "Connection"), "close");
	assert_true(wire_at_end(idle));
	http_server_free(draining);
}

static void drain_gives_up_at_its_deadline(void **state)
{
	(void)state;
	struct http_server *draining = create_server(4);
	int port = http_server_port(draining), before = handled;
	pthread_t thread;
	pthread_create(&thread, NULL, ask_slow, &port);
	while (handled == before)
		clock_sleep_ms(1);
	int64_t started_ms = clock_monotonic_ms();
	http_server_drain(draining, started_ms + 50);
	assert_in_range(clock_monotonic_ms() - started_ms, 45, 250);
	http_server_free(draining);
	pthread_join(thread, NULL);
}

static void freeing_ends_idle_connections(void **state)
{
	(void)state;
	struct http_server *freed = create_server(4);
	CLEANUP(cleanup_fd) int idle = wire_connect(http_server_port(freed));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(idle, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(idle, false, &reply);
	int64_t started_ms = clock_monotonic_ms();
	http_server_free(freed);
	assert_true(wire_at_end(idle));
	assert_true(clock_monotonic_ms() - started_ms < 4000);
}

static void address_in_use_is_named(void **state)
{
	(void)state;
	int port;
	int taken = wire_listen(&port);
	char listen_on[32];
	snprintf(listen_on, sizeof(listen_on), "127.0.0.1:%d", port);
	const struct http_server_options options = {.listen = listen_on,
		.threads = 2,
		.idle_timeout_ms = 1000,
		.body_timeout_ms = 1000,
		.max_head_size = 8192,
		.handle = handle};
	struct http_server *unused = NULL;
	struct error err;
	assert_int_equal(http_server_create(&options, &unused, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.message, listen_on));
	assert_non_null(strstr(err.cause, "in use"));
	assert_null(unused);
	close(taken);
}

static void idle_connection_ends_after_its_timeout(void **state)
{
	(void)state;
	const struct http_server_options options = {.listen = "localhost:0",
		.threads = 2,
		.idle_timeout_ms = 300,
		.body_timeout_ms = 5000,
		.max_head_size = 8192,
		.handle = handle};
	struct http_server *impatient = NULL;
	struct error err;
	if (http_server_create(&options, &impatient, &err) == -1)
		fail_msg("%s: %s", err.message, err.cause);
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(impatient));
	CLEANUP(wire_reply_release) struct wire_reply reply;
	wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
	wire_read_reply(fd, false, &reply);
	assert_int_equal(reply.status, 200);
	int64_t started_ms = clock_monotonic_ms();
	assert_true(wire_at_end(fd));
	assert_in_range(clock_monotonic_ms() - started_ms, 200, 1500);
	http_server_free(impatient);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_is_one_segment_with_head_and_body),
		cmocka_unit_test(connection_is_kept_and_reused),
		cmocka_unit_test(client_decides_on_keep_alive),
		cmocka_unit_test(old_client_gets_a_body_of_unknown_length_until_the_close),
		cmocka_unit_test(head_has_the_length_but_no_body),
		cmocka_unit_test(head_of_a_stream_keeps_the_connection),
		cmocka_unit_test(no_content_has_no_length_and_no_chunks),
		cmocka_unit_test(header_values_cannot_add_headers),
		cmocka_unit_test(handler_without_an_answer_is_a_500),
		cmocka_unit_test(cut_response_is_seen_by_the_client),
		cmocka_unit_test(body_beyond_its_declared_length_is_not_sent),
		cmocka_unit_test(path_and_query_stay_raw),
		cmocka_unit_test(preflight_reaches_the_handler),
		cmocka_unit_test(absolute_target_is_served_by_its_path),
		cmocka_unit_test(target_of_another_server_is_not_served),
		cmocka_unit_test(body_of_known_length_is_read),
		cmocka_unit_test(body_in_chunks_is_read),
		cmocka_unit_test(request_behind_a_body_is_served),
		cmocka_unit_test(body_that_ends_early_is_an_error),
		cmocka_unit_test(malformed_chunks_are_an_error),
		cmocka_unit_test(body_that_stalls_is_a_timeout),
		cmocka_unit_test(head_that_stalls_ends_the_connection),
		cmocka_unit_test(slow_body_is_read_as_long_as_bytes_move),
		cmocka_unit_test(continue_is_sent_when_the_body_is_read),
		cmocka_unit_test(continue_is_not_sent_before_an_error),
		cmocka_unit_test(small_unread_body_is_drained),
		cmocka_unit_test(reply_survives_a_large_unread_body),
		cmocka_unit_test(reader_that_stops_cancels_the_write),
		cmocka_unit_test(client_that_leaves_cancels_the_write),
		cmocka_unit_test(smuggled_lengths_are_refused),
		cmocka_unit_test(malformed_request_lines_are_refused),
		cmocka_unit_test(leftovers_of_other_requests_are_not_parsed),
		cmocka_unit_test(unknown_encodings_are_not_implemented),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(more_headers_than_64_are_refused),
		cmocka_unit_test(heads_that_are_too_large_are_refused),
		cmocka_unit_test(busy_connections_beyond_the_threads_do_not_starve),
		cmocka_unit_test(idle_connections_leave_threads_for_others),
		cmocka_unit_test(drain_finishes_what_runs_and_refuses_what_comes),
		cmocka_unit_test(drain_gives_up_at_its_deadline),
		cmocka_unit_test(freeing_ends_idle_connections),
		cmocka_unit_test(address_in_use_is_named),
		cmocka_unit_test(idle_connection_ends_after_its_timeout),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
