/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HTTP_CLIENT_FIXTURE_H
#define SUPPORT_HTTP_CLIENT_FIXTURE_H

/*
 * What the tests of the HTTP client share: our own server, which behaves, a scripted socket, which need not,
 * and a source and a sink that check every byte and fail where they are told to.
 */

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "common/http_server.h"
#include "common/memory.h"
#include "support/http_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

enum { PIECE = 65536 };

static struct http_server *server;
static struct http_client *client;
static atomic_int aborted_writes;

/* --- the server's side */

static inline uint64_t mix(uint64_t sum, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 97) /* every byte would take the sanitizers too long */
		sum = sum * 31 + bytes[i];
	return sum + length;
}

/* Bytes that depend on their position. */
static inline void fill(unsigned char *out, size_t length, int64_t position)
{
	for (size_t i = 0; i < length; i++)
		out[i] = (unsigned char)((position + (int64_t)i) * 2654435761 >> 16);
}

static inline void serve_bytes(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) unsigned char *piece = memory_alloc(PIECE);
	struct error err;
	int64_t left = strtoll(http_exchange_query(exchange), NULL, 10), position = 0;
	http_exchange_start(
		exchange, 200, NULL, strstr(http_exchange_query(exchange), "chunked") ? -1 : left);
	while (left > 0) {
		size_t size = left < PIECE ? (size_t)left : PIECE;
		fill(piece, size, position);
		if (http_exchange_write(exchange, piece, size, &err) == -1) {
			aborted_writes++;
			break;
		}
		position += (int64_t)size;
		left -= (int64_t)size;
	}
	http_exchange_finish(exchange, left == 0);
}

static inline void serve_sum(struct http_exchange *exchange)
{
	CLEANUP(cleanup_free) unsigned char *piece = memory_alloc(PIECE);
	struct error err;
	uint64_t sum = 0;
	ssize_t count;
	while ((count = http_exchange_read(exchange, piece, PIECE, &err)) > 0)
		sum = mix(sum, piece, (size_t)count);
	if (count < 0) {
		aborted_writes++;
		http_exchange_reply(exchange, 400, NULL, NULL, 0);
		return;
	}
	char text[64];
	int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)sum);
	http_exchange_reply(exchange, 200, NULL, text, (size_t)length);
}

static inline void serve_echo(struct http_exchange *exchange)
{
	static const char *const NAMES[] = {
		"Host", "Expect", "User-Agent", "X-Mine", "Content-Length", "Transfer-Encoding"};
	CLEANUP(buf_release) struct buf text = {0};
	buf_printf(&text, "%s %s?%s\n", http_exchange_method(exchange), http_exchange_path(exchange),
		http_exchange_query(exchange));
	for (size_t i = 1; i < 6; i++) {
		const char *value = http_exchange_header(exchange, NAMES[i]);
		buf_printf(&text, "%s=%s\n", NAMES[i], value ? value : "-");
	}
	const struct http_header headers[] = {{"X-Reply", "yes "}, {NULL, NULL}};
	http_exchange_reply(exchange, 200, headers, text.data, text.length);
}

static inline void serve_status(struct http_exchange *exchange)
{
	static const struct http_header HEADERS[] = {{"Location", "/bytes?1"}, {NULL, NULL}};
	int status = atoi(http_exchange_query(exchange));
	http_exchange_reply(exchange, status, HEADERS, "no such thing", status == 204 ? 0 : 13);
}

static inline void handle(struct http_exchange *exchange, void *context)
{
	(void)context;
	const char *path = http_exchange_path(exchange);
	if (strcmp(path, "/bytes") == 0)
		serve_bytes(exchange);
	else if (strcmp(path, "/sum") == 0)
		serve_sum(exchange);
	else if (strcmp(path, "/status") == 0)
		serve_status(exchange);
	else
		serve_echo(exchange);
}

static inline int start(void **state)
{
	(void)state;
	const struct http_server_options options = {.listen = "127.0.0.1:0",
		.threads = 16,
		.idle_timeout_ms = 10000,
		.body_timeout_ms = 10000,
		.max_head_size = 16384,
		.handle = handle};
	const struct http_client_options client_options = {
		.connect_timeout_ms = 2000, .user_agent = "test/1"};
	struct error err;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	client = http_client_create(&client_options);
	return http_server_create(&options, &server, &err);
}

