/* SPDX-License-Identifier: MIT */
#include "common/arena.h"
#include "common/clock.h"
#include "common/file_id.h"
#include "common/http_server.h"
#include "support/cmocka.h"
#include "support/store_job_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A gateway that serves pattern bytes: /<status>/<announced>/<sent>. */
static void serve(struct http_exchange *exchange, void *context)
{
	(void)context;
	int status;
	long long announced, sent;
	struct error err;
	assert_int_equal(
		sscanf(http_exchange_path(exchange), "/%d/%lld/%lld", &status, &announced, &sent), 3);
	if (status != 200) {
		http_exchange_reply(exchange, status, NULL, "no", 2);
		return;
	}
	http_exchange_start(exchange, 200, NULL, announced);
	for (long long at = 0; at < sent;) {
		char piece[5000];
		size_t length = 0;
		while (length < sizeof(piece) && at < sent)
			piece[length++] = (char)pattern_byte(1, at++);
		if (http_exchange_write(exchange, piece, length, &err) != 0)
			break;
	}
	http_exchange_finish(exchange, sent == announced);
}

static struct http_server *gateway;

static int start_gateway(void **state)
{
	(void)state;
	struct error err;
	const struct http_server_options options = {.listen = "127.0.0.1:0",
		.threads = 4,
		.idle_timeout_ms = 2000,
		.body_timeout_ms = 2000,
		.max_head_size = 8192,
		.handle = serve};
	return http_server_create(&options, &gateway, &err);
}

static int stop_gateway(void **state)
{
	(void)state;
	http_server_free(gateway);
	return 0;
}

static const char *gateway_url(struct job_fixture *fixture, int status, int64_t announced, int64_t sent)
{
	return arena_printf(fixture->arena, "http://127.0.0.1:%d/%d/%lld/%lld", http_server_port(gateway),
		status, (long long)announced, (long long)sent);
}

static struct job_message put_message(
	struct job_fixture *fixture, const struct store_descriptor *store, int64_t size)
{
	struct job_message message = job_fixture_message(fixture, JOB_PUT, store, "dir/key");
	message.size = size;
	message.sha256 = job_fixture_sha256(fixture, 1, size);
	return message;
}

static void inline_bytes_are_stored_hashed_and_measured(void **state)
{
	struct job_fixture *fixture = *state;
	unsigned char bytes[500];
	for (int i = 0; i < 500; i++)
		bytes[i] = pattern_byte(1, i);
	struct job_message message = put_message(fixture, &fixture->memory, 500);
	message.source.inline_bytes = bytes;
	message.source.inline_length = sizeof(bytes);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 500);
	assert_string_equal(result.sha256, message.sha256);
	assert_string_equal(result.holder, fixture->environment.holder);
	job_fixture_assert(fixture, &fixture->memory, "dir/key", 1, 500);
}

static void an_empty_inline_object_is_stored(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 0);
	message.source.inline_bytes = "";
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 0);
	assert_string_equal(result.sha256, message.sha256);
	assert_null(result.holder);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, 0);
}

static void a_url_is_pulled(void **state)
{
	struct job_fixture *fixture = *state;
	const struct store_descriptor *stores[] = {&fixture->files, &fixture->memory};
	for (int i = 0; i < 2; i++) {
		struct job_message message = put_message(fixture, stores[i], 3000000);
		message.source.url = gateway_url(fixture, 200, 3000000, 3000000);
		struct result_message result = job_fixture_run(fixture, &message);
		assert_int_equal(result.code, ERROR_NONE);
		assert_string_equal(result.sha256, message.sha256);
		job_fixture_assert(fixture, stores[i], "dir/key", 1, 3000000);
	}
}

static void a_source_that_fails_is_source_failed_whatever_its_status(void **state)
{
	struct job_fixture *fixture = *state;
	const char *urls[] = {gateway_url(fixture, 404, 0, 0), gateway_url(fixture, 403, 0, 0),
		gateway_url(fixture, 500, 0, 0), gateway_url(fixture, 206, 0, 0),
		gateway_url(fixture, 200, 100000, 50000), gateway_url(fixture, 200, 99999, 99999),
		gateway_url(fixture, 200, 100001, 100001), "http://127.0.0.1:1/"};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct job_message message = put_message(fixture, &fixture->files, 100000);
		message.source.url = urls[i];
		struct result_message result = job_fixture_run(fixture, &message);
		assert_int_equal(result.code, ERROR_SOURCE_FAILED);
		assert_true(result.retryable);
		job_fixture_assert(fixture, &fixture->files, "dir/key", 1, -1);
	}
}

