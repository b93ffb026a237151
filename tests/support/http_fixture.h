/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HTTP_FIXTURE_H
#define SUPPORT_HTTP_FIXTURE_H

/*
 * One server for a whole test program, whose handler does what the path says, and what asks it on the
 * wire. Its body timeout is short, so that stalls show quickly. A program sets `fixture_routes` before
 * it runs its tests.
 */

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_server.h"
#include "common/memory.h"
#include "support/http_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

enum { BODY_TIMEOUT_MS = 700, THREADS = 16 };

struct fixture_route {
	const char *path; /* NULL ends the table */
	void (*serve)(struct http_exchange *exchange);
};

static const struct fixture_route *fixture_routes;
static struct http_server *server;
static atomic_int handled;

static inline void serve_hello(struct http_exchange *exchange)
{
	static const struct http_header HEADERS[] = {{"Content-Type", "application/json"}, {NULL, NULL}};
	static const char BODY[] = "{\"msg\": \"Hello, world! This is fifty-one bytes...\"}";
	http_exchange_reply(exchange, 200, HEADERS, BODY, sizeof(BODY) - 1);
}

static inline void reply_error(struct http_exchange *exchange, const struct error *err)
{
	http_exchange_reply(exchange, error_http_status(err->code), NULL, err->message, strlen(err->message));
}

/* Replies with how many bytes came. */
static inline void serve_count(struct http_exchange *exchange)
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

static inline void write_numbers(struct http_exchange *exchange, int count)
{
	struct error err;
	for (int i = 0; i < count; i++) {
		char text[16];
		int length = snprintf(text, sizeof(text), "%d,", i);
		assert_int_equal(http_exchange_write(exchange, text, (size_t)length, &err), 0);
	}
}

static inline void serve_chunks(struct http_exchange *exchange)
{
	http_exchange_start(exchange, 200, NULL, -1);
	write_numbers(exchange, 4);
	http_exchange_finish(exchange, true);
}

/* What a path without a route gets. */
static inline void serve_target(struct http_exchange *exchange)
{
	CLEANUP(buf_release) struct buf text = {0};
	buf_printf(&text, "%s|%s|%s|%s", http_exchange_method(exchange), http_exchange_path(exchange),
		http_exchange_query(exchange), http_exchange_peer(exchange));
	http_exchange_reply(exchange, 200, NULL, text.data, text.length);
}

static inline void handle(struct http_exchange *exchange, void *context)
{
	(void)context;
	handled++;
	for (const struct fixture_route *route = fixture_routes; route->path; route++)
		if (strcmp(route->path, http_exchange_path(exchange)) == 0) {
			route->serve(exchange);
			return;
		}
	serve_target(exchange);
}

static inline struct http_server *create_server(int threads)
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

static inline int start_server(void **state)
{
	(void)state;
	server = create_server(THREADS);
	return 0;
}

static inline int stop_server(void **state)
{
	(void)state;
	http_server_free(server);
	return 0;
}

/* Sends the request on a connection of its own and reads the reply; *closed says whether the server then
 * closed. */
static inline struct wire_reply ask(const char *request, bool *closed)
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

static inline void expect_reply(const char *request, int status, const char *body, bool stays_open)
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
static inline void expect_refusal(const char *request, int status, const char *code)
{
	int before = handled;
	bool closed;
	CLEANUP(wire_reply_release) struct wire_reply reply = ask(request, &closed);
	if (reply.status != status)
		fail_msg("%d instead of %d for: %.200s", reply.status, status, request);
	assert_string_equal(wire_header(&reply, "Content-Type"), "application/json");
	assert_string_equal(wire_header(&reply, "Connection"), "close");
	CLEANUP(buf_release) struct buf expected = {0};
	buf_printf(&expected, "\"code\": \"%s\", \"request_id\": \"", code);
	assert_non_null(strstr(reply.body.data, expected.data));
	assert_int_equal(strncmp(reply.body.data, "{\"detail\": \"", 12), 0);
	assert_true(closed);
	assert_int_equal(handled, before);
}

#endif
