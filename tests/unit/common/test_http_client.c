/* SPDX-License-Identifier: MIT */
#include "common/http_client.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_server.h"
#include "common/memory.h"
#include "support/http_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include <cmocka.h>

/* Against our own server where it behaves, and against a scripted socket where it does not. */

enum { PIECE = 65536 };

static struct http_server *server;
static struct http_client *client;
static atomic_int aborted_writes;

/* --- the server's side */

static uint64_t mix(uint64_t sum, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 97) /* every byte would take the sanitizers too long */
		sum = sum * 31 + bytes[i];
	return sum + length;
}

/* Bytes that depend on their position. */
static void fill(unsigned char *out, size_t length, int64_t position)
{
	for (size_t i = 0; i < length; i++)
		out[i] = (unsigned char)((position + (int64_t)i) * 2654435761 >> 16);
}

static void serve_bytes(struct http_exchange *exchange)
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

static void serve_sum(struct http_exchange *exchange)
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

static void serve_echo(struct http_exchange *exchange)
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

static void serve_status(struct http_exchange *exchange)
{
	static const struct http_header HEADERS[] = {{"Location", "/bytes?1"}, {NULL, NULL}};
	int status = atoi(http_exchange_query(exchange));
	http_exchange_reply(exchange, status, HEADERS, "no such thing", status == 204 ? 0 : 13);
}

static void handle(struct http_exchange *exchange, void *context)
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

static int start(void **state)
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

static int stop(void **state)
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

static void *run_script(void *context)
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

static void script_start(struct script *script, const struct step *steps, size_t count)
{
	*script = (struct script){.steps = steps, .count = count};
	script->listener = wire_listen(&script->port);
	pthread_create(&script->thread, NULL, run_script, script);
}

static void script_end(struct script *script)
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

static int take(void *context, const void *bytes, size_t length, struct error *err)
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

static ssize_t give(void *context, void *out, size_t size, struct error *err)
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

static int rewind_source(void *context)
{
	struct transfer *transfer = context;
	transfer->position = 0;
	transfer->rewinds++;
	return 0;
}

static int look(void *context, const struct http_reply *reply, struct error *err)
{
	struct transfer *transfer = context;
	assert_int_equal(transfer->position, 0);
	transfer->heads++;
	transfer->head_status = http_reply_status(reply);
	return http_reply_header(reply, "X-Reply") ? error_set(err, ERROR_CONFLICT, "not that reply") : 0;
}

static const char *url(int port, const char *target)
{
	static char text[256];
	snprintf(text, sizeof(text), "http://127.0.0.1:%d%s", port, target);
	return text;
}

static struct http_reply *run(const struct http_call *call)
{
	struct http_reply *reply;
	struct error err = {0};
	if (http_client_run(client, call, &reply, &err) == -1)
		fail_msg("%s: %s", err.message, err.cause);
	return reply;
}

static void expect_error(const struct http_call *call, enum error_code code)
{
	struct http_reply *reply = (struct http_reply *)&reply;
	struct error err = {0};
	assert_int_equal(http_client_run(client, call, &reply, &err), -1);
	if (err.code != code)
		fail_msg("%s: %s", error_wire_name(err.code), err.cause);
	assert_null(reply);
}

static struct http_call get(const char *address)
{
	return (struct http_call){
		.method = "GET", .url = address, .deadline_ms = clock_monotonic_ms() + 20000};
}

static void request_is_sent_as_given(void **state)
{
	(void)state;
	struct http_call call = get(url(http_server_port(server), "/a/../b//%2F./c?x=%20"));
	call.headers = "X-Mine: one\nX-Other: two\n";
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_status(reply), 200);
	assert_string_equal(http_reply_header(reply, "x-reply"), "yes");
	assert_null(http_reply_header(reply, "x-none"));
	assert_string_equal(http_reply_body(reply),
		"GET /a/../b//%2F./c?x=%20\nExpect=-\nUser-Agent=test/1\nX-Mine=one\n"
		"Content-Length=-\nTransfer-Encoding=-\n");
}

static void methods_carry_their_length(void **state)
{
	(void)state;
	static const struct {
		const char *method, *body, *length;
	} CASES[] = {{"PUT", "", "0"}, {"POST", "", "0"}, {"DELETE", "", "-"}, {"PUT", "12345", "5"},
		{"PROPFIND", "123", "3"}};
	for (size_t i = 0; i < 5; i++) {
		struct http_call call = get(url(http_server_port(server), "/echo"));
		call.method = CASES[i].method;
		call.body = CASES[i].body;
		call.body_length = (int64_t)strlen(CASES[i].body);
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		CLEANUP(buf_release) struct buf expected = {0};
		buf_printf(&expected,
			"%s "
			"/echo?\nExpect=-\nUser-Agent=test/"
			"1\nX-Mine=-\nContent-Length=%s\nTransfer-Encoding=-\n",
			CASES[i].method, CASES[i].length);
		assert_string_equal(http_reply_body(reply), expected.data);
	}
}

