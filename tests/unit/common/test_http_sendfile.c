/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "support/http_fixture.h"
#include "support/scratch.h"

#include <fcntl.h>

/* Files in responses: whole, in part, too short, and to clients that do not take them. */

enum { FILE_SIZE = 5 << 20, OFFSET = 12345 };

static int file = -1;
static char pattern[FILE_SIZE];
static atomic_int last_error;

static void serve_range(struct http_exchange *exchange, int64_t first, int64_t length, int64_t declared)
{
	struct error err = {0};
	http_exchange_start(exchange, 200, NULL, declared);
	int result = http_exchange_write_file(exchange, file, first, length, &err);
	http_exchange_finish(exchange, result == 0);
	last_error = result ? (int)err.code : -1;
}

static void serve_whole(struct http_exchange *exchange)
{
	serve_range(exchange, 0, FILE_SIZE, FILE_SIZE);
}

static void serve_part(struct http_exchange *exchange)
{
	serve_range(exchange, OFFSET, 2 << 20, 2 << 20);
}

static void serve_few(struct http_exchange *exchange)
{
	serve_range(exchange, OFFSET, 1000, 1000);
}

static void serve_chunked(struct http_exchange *exchange)
{
	serve_range(exchange, 0, FILE_SIZE, -1);
}

static void serve_missing(struct http_exchange *exchange)
{
	serve_range(exchange, OFFSET, FILE_SIZE, FILE_SIZE);
}

static void serve_few_missing(struct http_exchange *exchange)
{
	serve_range(exchange, FILE_SIZE - 10, 1000, 1000);
}

static void serve_too_long(struct http_exchange *exchange)
{
	serve_range(exchange, 0, FILE_SIZE, FILE_SIZE / 2);
}

static void serve_twice(struct http_exchange *exchange)
{
	struct error err;
	http_exchange_start(exchange, 200, NULL, 2 * FILE_SIZE + 3);
	int failed = http_exchange_write_file(exchange, file, 0, FILE_SIZE, &err) ||
		     http_exchange_write(exchange, "and", 3, &err) ||
		     http_exchange_write_file(exchange, file, 0, FILE_SIZE, &err);
	http_exchange_finish(exchange, !failed);
}

static void serve_flood(struct http_exchange *exchange)
{
	struct error err = {0};
	http_exchange_start(exchange, 200, NULL, (int64_t)1 << 40);
	while (http_exchange_write_file(exchange, file, 0, FILE_SIZE, &err) == 0)
		;
	last_error = (int)err.code;
	http_exchange_finish(exchange, false);
}

static void serve_slowly(struct http_exchange *exchange)
{
	http_exchange_set_deadline(exchange, clock_monotonic_ms() + 200);
	serve_flood(exchange);
}

static const struct fixture_route ROUTES[] = {{"/whole", serve_whole}, {"/part", serve_part},
	{"/few", serve_few}, {"/chunked", serve_chunked}, {"/missing", serve_missing},
	{"/few-missing", serve_few_missing}, {"/too-long", serve_too_long}, {"/twice", serve_twice},
	{"/flood", serve_flood}, {"/slowly", serve_slowly}, {"/hello", serve_hello}, {NULL, NULL}};

static struct wire_reply get(const char *path)
{
	char request[100];
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
	return ask(request, NULL);
}

static void expect_bytes(const char *path, int64_t first, size_t length)
{
	CLEANUP(wire_reply_release) struct wire_reply reply = get(path);
	assert_true(reply.whole);
	assert_int_equal(reply.body.length, length);
	assert_memory_equal(reply.body.data, pattern + first, length);
}

static void a_file_is_sent_whole_and_in_part(void **state)
{
	(void)state;
	expect_bytes("/whole", 0, FILE_SIZE);
	expect_bytes("/part", OFFSET, 2 << 20);
	expect_bytes("/few", OFFSET, 1000);
	expect_bytes("/chunked", 0, FILE_SIZE);
}

static void files_and_bytes_go_out_in_order(void **state)
{
	(void)state;
	CLEANUP(wire_reply_release) struct wire_reply reply = get("/twice");
	assert_true(reply.whole);
	assert_int_equal(reply.body.length, 2 * FILE_SIZE + 3);
	assert_memory_equal(reply.body.data, pattern, FILE_SIZE);
	assert_memory_equal(reply.body.data + FILE_SIZE, "and", 3);
	assert_memory_equal(reply.body.data + FILE_SIZE + 3, pattern, FILE_SIZE);
}

static void the_connection_serves_on(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	for (int i = 0; i < 3; i++) {
		CLEANUP(wire_reply_release) struct wire_reply reply = {0}, next = {0};
		wire_send(fd, "GET /part HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &reply);
		assert_memory_equal(reply.body.data, pattern + OFFSET, 2 << 20);
		wire_send(fd, "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
		wire_read_reply(fd, false, &next);
		assert_int_equal(next.status, 200);
	}
}

static void head_sends_none_of_it(void **state)
{
	(void)state;
	bool closed;
	CLEANUP(wire_reply_release)
	struct wire_reply reply = ask("HEAD /whole HTTP/1.1\r\nHost: h\r\n\r\n", &closed);
	assert_int_equal(reply.status, 200);
	assert_false(closed);
}

static void a_file_that_is_too_short_breaks_off(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"/missing", "/few-missing", "/too-long"};
	for (int i = 0; i < 3; i++) {
		last_error = 0;
		CLEANUP(wire_reply_release) struct wire_reply reply = get(PATHS[i]);
		assert_false(reply.whole);
		assert_int_equal(last_error, ERROR_INTERNAL);
	}
}

static void expect_cancelled(int64_t within_ms)
{
	int64_t until_ms = clock_monotonic_ms() + within_ms;
	while (!last_error && clock_left_ms(until_ms))
		clock_sleep_ms(10);
	assert_int_equal(last_error, ERROR_CANCELLED);
}

static void who_does_not_read_is_given_up(void **state)
{
	(void)state;
	CLEANUP(cleanup_fd) int fd = wire_connect(http_server_port(server));
	last_error = 0;
	wire_send(fd, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
	expect_cancelled(6000);
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
	expect_cancelled(6000);
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
	expect_cancelled(6000);
}

static int start(void **state)
{
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
	for (size_t i = 0; i < FILE_SIZE; i++)
		pattern[i] = (char)(i * 2654435761U >> 13);
	scratch_make(tree);
	snprintf(path, sizeof(path), "%s/file", tree);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || write(file, pattern, FILE_SIZE) != FILE_SIZE)
		return -1;
	scratch_remove(tree);
	return start_server(state);
}

int main(void)
{
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_sent_whole_and_in_part),
		cmocka_unit_test(files_and_bytes_go_out_in_order),
		cmocka_unit_test(the_connection_serves_on),
		cmocka_unit_test(head_sends_none_of_it),
		cmocka_unit_test(a_file_that_is_too_short_breaks_off),
		cmocka_unit_test(who_does_not_read_is_given_up),
		cmocka_unit_test(who_leaves_is_noticed),
		cmocka_unit_test(a_deadline_ends_it),
	};
	return cmocka_run_group_tests(tests, start, stop_server);
}
