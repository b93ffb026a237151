/* SPDX-License-Identifier: MIT */
/* Bodies that are taken from their connection, and those that cannot be. */
#include "common/http_stream.h"
#include "support/http_client_fixture.h"

struct moved {
	struct transfer transfer; /* first: what take() and look() get */
	int streams;
	int64_t length, left;
	bool failed;
};

static int move(void *context, struct http_stream *stream, struct error *err)
{
	struct moved *moved = context;
	CLEANUP(cleanup_free) char *piece = memory_alloc(PIECE);
	int result = 0;
	moved->streams++;
	moved->length = stream->left;
	while (result == 0 && stream->left > 0) {
		ssize_t got = http_stream_read(stream, piece, PIECE, err);
		result = got < 0 ? -1 : take(&moved->transfer, piece, (size_t)got, err);
	}
	moved->left = stream->left;
	moved->failed = stream->failed;
	return result;
}

static struct moved nothing_moved(void)
{
	return (struct moved){.transfer = {.fail_at = -1, .intact = true}};
}

static struct http_call get_moved(struct moved *moved, const char *address)
{
	struct http_call call = get(address);
	call.head = look;
	call.write = take;
	call.move = move;
	call.write_context = moved;
	return call;
}

static void a_plain_body_is_taken_from_its_connection(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {1, 65536, 5000001};
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		struct moved moved = nothing_moved();
		char target[40];
		snprintf(target, sizeof(target), "/bytes?%lld", (long long)SIZES[i]);
		struct http_call call = get_moved(&moved, url(http_server_port(server), target));
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		assert_int_equal(http_reply_status(reply), 200);
		assert_int_equal(moved.transfer.head_status, 200);
		assert_int_equal(moved.streams, 1);
		assert_int_equal(moved.length, SIZES[i]);
		assert_int_equal(moved.left, 0);
		assert_int_equal(moved.transfer.position, SIZES[i]);
		assert_true(moved.transfer.intact);
	}
}

static void what_has_no_length_is_written(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	struct http_call call = get_moved(&moved, url(http_server_port(server), "/bytes?300000&chunked"));
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(moved.streams, 0);
	assert_int_equal(moved.transfer.heads, 1);
	assert_int_equal(moved.transfer.position, 300000);
	assert_true(moved.transfer.intact);
}

static void what_is_refused_is_neither_moved_nor_written(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	struct http_call call = get_moved(&moved, url(http_server_port(server), "/status?404"));
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_status(reply), 404);
	assert_string_equal(http_reply_body(reply), "no such thing");
	assert_int_equal(moved.streams, 0);
	assert_int_equal(moved.transfer.position, 0);
}

static void an_empty_body_is_nothing_to_take(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	struct http_call call = get_moved(&moved, url(http_server_port(server), "/bytes?0"));
	CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
	assert_int_equal(http_reply_status(reply), 200);
	assert_int_equal(moved.streams, 0);
}

static int keep(void *context, struct http_stream *stream, struct error *err)
{
	struct buf *kept = context;
	char piece[100];
	while (stream->left > 0) {
		ssize_t got = http_stream_read(stream, piece, sizeof(piece), err);
		if (got < 0)
			return -1;
		buf_append(kept, piece, (size_t)got);
	}
	return 0;
}

/* The server echoes method, target and what else may differ. */
static void the_request_is_the_same(void **state)
{
	(void)state;
	static const char *const TARGETS[] = {"/a/../b//%2F./c?x=%20", "", "?x"};
	for (size_t i = 0; i < sizeof(TARGETS) / sizeof(TARGETS[0]); i++) {
		CLEANUP(buf_release) struct buf kept = {0};
		struct http_call call = get(url(http_server_port(server), TARGETS[i]));
		call.headers = "X-Mine: 1 2\nAuthorization: me\n";
		CLEANUP(http_reply_cleanup) struct http_reply *reply = run(&call);
		call.move = keep;
		call.write_context = &kept;
		CLEANUP(http_reply_cleanup) struct http_reply *moved = run(&call);
		assert_string_equal(kept.data, http_reply_body(reply));
		assert_string_equal(http_reply_header(moved, "x-reply"), "yes");
	}
}

