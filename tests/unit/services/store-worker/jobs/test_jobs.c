/* SPDX-License-Identifier: MIT */
/* Every job but put: the job table, get, stat, delete, verify, copy. */
#include "common/buf.h"
#include "common/clock.h"
#include "common/ticket.h"
#include "support/cmocka.h"
#include "support/store_job_fixture.h"

#include <string.h>

static struct result_message run(struct job_fixture *fixture, enum job_kind kind,
	const struct store_descriptor *store, const char *key)
{
	struct job_message message = job_fixture_message(fixture, kind, store, key);
	return job_fixture_run(fixture, &message);
}

/* --- the table */

static void a_kind_without_a_row_is_unsupported(void **state)
{
	struct job_fixture *fixture = *state;
	assert_int_equal(run(fixture, JOB_AUDIT, &fixture->files, NULL).code, ERROR_UNSUPPORTED);
}

static void a_store_that_cannot_be_opened_says_why(void **state)
{
	struct job_fixture *fixture = *state;
	struct store_descriptor zip = {.pk = 9, .type = STORE_ZIP, .bucket = "../x", .site = "default"};
	struct result_message result = run(fixture, JOB_STAT, &zip, "key");
	assert_int_equal(result.code, ERROR_INVALID);
	assert_non_null(strstr(result.message, "the store's path"));
}

static void a_job_after_its_deadline_is_not_begun(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 10);
	struct job_message message = job_fixture_message(fixture, JOB_DELETE, &fixture->files, "key");
	message.deadline_unix_ms = clock_unix_ms() - 1;
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_DEADLINE);
	job_fixture_assert(fixture, &fixture->files, "key", 1, 10);
}

/* --- get */

static void few_bytes_come_in_the_result(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 1000);
	struct result_message result = run(fixture, JOB_GET, &fixture->files, "key");
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 1000);
	assert_int_equal(result.inline_length, 1000);
	assert_null(result.url);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(((const unsigned char *)result.inline_bytes)[i], pattern_byte(1, i));
}

static void an_empty_object_comes_in_the_result(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->memory, "key", 1, 0);
	struct job_message message = job_fixture_message(fixture, JOB_GET, &fixture->memory, "key");
	message.inline_max = 0;
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_non_null(result.inline_bytes);
	assert_int_equal(result.inline_length, 0);
	assert_null(result.url);
}

static void a_range_of_a_large_object_comes_in_the_result(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	struct job_message message = job_fixture_message(fixture, JOB_GET, &fixture->files, "key");
	message.range_first = 100;
	message.range_last = 109;
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.size, 5000);
	assert_int_equal(result.inline_length, 10);
	assert_int_equal(*(const unsigned char *)result.inline_bytes, pattern_byte(1, 100));
}

static void many_bytes_come_as_a_ticket_that_names_them(void **state)
{
	struct job_fixture *fixture = *state;
	struct error err;
	struct buf claims = {0};
	struct job_message claimed;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	struct job_message message = job_fixture_message(fixture, JOB_GET, &fixture->files, "key");
	message.range_first = 10;
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 5000);
	assert_null(result.inline_bytes);
	size_t prefix = strlen(fixture->environment.bytes_url);
	assert_memory_equal(result.url, fixture->environment.bytes_url, prefix);
	assert_int_equal(
		ticket_verify(JOB_FIXTURE_KEY, result.url + prefix, clock_unix_ms(), &claims, &err), 0);
	assert_int_equal(job_message_unpack(claims.data, claims.length, fixture->arena, &claimed, &err), 0);
	assert_int_equal(claimed.store.pk, 1);
	assert_string_equal(claimed.store.bucket, "files");
	assert_string_equal(claimed.key, "key");
	assert_int_equal(claimed.range_first, 10);
	assert_int_equal(claimed.range_last, -1);
	buf_release(&claims);
}

static void no_job_gets_more_than_a_mebibyte_inline(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->memory, "key", 1, JOB_INLINE_LIMIT + 1);
	struct job_message message = job_fixture_message(fixture, JOB_GET, &fixture->memory, "key");
	message.inline_max = INT64_MAX;
	assert_non_null(job_fixture_run(fixture, &message).url);
	message.range_first = 1;
	assert_int_equal(job_fixture_run(fixture, &message).inline_length, JOB_INLINE_LIMIT);
}

static void a_missing_object_and_a_range_beyond_the_end_are_errors(void **state)
{
	struct job_fixture *fixture = *state;
	assert_int_equal(run(fixture, JOB_GET, &fixture->files, "key").code, ERROR_NOT_FOUND);
	assert_int_equal(run(fixture, JOB_GET, &fixture->memory, "key").code, ERROR_NOT_FOUND);
	job_fixture_fill(fixture, &fixture->files, "key", 1, 100);
	struct job_message message = job_fixture_message(fixture, JOB_GET, &fixture->files, "key");
	message.range_first = 100;
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_RANGE);
}

