/* SPDX-License-Identifier: MIT */
#include "common/http_client.h"

#include "support/http_client_fixture.h"

#include <sys/resource.h>

/* Requests and responses that go well. */

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
		cmocka_unit_test(head_callback_sees_the_final_head_and_may_refuse),
		cmocka_unit_test(connection_is_reused),
		cmocka_unit_test(threads_share_a_client),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