static void interim_heads_are_passed_over(void **state)
{
	(void)state;
	static const struct step STEPS[] = {{.reply = "HTTP/1.1 100 Continue\r\nX-Reply: interim\r\n\r\n"
						      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"}};
	struct script script;
	struct moved moved = nothing_moved();
	script_start(&script, STEPS, 1);
	struct http_call call = get_moved(&moved, url(script.port, "/"));
	expect_error(&call, ERROR_UNAVAILABLE); /* the one byte never comes */
	script_end(&script);
	assert_int_equal(moved.transfer.heads, 1);
	assert_int_equal(moved.transfer.head_status, 200);
	assert_int_equal(moved.length, 1);
	assert_true(moved.failed);
}

static void interim_heads_without_end_are_given_up(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf heads = {0};
	for (int i = 0; i < 20; i++)
		buf_append_text(&heads, "HTTP/1.1 102 Processing\r\n\r\n");
	buf_append_text(&heads, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	const struct step steps[] = {{.reply = heads.data}};
	struct script script;
	struct moved moved = nothing_moved();
	script_start(&script, steps, 1);
	struct http_call call = get_moved(&moved, url(script.port, "/"));
	expect_error(&call, ERROR_UNAVAILABLE);
	script_end(&script);
	assert_int_equal(moved.transfer.heads, 0);
}

static void a_head_may_be_refused(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	struct http_call call = get_moved(&moved, url(http_server_port(server), "/echo"));
	expect_error(&call, ERROR_CONFLICT);
	assert_int_equal(moved.streams, 0);
}

static void a_body_that_is_cut_is_the_streams_failure(void **state)
{
	(void)state;
	static const struct step STEPS[] = {{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"}};
	struct script script;
	struct moved moved = nothing_moved();
	script_start(&script, STEPS, 1);
	struct http_call call = get_moved(&moved, url(script.port, "/"));
	expect_error(&call, ERROR_UNAVAILABLE);
	script_end(&script);
	assert_int_equal(moved.left, 100);
	assert_true(moved.failed);
}

static void a_body_that_stalls_fails_in_time(void **state)
{
	(void)state;
	static const struct step STEPS[] = {
		{.reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", .hold = true},
		{.reply = "HTTP/1.1 200 ", .hold = true}};
	struct script script;
	struct moved moved = nothing_moved();
	script_start(&script, STEPS, 2);
	for (int i = 0; i < 2; i++) {
		struct http_call call = get_moved(&moved, url(script.port, "/"));
		call.stall_timeout_ms = 200;
		expect_error(&call, ERROR_DEADLINE);
		assert_int_equal(moved.streams, 1);
	}
	script_end(&script);
}

static void a_taker_that_fails_is_not_the_streams_failure(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	moved.transfer.fail_at = 1000000;
	struct http_call call = get_moved(&moved, url(http_server_port(server), "/bytes?5000000"));
	expect_error(&call, ERROR_FULL);
	assert_false(moved.failed);
}

/* ... nor who closes at once. */
static void nobody_there_is_unavailable(void **state)
{
	(void)state;
	struct moved moved = nothing_moved();
	struct http_call call = get_moved(&moved, "http://127.0.0.1:1/");
	expect_error(&call, ERROR_UNAVAILABLE);
	static const struct step STEPS[] = {{.reply = ""}};
	struct script script;
	script_start(&script, STEPS, 1);
	call = get_moved(&moved, url(script.port, "/"));
	expect_error(&call, ERROR_UNAVAILABLE);
	script_end(&script);
	assert_int_equal(moved.streams, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_body_is_taken_from_its_connection),
		cmocka_unit_test(what_has_no_length_is_written),
		cmocka_unit_test(what_is_refused_is_neither_moved_nor_written),
		cmocka_unit_test(an_empty_body_is_nothing_to_take),
		cmocka_unit_test(the_request_is_the_same),
		cmocka_unit_test(interim_heads_are_passed_over),
		cmocka_unit_test(interim_heads_without_end_are_given_up),
		cmocka_unit_test(a_head_may_be_refused),
		cmocka_unit_test(a_body_that_is_cut_is_the_streams_failure),
		cmocka_unit_test(a_body_that_stalls_fails_in_time),
		cmocka_unit_test(a_taker_that_fails_is_not_the_streams_failure),
		cmocka_unit_test(nobody_there_is_unavailable),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
