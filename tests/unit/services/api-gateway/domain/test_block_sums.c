/* SPDX-License-Identifier: MIT */
#include "domain/block_sums.h"

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/memory.h"
#include "schemas/job_message.h"
#include "support/cmocka.h"

#include <string.h>

enum { PIECE = 1000003 }; /* fits no block */

static char *pattern(size_t length)
{
	char *bytes = memory_alloc(length);
	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	return bytes;
}

static void add(struct block_sums *sums, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length; at += PIECE)
		block_sums_update(sums, bytes + at, length - at < PIECE ? length - at : PIECE);
	block_sums_finish(sums);
}

static void each_block_has_its_sum(void **state)
{
	(void)state;
	static const size_t SIZES[] = {
		1, JOB_BLOCK_SIZE - 1, JOB_BLOCK_SIZE, JOB_BLOCK_SIZE + 1, 2 * JOB_BLOCK_SIZE};
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		CLEANUP(block_sums_release) struct block_sums sums;
		CLEANUP(cleanup_free) char *bytes = pattern(SIZES[i]);
		size_t count = (SIZES[i] + JOB_BLOCK_SIZE - 1) / JOB_BLOCK_SIZE;
		block_sums_init(&sums);
		add(&sums, bytes, SIZES[i]);
		assert_int_equal(sums.sums.length, count * JOB_BLOCK_SUM_SIZE);
		for (size_t block = 0; block < count; block++) {
			size_t at = block * JOB_BLOCK_SIZE, left = SIZES[i] - at;
			unsigned char expected[32];
			digest_sha256(bytes + at, left < JOB_BLOCK_SIZE ? left : JOB_BLOCK_SIZE, expected);
			assert_memory_equal(sums.sums.data + block * JOB_BLOCK_SUM_SIZE, expected, 32);
		}
	}
}

static void nothing_has_none_and_nobody_asked_gets_none(void **state)
{
	(void)state;
	CLEANUP(block_sums_release) struct block_sums asked, not_asked = {0};
	block_sums_init(&asked);
	add(&asked, "", 0);
	assert_int_equal(asked.sums.length, 0);
	add(&not_asked, "xxx", 3);
	assert_int_equal(not_asked.sums.length, 0);
}

/* As if all but the last of them had passed: hashing 8 GiB would take too long here. */
static void too_many_blocks_have_none(void **state)
{
	(void)state;
	static const char ZEROS[JOB_BLOCK_SUM_SIZE];
	for (int more = 0; more < 2; more++) {
		CLEANUP(block_sums_release) struct block_sums sums;
		block_sums_init(&sums);
		for (int i = 1; i < BLOCK_SUMS_MAX + more; i++)
			buf_append(&sums.sums, ZEROS, sizeof(ZEROS));
		add(&sums, "x", 1);
		assert_int_equal(sums.sums.length, more ? 0 : BLOCK_SUMS_MAX * JOB_BLOCK_SUM_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_block_has_its_sum),
		cmocka_unit_test(nothing_has_none_and_nobody_asked_gets_none),
		cmocka_unit_test(too_many_blocks_have_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