static inline int stop(void **state)
{
	(void)state;
	http_client_free(client);
	http_server_free(server);
	return 0;
}

/* --- a scripted peer: takes one connection after another, or goes on with the same */

struct step {
	bool on_same_connection;
	size_t body; /* to read behind the head */
	const char *reply;
	bool hold; /* until the client closes, instead of closing */
};

struct script {
	const struct step *steps;
	size_t count;
	int listener, port;
	pthread_t thread;
};

static inline void *run_script(void *context)
{
	struct script *script = context;
	int fd = -1;
	for (size_t i = 0; i < script->count; i++) {
		const struct step *step = &script->steps[i];
		CLEANUP(buf_release) struct buf request = {0};
		if (!step->on_same_connection) {
			if (fd >= 0)
				close(fd);
			fd = accept(script->listener, NULL, NULL);
		}
		if (wire_read_until(fd, "\r\n\r\n", &request) && wire_read_bytes(fd, step->body, &request))
			wire_send(fd, step->reply);
		char byte;
		while (step->hold && recv(fd, &byte, 1, 0) > 0)
			;
	}
	close(fd);
	return NULL;
}

static inline void script_start(struct script *script, const struct step *steps, size_t count)
{
	*script = (struct script){.steps = steps, .count = count};
	script->listener = wire_listen(&script->port);
	pthread_create(&script->thread, NULL, run_script, script);
}

static inline void script_end(struct script *script)
{
	pthread_join(script->thread, NULL);
	close(script->listener);
}

/* --- the client's side */

struct transfer {
	int64_t position, fail_at; /* fail_at -1: never */
	int64_t total;             /* of a source */
	uint64_t sum;
	bool intact;
	int rewinds, heads, head_status;
	unsigned char scratch[PIECE];
};

static inline int take(void *context, const void *bytes, size_t length, struct error *err)
{
	struct transfer *transfer = context;
	assert_true(length <= PIECE);
	if (transfer->fail_at >= 0 && transfer->position + (int64_t)length > transfer->fail_at)
		return error_set(err, ERROR_FULL, "the sink is full");
	fill(transfer->scratch, length, transfer->position);
	transfer->intact = transfer->intact && memcmp(transfer->scratch, bytes, length) == 0;
	transfer->position += (int64_t)length;
	return 0;
}

static inline ssize_t give(void *context, void *out, size_t size, struct error *err)
{
	struct transfer *transfer = context;
	if (transfer->fail_at >= 0 && transfer->position + (int64_t)size > transfer->fail_at)
		return error_set(err, ERROR_CHECKSUM, "the source is broken");
	if ((int64_t)size > transfer->total - transfer->position)
		size = (size_t)(transfer->total - transfer->position);
	fill(out, size, transfer->position);
	transfer->position += (int64_t)size;
	return (ssize_t)size;
}

static inline int rewind_source(void *context)
{
	struct transfer *transfer = context;
	transfer->position = 0;
	transfer->rewinds++;
	return 0;
}

static inline int look(void *context, const struct http_reply *reply, struct error *err)
{
	struct transfer *transfer = context;
	assert_int_equal(transfer->position, 0);
	transfer->heads++;
	transfer->head_status = http_reply_status(reply);
	return http_reply_header(reply, "X-Reply") ? error_set(err, ERROR_CONFLICT, "not that reply") : 0;
}

static inline const char *url(int port, const char *target)
{
	static char text[256];
	snprintf(text, sizeof(text), "http://127.0.0.1:%d%s", port, target);
	return text;
}

static inline struct http_reply *run(const struct http_call *call)
{
	struct http_reply *reply;
	struct error err = {0};
	if (http_client_run(client, call, &reply, &err) == -1)
		fail_msg("%s: %s", err.message, err.cause);
	return reply;
}

static inline void expect_error(const struct http_call *call, enum error_code code)
{
	struct http_reply *reply = (struct http_reply *)&reply;
	struct error err = {0};
	assert_int_equal(http_client_run(client, call, &reply, &err), -1);
	if (err.code != code)
		fail_msg("%s: %s", error_wire_name(err.code), err.cause);
	assert_null(reply);
}

static inline struct http_call get(const char *address)
{
	return (struct http_call){
		.method = "GET", .url = address, .deadline_ms = clock_monotonic_ms() + 20000};
}

#endif
