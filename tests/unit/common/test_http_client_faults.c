/* SPDX-License-Identifier: MIT */
#include "common/http_client.h"

#include "support/http_client_fixture.h"

/* Peers that stall or break off, sources and sinks that fail. */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(body_cut_short_is_unavailable),
		cmocka_unit_test(stalled_peer_is_a_deadline),
		cmocka_unit_test(stalled_upload_is_a_deadline),
		cmocka_unit_test(slow_sink_is_no_stall),
		cmocka_unit_test(failing_sink_stops_the_download),
		cmocka_unit_test(failing_source_stops_the_upload),
		cmocka_unit_test(source_that_ends_early_is_an_error),
		cmocka_unit_test(deadline_in_the_past_sends_nothing),
		cmocka_unit_test(nobody_listening_is_unavailable),
		cmocka_unit_test(other_protocols_are_not_spoken),
		cmocka_unit_test(stale_connection_is_replaced_and_the_body_rewound),
		cmocka_unit_test(body_that_cannot_be_rewound_is_not_sent_twice),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
