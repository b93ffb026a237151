/* SPDX-License-Identifier: MIT */
/* What happens between the worker and the S3 server: bytes that change are refused by that server, since what is
 * signed holds their hash; parts of one upload are on their way at the same time. */
#include "support/store_bucket.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/memory.h"
#include "common/random.h"
#include "schemas/job_message.h"
#include "store/store.h"
#include "store/store_driver.h"

#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/store_conformance.h"
#include "support/tcp_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct s3_server server;
static struct tcp_proxy *proxy;
static struct bucket_fixture fixture;
static char bucket[64];

static int set_up(void **state)
{
	(void)state;
	static char url[64];
	char host[64], name[17];
	int port;
	server = s3_server_from_env();
	assert_int_equal(sscanf(server.url, "http://%63[^:/]:%d", host, &port), 2);
	proxy = tcp_proxy_create(strcmp(host, "localhost") ? host : "127.0.0.1", port);
	random_hex(name, 8);
	snprintf(bucket, sizeof(bucket), "network-%s", name);
	assert_int_equal(S3_TOOL(NULL, "make-bucket", bucket), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", proxy->port);
	server.url = url;
	bucket_fixture_open(&fixture, &server, bucket, BUCKET_STALL_MS);
	return 0;
}

/* Anew, with parts of that size. */
static void open_store(int64_t part_size)
{
	struct error err;
	const struct store_descriptor descriptor = {.type = STORE_BUCKET,
		.bucket = bucket,
		.s3_url = server.url,
		.s3_region = server.region,
		.s3_access_key = server.access_key};
	bucket_driver.close(fixture.store);
	fixture.environment.s3_part_size = part_size;
	assert_int_equal(bucket_fixture_try(&fixture, &descriptor, server.secret_key, &err), 0);
}

static int tear_down(void **state)
{
	(void)state;
	bucket_fixture_close(&fixture);
	tcp_proxy_free(proxy);
	return 0;
}

static int put(int64_t size, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, 1, size);
	return store_put(fixture.store, "key", &source.base, NULL, err);
}

/* From a file, which is sent while it is hashed. */
static int put_file(int64_t size, struct error *err)
{
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
	struct file_source source;
	scratch_make(tree);
	snprintf(path, sizeof(path), "%s/file", tree);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	assert_int_equal(file_source_open(&source, path, err), 0);
	int result = store_put(fixture.store, "key", &source.base, NULL, err);
	file_source_release(&source);
	scratch_remove(tree);
	return result;
}

static void one_flipped_byte_of_a_file_fails_the_put_too(void **state)
{
	(void)state;
	struct error err;
	struct object_info info;
	proxy->flips_at = 300000;
	assert_int_equal(put_file(3 * BUCKET_PART_SIZE, &err), -1);
	assert_true(proxy->flips_at == 0);
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(put_file(3 * BUCKET_PART_SIZE, &err), 0);
	assert_int_equal(store_remove(fixture.store, "key", &err), 0);
}

/* --- parts whose sums came with the file */

/* A file that may be read by whoever sends it, and is not by who sums it. */
struct summed_file {
	struct file_source file;
	int64_t skipped;
};

static ssize_t refuse_to_read(struct source *base, void *out, size_t size, struct error *err)
{
	(void)out;
	(void)size;
	if (((struct summed_file *)base)->skipped == base->size)
		return 0; /* its end may be asked for */
	return error_set(err, ERROR_INTERNAL, "there was no need to read this");
}

static int note_skipped(struct source *base, int64_t length, struct error *err)
{
	(void)err;
	((struct summed_file *)base)->skipped += length;
	return 0;
}