static void wrong_bytes_are_refused_and_leave_the_old_object(void **state)
{
	struct job_fixture *fixture = *state;
	const struct store_descriptor *stores[] = {&fixture->files, &fixture->memory};
	for (int i = 0; i < 2; i++) {
		job_fixture_fill(fixture, stores[i], "dir/key", 7, 50);
		struct job_message message = put_message(fixture, stores[i], 100000);
		message.sha256 = job_fixture_sha256(fixture, 2, 100000);
		message.source.url = gateway_url(fixture, 200, 100000, 100000);
		struct result_message result = job_fixture_run(fixture, &message);
		assert_int_equal(result.code, ERROR_CHECKSUM);
		assert_false(result.retryable);
		job_fixture_assert(fixture, stores[i], "dir/key", 7, 50);
	}
}

static void a_spool_file_is_taken_and_hashed(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 70000);
	message.source.path = job_fixture_spool(fixture, "upload", 1, 70000);
	message.source.url = "http://127.0.0.1:1/";
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 70000);
	assert_string_equal(result.sha256, message.sha256);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, 70000);
}

static void a_put_from_the_spool_can_be_repeated(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 70000);
	message.source.path = job_fixture_spool(fixture, "upload", 1, 70000);
	message.source.url = "http://127.0.0.1:1/";
	for (int i = 0; i < 3; i++)
		assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, 70000);
}

static void a_spool_file_is_read_and_hashed_for_a_store_that_cannot_take_it(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->memory, 70000);
	message.source.path = job_fixture_spool(fixture, "upload", 1, 70000);
	message.source.url = "http://127.0.0.1:1/";
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_string_equal(result.sha256, message.sha256);
	job_fixture_assert(fixture, &fixture->memory, "dir/key", 1, 70000);
}

static void paths_outside_the_spool_are_not_opened(void **state)
{
	struct job_fixture *fixture = *state;
	scratch_write(fixture->tree, "secret", "secret");
	const char *paths[] = {arena_printf(fixture->arena, "%s/secret", fixture->tree),
		arena_printf(fixture->arena, "%s/../secret", fixture->spool),
		arena_printf(fixture->arena, "%s/", fixture->spool),
		arena_printf(fixture->arena, "%s/gone", fixture->spool), "spool/x", ""};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct job_message message = put_message(fixture, &fixture->files, 6);
		message.sha256 = NULL;
		message.source.path = paths[i];
		assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_SOURCE_FAILED);
		message.source.url = gateway_url(fixture, 200, 6, 6); /* is used instead */
		assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
		job_fixture_assert(fixture, &fixture->files, "dir/key", 1, 6);
		message = job_fixture_message(fixture, JOB_DELETE, &fixture->files, "dir/key");
		assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
	}
}

static void a_put_after_its_deadline_does_nothing(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 6);
	message.deadline_unix_ms = clock_unix_ms() - 1;
	message.source.url = gateway_url(fixture, 200, 6, 6);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_DEADLINE);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, -1);
}

static void a_full_store_is_full_and_the_source_is_let_go(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->memory, 9 * 1024 * 1024);
	message.source.url = gateway_url(fixture, 200, message.size, message.size);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_FULL);
	message.size = -1; /* found out only in the middle */
	result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_FULL);
	job_fixture_assert(fixture, &fixture->memory, "dir/key", 1, -1);
}

static void a_key_that_the_store_refuses_is_invalid(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 6);
	message.key = "../escape";
	message.source.url = gateway_url(fixture, 200, 6, 6);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, job_fixture_setup, job_fixture_teardown)

/* Of any size: it was right when the gateway wrote it. */
static void a_spool_file_that_was_damaged_is_not_taken(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 0;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.path = job_fixture_spool(fixture, "flipped", 2, 4000);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_CHECKSUM);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, -1);
}