static void head_has_no_body_to_wait_for(void **state)
{
	(void)state;
	struct http_call call = get(url(http_server_port(server), "/bytes?5000"));
	call.method = "HEAD";
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_string_equal(http_reply_header(reply, "Content-Length"), "5000");
	assert_int_equal(http_reply_body_length(reply), 0);
}

static long peak_kib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void download_streams_in_flat_memory(void **state)
{
	(void)state;
	static const char *const TARGETS[] = {"/bytes?100000", "/bytes?67108864", "/bytes?67108864&chunked"};
	long before = 0;
	for (size_t i = 0; i < 3; i++) {
		struct transfer sink = {.fail_at = -1, .intact = true};
		struct http_call call = get(url(http_server_port(server), TARGETS[i]));
		call.write = take;
		call.write_context = &sink;
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		assert_int_equal(sink.position, strtoll(strchr(TARGETS[i], '?') + 1, NULL, 10));
		assert_true(sink.intact);
		assert_int_equal(http_reply_body_length(reply), 0);
		before = before ? before : peak_kib();
	}
	assert_true(peak_kib() - before < 16 * 1024);
}

static uint64_t sum_of(int64_t total)
{
	CLEANUP(cleanup_free) unsigned char *piece = memory_alloc(PIECE);
	uint64_t sum = 0;
	for (int64_t at = 0; at < total; at += PIECE) {
		size_t size = total - at < PIECE ? (size_t)(total - at) : PIECE;
		fill(piece, size, at);
		sum = mix(sum, piece, size);
	}
	return sum;
}

static void upload_streams_in_flat_memory(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {100001, 64 << 20};
	long before = 0;
	for (size_t i = 0; i < 2; i++) {
		struct transfer source = {.fail_at = -1, .total = SIZES[i]};
		struct http_call call = get(url(http_server_port(server), "/sum"));
		call.method = "PUT";
		call.read = give;
		call.read_context = &source;
		call.body_length = SIZES[i];
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		char expected[32];
		snprintf(expected, sizeof(expected), "%llu", (unsigned long long)sum_of(SIZES[i]));
		assert_string_equal(http_reply_body(reply), expected);
		before = before ? before : peak_kib();
	}
	assert_true(peak_kib() - before < 16 * 1024);
}

static void refused_body_is_kept_and_not_written(void **state)
{
	(void)state;
	struct transfer sink = {.fail_at = 0};
	struct http_call call = get(url(http_server_port(server), "/status?404"));
	call.write = take;
	call.write_context = &sink;
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	struct error err;
	assert_int_equal(http_reply_status(reply), 404);
	assert_string_equal(http_reply_body(reply), "no such thing");
	assert_int_equal(http_reply_error(reply, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(err.cause, "HTTP 404: no such thing");
}

static void no_more_than_64_kib_of_a_body_are_kept(void **state)
{
	(void)state;
	struct http_call call = get(url(http_server_port(server), "/bytes?1000000"));
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_body_length(reply), 65536);
}

static void statuses_become_errors(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		enum error_code code;
	} CASES[] = {{"/status?401", ERROR_FORBIDDEN}, {"/status?403", ERROR_FORBIDDEN},
		{"/status?408", ERROR_DEADLINE}, {"/status?504", ERROR_DEADLINE},
		{"/status?429", ERROR_UNAVAILABLE}, {"/status?500", ERROR_UNAVAILABLE},
		{"/status?503", ERROR_UNAVAILABLE}, {"/status?507", ERROR_FULL},
		{"/status?400", ERROR_INTERNAL}, {"/status?302", ERROR_INTERNAL}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct http_call call = get(url(http_server_port(server), CASES[i].target));
		struct error err;
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		http_reply_error(reply, &err);
		assert_int_equal(err.code, CASES[i].code);
	}
}

static void redirect_is_not_followed(void **state)
{
	(void)state;
	struct http_call call = get(url(http_server_port(server), "/status?307"));
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_status(reply), 307);
	assert_string_equal(http_reply_header(reply, "Location"), "/bytes?1");
}

static void failing_sink_stops_the_download(void **state)
{
	(void)state;
	struct transfer sink = {.fail_at = 300000, .intact = true};
	int before = aborted_writes;
	struct http_call call = get(url(http_server_port(server), "/bytes?1000000000000"));
	call.write = take;
	call.write_context = &sink;
	expect_error(&call, ERROR_FULL);
	int64_t until_ms = clock_monotonic_ms() + 5000;
	while (aborted_writes == before && clock_left_ms(until_ms))
		clock_sleep_ms(5);
	assert_int_equal(aborted_writes, before + 1); /* the server noticed */
}