/* Puts blocks of zeros, of which the last is half as long, with these sums. */
static int put_blocks(int blocks, const unsigned char *sums, struct error *err)
{
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
	struct summed_file source = {.skipped = 0};
	scratch_make(tree);
	scratch_write(tree, "file", "");
	snprintf(path, sizeof(path), "%s/file", tree);
	assert_int_equal(truncate(path, (int64_t)blocks * JOB_BLOCK_SIZE - JOB_BLOCK_SIZE / 2), 0);
	assert_int_equal(file_source_open(&source.file, path, err), 0);
	source.file.base.read = refuse_to_read;
	source.file.base.pass_over = note_skipped;
	source.file.base.blocks = sums;
	int result = store_put(fixture.store, "key", &source.file.base, NULL, err);
	file_source_release(&source.file);
	scratch_remove(tree);
	return result;
}

static void a_file_with_the_sums_of_its_blocks_is_sent_without_being_read_for_them(void **state)
{
	(void)state;
	enum { BLOCKS = 3 };
	CLEANUP(cleanup_free) char *zeros = memory_alloc(JOB_BLOCK_SIZE);
	unsigned char sums[BLOCKS * JOB_BLOCK_SUM_SIZE];
	struct object_info info;
	struct error err = {0};
	for (int i = 0; i < BLOCKS; i++)
		digest_sha256(zeros, i < BLOCKS - 1 ? JOB_BLOCK_SIZE : JOB_BLOCK_SIZE / 2,
			sums + i * JOB_BLOCK_SUM_SIZE);
	open_store(JOB_BLOCK_SIZE);
	if (put_blocks(BLOCKS, sums, &err) != 0)
		fail_msg("%s (%s)", err.message, err.cause);
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), 0);
	assert_int_equal(info.size, (BLOCKS * 2 - 1) * (JOB_BLOCK_SIZE / 2));
	assert_int_equal(store_remove(fixture.store, "key", &err), 0);
	sums[2 * JOB_BLOCK_SUM_SIZE] ^= 1; /* the server compares each part with its sum */
	assert_int_equal(put_blocks(BLOCKS, sums, &err), -1);
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	open_store(BUCKET_PART_SIZE); /* whose parts are no blocks: the file must be read */
	assert_int_equal(put_blocks(BLOCKS, sums, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
}

static void one_flipped_byte_fails_the_put_and_leaves_nothing(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {500000, 2 * BUCKET_PART_SIZE};
	for (int i = 0; i < 2; i++) {
		struct error err;
		struct object_info info;
		proxy->flips_at = 300000;
		assert_int_equal(put(SIZES[i], &err), -1);
		assert_true(proxy->flips_at == 0);
		assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
		assert_int_equal(err.code, ERROR_NOT_FOUND);
		assert_int_equal(put(SIZES[i], &err), 0);
		assert_int_equal(store_remove(fixture.store, "key", &err), 0);
	}
}

/* No part reaches the server before as many as the setting allows are there. */
static void as_many_parts_of_an_upload_are_on_their_way_as_the_setting_says(void **state)
{
	(void)state;
	static int (*const PUTS[])(int64_t, struct error *) = {put, put_file};
	for (int i = 0; i < 2; i++) {
		struct error err;
		struct object_info info;
		proxy->gatherings = 0;
		proxy->gathers = fixture.environment.s3_parallel_parts;
		if (PUTS[i](2 * proxy->gathers * BUCKET_PART_SIZE, &err) != 0)
			fail_msg("%s: %s (%s)", i ? "file" : "bytes", err.message, err.cause);
		assert_int_equal(proxy->gatherings, 2);
		proxy->gathers = 0;
		assert_int_equal(store_stat(fixture.store, "key", &info, &err), 0);
		assert_int_equal(info.size, 6 * BUCKET_PART_SIZE);
		assert_int_equal(store_remove(fixture.store, "key", &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flipped_byte_fails_the_put_and_leaves_nothing),
		cmocka_unit_test(one_flipped_byte_of_a_file_fails_the_put_too),
		cmocka_unit_test(a_file_with_the_sums_of_its_blocks_is_sent_without_being_read_for_them),
		cmocka_unit_test(as_many_parts_of_an_upload_are_on_their_way_as_the_setting_says),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