/* What the gateway says of a file that it has read back. */
static const char *state_of(struct job_fixture *fixture, const char *path)
{
	char text[FILE_STATE_SIZE];
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	file_state_print(&status, text);
	return arena_strdup(fixture->arena, text);
}

/* Only so can be seen that it was not read: it holds other bytes. */
static void a_spool_file_that_was_compared_is_taken_unread(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 0;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.path = job_fixture_spool(fixture, "other", 2, 4000);
	message.source.compared = state_of(fixture, message.source.path);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 4000);
	assert_string_equal(result.sha256, message.sha256);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 2, 4000);
}

static void a_store_that_copies_compares_for_itself(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 0;
	struct job_message message = put_message(fixture, &fixture->memory, 4000);
	message.source.path = job_fixture_spool(fixture, "other", 2, 4000);
	message.source.compared = state_of(fixture, message.source.path);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_CHECKSUM);
	job_fixture_assert(fixture, &fixture->memory, "dir/key", 1, -1);
}

static void a_spool_file_that_changed_since_it_was_compared_is_read_again(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 0;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	message.source.path = job_fixture_spool(fixture, "whole", 1, 4000);
	const char *compared = state_of(fixture, message.source.path);
	/* of another start of the system; and another file now */
	const char *states[] = {arena_printf(fixture->arena, "0%s", compared + 1), compared};
	message.source.path = job_fixture_spool(fixture, "damaged", 2, 4000);
	for (int i = 0; i < 2; i++) {
		message.source.compared = states[i];
		assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_CHECKSUM);
		job_fixture_assert(fixture, &fixture->files, "dir/key", 1, -1);
	}
}

/* The first run took the spool file away, by renaming, and its result was lost. */
static void what_was_put_before_is_found_there(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.path = job_fixture_spool(fixture, "moved", 1, 4000);
	message.source.url = gateway_url(fixture, 404, 0, 0);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
	(void)unlink(message.source.path);
	message.attempt = 2;
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 4000);
	assert_string_equal(result.sha256, message.sha256);
	job_fixture_assert(fixture, &fixture->files, "dir/key", 1, 4000);

	job_fixture_fill(fixture, &fixture->files, "dir/key", 2, 4000);
	result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_SOURCE_FAILED);
	assert_null(result.sha256);
	assert_int_equal(result.size, -1);
}

static void what_is_read_back_and_fits_is_told_by_its_hash(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 4000;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.path = job_fixture_spool(fixture, "whole", 1, 4000);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 4000);
	assert_string_equal(result.sha256, message.sha256);
}

static void more_bytes_than_are_read_back_are_only_counted(void **state)
{
	struct job_fixture *fixture = *state;
	fixture->environment.read_back_max = 3999;
	struct job_message message = put_message(fixture, &fixture->files, 4000);
	message.source.path = job_fixture_spool(fixture, "renamed", 1, 4000);
	message.source.url = gateway_url(fixture, 500, 0, 0);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_string_equal(result.sha256, message.sha256);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(inline_bytes_are_stored_hashed_and_measured),
		TEST(an_empty_inline_object_is_stored),
		TEST(a_url_is_pulled),
		TEST(a_source_that_fails_is_source_failed_whatever_its_status),
		TEST(wrong_bytes_are_refused_and_leave_the_old_object),
		TEST(a_spool_file_is_taken_and_hashed),
		TEST(a_put_from_the_spool_can_be_repeated),
		TEST(a_spool_file_is_read_and_hashed_for_a_store_that_cannot_take_it),
		TEST(paths_outside_the_spool_are_not_opened),
		TEST(a_put_after_its_deadline_does_nothing),
		TEST(a_full_store_is_full_and_the_source_is_let_go),
		TEST(a_key_that_the_store_refuses_is_invalid),
		TEST(a_spool_file_that_was_damaged_is_not_taken),
		TEST(a_spool_file_that_was_compared_is_taken_unread),
		TEST(a_store_that_copies_compares_for_itself),
		TEST(a_spool_file_that_changed_since_it_was_compared_is_read_again),
		TEST(what_was_put_before_is_found_there),
		TEST(what_is_read_back_and_fits_is_told_by_its_hash),
		TEST(more_bytes_than_are_read_back_are_only_counted),
	};
	return cmocka_run_group_tests(TESTS, start_gateway, stop_gateway);
}
