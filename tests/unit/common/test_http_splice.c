/* SPDX-License-Identifier: MIT */
#include "common/http_client.h"
#include "common/http_stream.h"

#include "support/http_fixture.h"

/* Bodies that go on from one connection into another: the server asks itself for what it answers with. */

enum { SIZE = (5 << 20) + 12345 };

static char pattern[SIZE];
static struct http_client *client;
static atomic_int last_error, stream_failed;

static void serve_source(struct http_exchange *exchange)
{
	struct error err;
	http_exchange_start(exchange, 200, NULL, SIZE);
	http_exchange_finish(exchange, http_exchange_write(exchange, pattern, SIZE, &err) == 0);
}

static void serve_cut(struct http_exchange *exchange)
{
	struct error err;
	http_exchange_start(exchange, 200, NULL, SIZE);
	(void)!http_exchange_write(exchange, pattern, SIZE / 2, &err);
	http_exchange_finish(exchange, false);
}

static void serve_endless(struct http_exchange *exchange)
{
	struct error err;
	http_exchange_start(exchange, 200, NULL, (int64_t)1 << 40);
	while (http_exchange_write(exchange, pattern, SIZE, &err) == 0)
		;
	http_exchange_finish(exchange, false);
}

/* --- what relays them */

struct relay {
	struct http_exchange *exchange;
	int64_t declared;
	const char *before;
};

static int move(void *context, struct http_stream *stream, struct error *err)
{
	struct relay *relay = context;
	struct http_exchange *exchange = relay->exchange;
	int64_t more = (int64_t)strlen(relay->before);
	http_exchange_start(exchange, 200, NULL, relay->declared ? relay->declared : stream->left + more);
	int result = http_exchange_write(exchange, relay->before, (size_t)more, err) ||
				     http_exchange_write_stream(exchange, stream, err)
			     ? -1
			     : 0;
	stream_failed = stream->failed;
	return result;
}

static void relay(struct http_exchange *exchange, const char *target, int64_t declared, const char *before)
{
	char url[100];
	struct relay context = {exchange, declared, before};
	struct http_call call = {.method = "GET",
		.url = url,
		.move = move,
		.write_context = &context,
		.stall_timeout_ms = 5000};
	CLEANUP(http_reply_cleanup) struct http_reply *reply = NULL;
	struct error err = {0};
	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", http_server_port(server), target);
	int result = http_client_run(client, &call, &reply, &err);
	http_exchange_finish(exchange, result == 0);
	last_error = result ? (int)err.code : -1;
}

static void serve_whole(struct http_exchange *exchange)
{
	relay(exchange, "/source", 0, "");
}

static void serve_behind(struct http_exchange *exchange)
{
	relay(exchange, "/source", 0, "before");
}

static void serve_chunked(struct http_exchange *exchange)
{
	relay(exchange, "/source", -1, "before");
}

static void serve_half(struct http_exchange *exchange)
{
	relay(exchange, "/cut", 0, "");
}

static void serve_too_long(struct http_exchange *exchange)
{
	relay(exchange, "/source", SIZE - 1, "");
}

static void serve_flood(struct http_exchange *exchange)
{
	relay(exchange, "/endless", 0, "");
}

static void serve_slowly(struct http_exchange *exchange)
{
	http_exchange_set_deadline(exchange, clock_monotonic_ms() + 200);
	serve_flood(exchange);
}

static void serve_paced(struct http_exchange *exchange)
{
	http_exchange_set_pace(exchange, 300, 1 << 20);
	serve_flood(exchange);
}

static const struct fixture_route ROUTES[] = {{"/source", serve_source}, {"/cut", serve_cut},
	{"/endless", serve_endless}, {"/whole", serve_whole}, {"/behind", serve_behind},
	{"/chunked", serve_chunked}, {"/half", serve_half}, {"/too-long", serve_too_long},
	{"/flood", serve_flood}, {"/slowly", serve_slowly}, {"/paced", serve_paced}, {"/hello", serve_hello},
	{NULL, NULL}};

