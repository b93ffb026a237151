/* SPDX-License-Identifier: MIT */
/* What a put asks of an S3 server, and how it is sure of what the server has. */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/memory.h"
#include "common/seal.h"
#include "support/cmocka.h"
#include "support/store_fake_http.h"
#include "support/store_job_fixture.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = 1000 };

static struct fake_http *fake;

/* Runs a put of pattern bytes against a server that follows the script. */
static struct result_message put(
	struct job_fixture *fixture, const struct fake_step *steps, size_t count, int64_t read_back_max)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	fake = fake_http_start(steps, count);
	CLEANUP(cleanup_free) char *context = memory_printf("s3_config:%s", fake_http_url(fake));
	seal_text(fixture->stores.secret_key, context, "secret", &sealed);
	const struct store_descriptor bucket = {.pk = 9,
		.type = STORE_BUCKET,
		.bucket = "bucket",
		.site = "default",
		.s3_url = fake_http_url(fake),
		.s3_access_key = "access",
		.s3_secret_sealed = sealed.data};
	CLEANUP(cleanup_free) char *bytes = memory_alloc(SIZE);
	for (int i = 0; i < SIZE; i++)
		bytes[i] = (char)pattern_byte(1, i);
	struct job_message message = job_fixture_message(fixture, JOB_PUT, &bucket, "key");
	message.size = SIZE;
	message.sha256 = job_fixture_sha256(fixture, 1, SIZE);
	message.source.inline_bytes = bytes;
	message.source.inline_length = SIZE;
	fixture->environment.read_back_max = read_back_max;
	return job_fixture_run(fixture, &message);
}

/* Ends the server; it must have been asked just that. */
static void expect_requests(const char *const *expected)
{
	size_t count = 0;
	for (; expected[count]; count++)
		assert_memory_equal(fake_http_request(fake, count), expected[count], strlen(expected[count]));
	assert_int_equal(fake_http_count(fake), count);
	fake_http_stop(fake);
}
#define EXPECT_REQUESTS(...) expect_requests((const char *const[]){__VA_ARGS__, NULL})

static const char *etag(struct job_fixture *fixture, unsigned seed)
{
	char hex[DIGEST_HEX_SIZE];
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_MD5);
	for (int i = 0; i < SIZE; i++) {
		char byte = (char)pattern_byte(seed, i);
		digest_update(digest, &byte, 1);
	}
	digest_finish_hex(digest, hex);
	return arena_printf(fixture->arena, "ETag: \"%s\"\r\n", hex);
}

static const char *pattern(struct job_fixture *fixture, unsigned seed)
{
	char *bytes = arena_alloc(fixture->arena, SIZE);
	for (int i = 0; i < SIZE; i++)
		bytes[i] = (char)pattern_byte(seed, i);
	return bytes;
}

static void a_server_that_tells_the_right_md5_need_not_give_the_bytes_back(void **state)
{
	struct job_fixture *fixture = *state;
	const struct fake_step steps[] = {{.status = 200, .headers = etag(fixture, 1)}};
	struct result_message result = put(fixture, steps, 1, SIZE);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, SIZE);
	EXPECT_REQUESTS("PUT /bucket/key ");
}

static void what_may_be_no_md5_is_read_back(void **state)
{
	struct job_fixture *fixture = *state;
	const char *tags[] = {etag(fixture, 2), "ETag: \"0123-1\"\r\n", NULL};
	for (int i = 0; i < 3; i++) {
		const struct fake_step steps[] = {{.status = 200, .headers = tags[i]},
			{.status = 200, .body = pattern(fixture, 1), .length = SIZE, .headers = tags[i]}};
		assert_int_equal(put(fixture, steps, 2, SIZE).code, ERROR_NONE);
		EXPECT_REQUESTS("PUT /bucket/key ", "GET /bucket/key ");
	}
}

static void what_is_read_back_and_differs_is_removed(void **state)
{
	struct job_fixture *fixture = *state;
	const char *tag = etag(fixture, 2);
	const struct fake_step steps[] = {{.status = 200, .headers = tag},
		{.status = 200, .body = pattern(fixture, 2), .length = SIZE, .headers = tag},
		{.status = 204}};
	assert_int_equal(put(fixture, steps, 3, SIZE).code, ERROR_CHECKSUM);
	EXPECT_REQUESTS("PUT /bucket/key ", "GET /bucket/key ", "DELETE /bucket/key ");
}

static void many_bytes_are_counted_by_the_server(void **state)
{
	struct job_fixture *fixture = *state;
	const struct fake_step steps[] = {{.status = 200}, {.status = 200, .announced = SIZE}};
	assert_int_equal(put(fixture, steps, 2, SIZE - 1).code, ERROR_NONE);
	EXPECT_REQUESTS("PUT /bucket/key ", "HEAD /bucket/key ");
	const struct fake_step fewer[] = {{.status = 200}, {.status = 200, .announced = SIZE - 1}};
	assert_int_equal(put(fixture, fewer, 2, SIZE - 1).code, ERROR_INTERNAL);
	EXPECT_REQUESTS("PUT /bucket/key ", "HEAD /bucket/key ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, job_fixture_setup, job_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_server_that_tells_the_right_md5_need_not_give_the_bytes_back),
		TEST(what_may_be_no_md5_is_read_back),
		TEST(what_is_read_back_and_differs_is_removed),
		TEST(many_bytes_are_counted_by_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