static void failing_source_stops_the_upload(void **state)
{
	(void)state;
	struct transfer source = {.fail_at = 300000, .total = 1 << 30};
	int before = aborted_writes;
	struct http_call call = get(url(http_server_port(server), "/sum"));
	call.method = "PUT";
	call.read = give;
	call.read_context = &source;
	call.body_length = 1 << 30;
	expect_error(&call, ERROR_CHECKSUM);
	int64_t until_ms = clock_monotonic_ms() + 5000;
	while (aborted_writes == before && clock_left_ms(until_ms))
		clock_sleep_ms(5);
	assert_int_equal(aborted_writes, before + 1);
}

static void source_that_ends_early_is_an_error(void **state)
{
	(void)state;
	struct transfer source = {.fail_at = -1, .total = 100000};
	struct http_call call = get(url(http_server_port(server), "/sum"));
	call.method = "PUT";
	call.read = give;
	call.read_context = &source;
	call.body_length = 200000;
	int64_t started_ms = clock_monotonic_ms();
	expect_error(&call, ERROR_INTERNAL);
	assert_true(clock_monotonic_ms() - started_ms < 3000);
}

static void head_callback_sees_the_final_head_and_may_refuse(void **state)
{
	(void)state;
	static const struct step STEPS[] = {{.reply = "HTTP/1.1 100 Continue\r\nX-Reply: interim\r\n\r\n"
						      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
	struct script script;
	struct transfer transfer = {.fail_at = -1};
	script_start(&script, STEPS, 1);
	struct http_call call = get(url(script.port, "/"));
	call.head = look;
	call.write_context = &transfer;
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	script_end(&script);
	assert_int_equal(http_reply_status(reply), 200);
	assert_int_equal(transfer.heads, 1);
	assert_int_equal(transfer.head_status, 200);
	struct http_call refused = get(url(http_server_port(server), "/echo"));
	refused.head = look;
	refused.write = take;
	refused.write_context = &transfer;
	expect_error(&refused, ERROR_CONFLICT);
}

static void body_cut_short_is_unavailable(void **state)
{
	(void)state;
	static const struct step STEPS[] = {
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
		{.reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
		{.reply = "HTTP/1.1 200 OK\r\nContent-Le"},
		{.reply = ""},
		{.reply = "not http at all"},
	};
	for (size_t i = 0; i < 5; i++) {
		struct script script;
		script_start(&script, &STEPS[i], 1);
		struct http_call call = get(url(script.port, "/"));
		expect_error(&call, ERROR_UNAVAILABLE);
		script_end(&script);
	}
}

static void stalled_peer_is_a_deadline(void **state)
{
	(void)state;
	static const struct step STEPS[] = {
		{.reply = "", .hold = true},
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", .hold = true},
	};
	for (size_t i = 0; i < 4; i++) {
		struct script script;
		script_start(&script, &STEPS[i % 2], 1);
		struct http_call call = get(url(script.port, "/"));
		int64_t started_ms = clock_monotonic_ms();
		if (i < 2)
			call.stall_timeout_ms = 500;
		else
			call.deadline_ms = started_ms + 500;
		expect_error(&call, ERROR_DEADLINE);
		assert_in_range(clock_monotonic_ms() - started_ms, 450, 2500);
		script_end(&script);
	}
}

static void stalled_upload_is_a_deadline(void **state)
{
	(void)state;
	int port;
	int listener = wire_listen(&port); /* accepts by itself and never reads */
	struct transfer source = {.fail_at = -1, .total = 1 << 30};
	struct http_call call = get(url(port, "/"));
	call.method = "PUT";
	call.read = give;
	call.read_context = &source;
	call.body_length = 1 << 30;
	call.stall_timeout_ms = 500;
	expect_error(&call, ERROR_DEADLINE);
	close(listener);
}

static int take_slowly(void *context, const void *bytes, size_t length, struct error *err)
{
	clock_sleep_ms(((struct transfer *)context)->position < 2 * PIECE ? 800 : 0);
	return take(context, bytes, length, err);
}

static void slow_sink_is_no_stall(void **state)
{
	(void)state;
	struct transfer sink = {.fail_at = -1, .intact = true};
	struct http_call call = get(url(http_server_port(server), "/bytes?4000000"));
	call.write = take_slowly;
	call.write_context = &sink;
	call.stall_timeout_ms = 400;
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_status(reply), 200);
	assert_int_equal(sink.position, 4000000);
}

static void deadline_in_the_past_sends_nothing(void **state)
{
	(void)state;
	struct http_call call = get(url(1, "/"));
	call.deadline_ms = clock_monotonic_ms() - 1;
	expect_error(&call, ERROR_DEADLINE);
}

static void nobody_listening_is_unavailable(void **state)
{
	(void)state;
	int port;
	close(wire_listen(&port));
	struct http_call call = get(url(port, "/"));
	expect_error(&call, ERROR_UNAVAILABLE);
}

static void other_protocols_are_not_spoken(void **state)
{
	(void)state;
	struct http_call file = get("file:///etc/hostname"), junk = get("http://[");
	expect_error(&file, ERROR_INTERNAL);
	expect_error(&junk, ERROR_INTERNAL);
}

static void connection_is_reused(void **state)
{
	(void)state;
	static const struct step STEPS[] = {
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"},
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2", .on_same_connection = true},
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3", .on_same_connection = true},
	};
	struct script script;
	script_start(&script, STEPS, 3);
	for (int i = 0; i < 3; i++) {
		struct http_call call = get(url(script.port, "/"));
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		assert_int_equal(http_reply_body(reply)[0], '1' + i);
	}
	script_end(&script);
}

/* The peer closes the kept connection just as the second request arrives. */
static const struct step STALE_STEPS[] = {
	{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{.reply = "", .body = 5, .on_same_connection = true},
	{.reply = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", .body = 5},
};

static void stale_connection_is_replaced_and_the_body_rewound(void **state)
{
	(void)state;
	struct script script;
	script_start(&script, STALE_STEPS, 3);
	struct http_call first = get(url(script.port, "/"));
	http_reply_free(run(&first));
	struct transfer source = {.fail_at = -1, .total = 5};
	struct http_call second = get(url(script.port, "/"));
	second.method = "PUT";
	second.read = give;
	second.read_context = &source;
	second.rewind = rewind_source;
	second.body_length = 5;
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&second);
	assert_int_equal(http_reply_status(reply), 201);
	assert_int_equal(source.rewinds, 1);
	script_end(&script);
}

static void body_that_cannot_be_rewound_is_not_sent_twice(void **state)
{
	(void)state;
	struct script script;
	script_start(&script, STALE_STEPS, 2);
	struct http_call first = get(url(script.port, "/"));
	http_reply_free(run(&first));
	struct transfer source = {.fail_at = -1, .total = 5};
	struct http_call second = get(url(script.port, "/"));
	second.method = "PUT";
	second.read = give;
	second.read_context = &source;
	second.body_length = 5;
	expect_error(&second, ERROR_UNAVAILABLE);
	script_end(&script);
}

static void *call_often(void *context)
{
	int *port = context;
	intptr_t good = 0;
	for (int i = 0; i < 50; i++) {
		char address[64];
		snprintf(address, sizeof(address), "http://127.0.0.1:%d/bytes?%d", *port, 1000 + i);
		struct transfer sink = {.fail_at = -1, .intact = true};
		struct http_call call = get(address);
		struct http_reply *reply;
		struct error err;
		call.write = take;
		call.write_context = &sink;
		if (http_client_run(client, &call, &reply, &err) == -1)
			continue;
		good += sink.intact && sink.position == 1000 + i;
		http_reply_free(reply);
	}
	return (void *)good;
}

static void threads_share_a_client(void **state)
{
	(void)state;
	pthread_t threads[8];
	int port = http_server_port(server);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, call_often, &port);
	for (int i = 0; i < 8; i++) {
		void *good;
		pthread_join(threads[i], &good);
		assert_int_equal((intptr_t)good, 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_sent_as_given),
		cmocka_unit_test(methods_carry_their_length),
		cmocka_unit_test(head_has_no_body_to_wait_for),
		cmocka_unit_test(download_streams_in_flat_memory),
		cmocka_unit_test(upload_streams_in_flat_memory),
		cmocka_unit_test(refused_body_is_kept_and_not_written),
		cmocka_unit_test(no_more_than_64_kib_of_a_body_are_kept),
		cmocka_unit_test(statuses_become_errors),
		cmocka_unit_test(redirect_is_not_followed),
		cmocka_unit_test(failing_sink_stops_the_download),
		cmocka_unit_test(failing_source_stops_the_upload),
		cmocka_unit_test(source_that_ends_early_is_an_error),
		cmocka_unit_test(head_callback_sees_the_final_head_and_may_refuse),
		cmocka_unit_test(body_cut_short_is_unavailable),
		cmocka_unit_test(stalled_peer_is_a_deadline),
		cmocka_unit_test(stalled_upload_is_a_deadline),
		cmocka_unit_test(slow_sink_is_no_stall),
		cmocka_unit_test(deadline_in_the_past_sends_nothing),
		cmocka_unit_test(nobody_listening_is_unavailable),
		cmocka_unit_test(other_protocols_are_not_spoken),
		cmocka_unit_test(connection_is_reused),
		cmocka_unit_test(stale_connection_is_replaced_and_the_body_rewound),
		cmocka_unit_test(body_that_cannot_be_rewound_is_not_sent_twice),
		cmocka_unit_test(threads_share_a_client),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