/* --- who asks */

static struct wire_reply get(const char *path)
{
	char request[100];
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
	last_error = 0;
	return ask(request, NULL);
}

static void expect_last_error(int code)
{
	int64_t until_ms = clock_monotonic_ms() + 6000;
	while (!last_error && clock_left_ms(until_ms))
		clock_sleep_ms(10);
	assert_int_equal(last_error, code);
}

static void expect_pattern(const char *path, size_t before)
{
	CLEANUP(wire_reply_release) struct wire_reply reply = get(path);
	assert_true(reply.whole);
	assert_int_equal(reply.body.length, before + SIZE);
	assert_memory_equal(reply.body.data, "before", before);
	assert_memory_equal(reply.body.data + before, pattern, SIZE);
	expect_last_error(-1);
}

static void a_body_goes_on_whole_and_in_order(void **state)
{
	(void)state;
	expect_pattern("/whole", 0);
	expect_pattern("/behind", 6);
	expect_pattern("/chunked", 6);
}

static void the_connection_serves_on(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	for (int i = 0; i < 3; i++) {
		CLEANUP(wire_reply_release) struct wire_reply reply = {0}, next = {0};
		wire_send(fd, "GET /whole HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &reply);
		assert_memory_equal(reply.body.data, pattern, SIZE);
		wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &next);
		assert_int_equal(next.status, 200);
	}
}

static void what_breaks_off_there_breaks_off_here(void **state)
{
	(void)state;
	CLEANUP(wire_reply_release) struct wire_reply reply = get("/half");
	assert_false(reply.whole);
	assert_int_equal(reply.body.length, SIZE / 2);
	assert_memory_equal(reply.body.data, pattern, SIZE / 2);
	expect_last_error(ERROR_UNAVAILABLE);
	assert_true(stream_failed);
}

static void more_than_was_declared_is_not_sent(void **state)
{
	(void)state;
	CLEANUP(wire_reply_release) struct wire_reply reply = get("/too-long");
	assert_false(reply.whole);
	expect_last_error(ERROR_INTERNAL);
	assert_false(stream_failed);
}

static void who_does_not_read_is_given_up(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"/flood", "/paced"};
	for (int i = 0; i < 2; i++) {
		CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
		char request[100];
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", PATHS[i]);
		last_error = 0;
		wire_send(fd, request);
		expect_last_error(ERROR_CANCELLED);
		assert_false(stream_failed);
	}
}

static void who_leaves_is_noticed(void **state)
{
	(void)state;
	char bytes[4096];
	int fd = wire_connect(http_server_port(server));
	last_error = 0;
	wire_send(fd, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(recv(fd, bytes, sizeof(bytes), 0) > 0);
	close(fd);
	expect_last_error(ERROR_CANCELLED);
	assert_false(stream_failed);
}

/* However steadily the client reads. */
static void a_deadline_ends_it(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	CLEANUP(cleanup_free) char *bytes = memory_alloc(65536);
	last_error = 0;
	wire_send(fd, "GET /slowly HTTP/1.1\r\nHost: h\r\n\r\n");
	while (recv(fd, bytes, 65536, 0) > 0)
		;
	expect_last_error(ERROR_CANCELLED);
}

static int start(void **state)
{
	const struct http_client_options options = {.connect_timeout_ms = 2000};
	for (size_t i = 0; i < SIZE; i++)
		pattern[i] = (char)(i * 2654435761U >> 13);
	client = http_client_create(&options);
	return start_server(state);
}

static int stop(void **state)
{
	http_client_free(client);
	return stop_server(state);
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_goes_on_whole_and_in_order),
		cmocka_unit_test(the_connection_serves_on),
		cmocka_unit_test(what_breaks_off_there_breaks_off_here),
		cmocka_unit_test(more_than_was_declared_is_not_sent),
		cmocka_unit_test(who_does_not_read_is_given_up),
		cmocka_unit_test(who_leaves_is_noticed),
		cmocka_unit_test(a_deadline_ends_it),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