/* --- stat, delete, verify */

static void stat_tells_size_and_time(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 123);
	struct result_message result = run(fixture, JOB_STAT, &fixture->files, "key");
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 123);
	assert_true(result.modified_unix_ms > clock_unix_ms() - 60000);
	assert_int_equal(run(fixture, JOB_STAT, &fixture->files, "other").code, ERROR_NOT_FOUND);
}

static void delete_removes_and_can_be_repeated(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 123);
	assert_int_equal(run(fixture, JOB_DELETE, &fixture->files, "key").code, ERROR_NONE);
	job_fixture_assert(fixture, &fixture->files, "key", 1, -1);
	assert_int_equal(run(fixture, JOB_DELETE, &fixture->files, "key").code, ERROR_NONE);
}

static void verify_hashes_what_is_stored(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 100000);
	struct job_message message = job_fixture_message(fixture, JOB_VERIFY, &fixture->files, "key");
	message.sha256 = job_fixture_sha256(fixture, 1, 100000);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 100000);
	assert_string_equal(result.sha256, message.sha256);
	message.sha256 = job_fixture_sha256(fixture, 2, 100000);
	result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_CHECKSUM);
	assert_string_equal(result.sha256, job_fixture_sha256(fixture, 1, 100000));
}

/* --- copy */

static struct job_message copy_message(
	struct job_fixture *fixture, const struct store_descriptor *from, const struct store_descriptor *to)
{
	struct job_message message = job_fixture_message(fixture, JOB_COPY, from, "from");
	message.to = *to;
	message.to_key = "dir/to";
	return message;
}

static void copy_moves_bytes_between_any_two_stores(void **state)
{
	struct job_fixture *fixture = *state;
	const struct store_descriptor *stores[] = {&fixture->files, &fixture->memory, &fixture->other};
	for (int i = 0; i < 9; i++) {
		struct job_message message = copy_message(fixture, stores[i / 3], stores[i % 3]);
		job_fixture_fill(fixture, stores[i / 3], "from", (unsigned)i, 700000 + i);
		struct result_message result = job_fixture_run(fixture, &message);
		assert_int_equal(result.code, ERROR_NONE);
		assert_int_equal(result.size, 700000 + i);
		assert_string_equal(result.sha256, job_fixture_sha256(fixture, (unsigned)i, 700000 + i));
		job_fixture_assert(fixture, stores[i % 3], "dir/to", (unsigned)i, 700000 + i);
		job_fixture_assert(fixture, stores[i / 3], "from", (unsigned)i, 700000 + i);
		run(fixture, JOB_DELETE, stores[i / 3], "from");
		run(fixture, JOB_DELETE, stores[i % 3], "dir/to");
	}
}

static void copy_of_corrupt_bytes_leaves_no_target(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "from", 1, 100000);
	struct job_message message = copy_message(fixture, &fixture->files, &fixture->other);
	message.sha256 = job_fixture_sha256(fixture, 2, 100000);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_CHECKSUM);
	job_fixture_assert(fixture, &fixture->other, "dir/to", 1, -1);
}

static void copy_into_a_full_store_stops_reading_and_leaves_no_target(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "from", 1, 9 * 1024 * 1024);
	struct job_message message = copy_message(fixture, &fixture->files, &fixture->memory);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_FULL);
	job_fixture_assert(fixture, &fixture->memory, "dir/to", 1, -1);
}

static void copy_of_a_missing_object_is_not_found(void **state)
{
	struct job_fixture *fixture = *state;
	struct job_message message = copy_message(fixture, &fixture->files, &fixture->other);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NOT_FOUND);
}

static void copy_onto_itself_changes_nothing(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "from", 1, 100);
	struct job_message message = copy_message(fixture, &fixture->files, &fixture->files);
	message.to_key = "from";
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
	job_fixture_assert(fixture, &fixture->files, "from", 1, 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, job_fixture_setup, job_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(a_kind_without_a_row_is_unsupported),
		TEST(a_store_that_cannot_be_opened_says_why),
		TEST(a_job_after_its_deadline_is_not_begun),
		TEST(few_bytes_come_in_the_result),
		TEST(an_empty_object_comes_in_the_result),
		TEST(a_range_of_a_large_object_comes_in_the_result),
		TEST(many_bytes_come_as_a_ticket_that_names_them),
		TEST(no_job_gets_more_than_a_mebibyte_inline),
		TEST(a_missing_object_and_a_range_beyond_the_end_are_errors),
		TEST(stat_tells_size_and_time),
		TEST(delete_removes_and_can_be_repeated),
		TEST(verify_hashes_what_is_stored),
		TEST(copy_moves_bytes_between_any_two_stores),
		TEST(copy_of_corrupt_bytes_leaves_no_target),
		TEST(copy_into_a_full_store_stops_reading_and_leaves_no_target),
		TEST(copy_of_a_missing_object_is_not_found),
		TEST(copy_onto_itself_changes_nothing),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
