/* SPDX-License-Identifier: MIT */
#include "common/http_server.h"

#include "support/http_fixture.h"

/* Connections: kept, shared fairly, drained and closed. */

static void serve_slowly(struct http_exchange *exchange)
{
	clock_sleep_ms(300);
	http_exchange_reply(exchange, 200, NULL, "slept", 5);
}

static void serve_nothing(struct http_exchange *exchange)
{
	(void)exchange;
}

static const struct fixture_route ROUTES[] = {
	{"/hello", serve_hello},
	{"/count", serve_count},
	{"/chunks", serve_chunks},
	{"/slow", serve_slowly},
	{"/nothing", serve_nothing},
	{NULL, NULL},
};

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

static void handler_without_an_answer_is_a_500(void **state)
{
	(void)state;
	static const char BODY[] =
		"{\"detail\": \"internal error\", \"code\": \"internal\", \"request_id\": \"";
	bool closed;
	CLEANUP(wire_reply_release)
	struct wire_reply reply = ask("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", &closed);
	assert_int_equal(reply.status, 500);
	assert_int_equal(strncmp(reply.body.data, BODY, sizeof(BODY) - 1), 0);
	assert_false(closed);
}

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
	fixture_routes = ROUTES;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_is_kept_and_reused),
		cmocka_unit_test(client_decides_on_keep_alive),
		cmocka_unit_test(handler_without_an_answer_is_a_500),
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
