/* SPDX-License-Identifier: MIT */
#include "domain/intake.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "schemas/job_message.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char SHA256_OF_NOTHING[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#define X3_CRC32C    "d7ba8005"
#define X5000_SHA256 "c59d3c0480cc2d71d8f646e735e92da65450311eec46e81a5db8c7e6e8a92054"

struct fixture {
	char directory[SCRATCH_SIZE];
	struct spool *spool;
	struct arena *arena;
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	struct error err;
	scratch_make(fixture->directory);
	assert_int_equal(spool_create(fixture->directory, "http://gateway", "key", &fixture->spool, &err), 0);
	fixture->arena = arena_create();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	spool_free(fixture->spool);
	arena_free(fixture->arena);
	scratch_remove(fixture->directory);
	free(fixture);
	return 0;
}

/* A body of `length` bytes that comes in pieces, and breaks off after `fails_after`. */
struct body {
	size_t length, given, piece;
	size_t fails_after;
};

static ssize_t read_body(void *context, void *out, size_t size, struct error *err)
{
	struct body *body = context;
	if (body->given >= body->fails_after)
		return error_set(err, ERROR_BAD_REQUEST, "cut short");
	size_t left = body->length - body->given;
	size_t length = size < body->piece ? size : body->piece;
	length = length < left ? length : left;
	memset(out, 'x', length);
	body->given += length;
	return (ssize_t)length;
}

static const struct intake_limits LIMITS = {.inline_max = 1000, .object_max = 1000000};

static int receive(
	struct fixture *fixture, struct body body, int64_t expected, struct intake *out, struct error *err)
{
	return intake_receive(fixture->spool, &LIMITS, read_body, &body, expected, out, err);
}

static void few_bytes_stay_in_memory(void **state)
{
	struct fixture *fixture = *state;
	struct intake intake;
	struct error err;
	assert_int_equal(receive(fixture, (struct body){1000, 0, 7, SIZE_MAX}, 1000, &intake, &err), 0);
	assert_int_equal(intake.size, 1000);
	assert_non_null(intake.inline_bytes);
	assert_int_equal(scratch_count(fixture->directory), 0);
	intake_release(&intake);
}

static void an_empty_body_is_an_empty_object(void **state)
{
	struct fixture *fixture = *state;
	struct intake intake;
	struct error err;
	assert_int_equal(receive(fixture, (struct body){0, 0, 7, SIZE_MAX}, 0, &intake, &err), 0);
	assert_int_equal(intake.size, 0);
	assert_non_null(intake.inline_bytes);
	assert_string_equal(intake.sums.sha256, SHA256_OF_NOTHING);
	intake_release(&intake);
}

static void more_bytes_go_to_one_spool_file(void **state)
{
	struct fixture *fixture = *state;
	struct intake intake;
	struct error err;
	struct stat info;
	assert_int_equal(receive(fixture, (struct body){500001, 0, 4096, SIZE_MAX}, -1, &intake, &err), 0);
	assert_null(intake.inline_bytes);
	assert_int_equal(scratch_count(fixture->directory), 1);
	assert_int_equal(stat(spool_path(fixture->spool, fixture->arena, intake.file.name), &info), 0);
	assert_int_equal(info.st_size, 500001);
	intake_release(&intake);
	assert_int_equal(scratch_count(fixture->directory), 0);
}

static void a_kept_file_outlives_the_intake(void **state)
{
	struct fixture *fixture = *state;
	struct intake intake;
	struct error err;
	assert_int_equal(receive(fixture, (struct body){5000, 0, 4096, SIZE_MAX}, 5000, &intake, &err), 0);
	intake_keep(&intake);
	intake_release(&intake);
	assert_int_equal(scratch_count(fixture->directory), 1);
}

static void a_body_that_breaks_off_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	static const size_t PLACES[] = {0, 1, 999, 1000, 1001, 300000, 499999};
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
		struct intake intake;
		struct error err;
		assert_int_equal(
			receive(fixture, (struct body){500000, 0, 1, PLACES[i]}, 500000, &intake, &err), -1);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_int_equal(scratch_count(fixture->directory), 0);
	}
}

static int receive_claimed(
	struct fixture *fixture, size_t length, const struct checksum_claims *claims, struct error *err)
{
	struct intake_limits limits = LIMITS;
	struct body body = {length, 0, 4096, SIZE_MAX};
	CLEANUP(intake_release) struct intake intake = INTAKE_NONE;
	limits.claims = claims;
	return intake_receive(fixture->spool, &limits, read_body, &body, -1, &intake, err);
}

/* "xxx", and 5000 times "x" */
static void bytes_that_are_not_the_announced_ones_leave_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	static const struct checksum_claims RIGHT[] = {
		{{.md5 = "f561aaf6ef0bf14d4208bb46a4ccb3ad", .crc32c = X3_CRC32C}, 0},
		{{.sha256 = X5000_SHA256}, 0},
	};
	static const size_t LENGTHS[] = {3, 5000};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(receive_claimed(fixture, LENGTHS[i], &RIGHT[i], &err), 0);
		assert_int_equal(receive_claimed(fixture, LENGTHS[i] + 1, &RIGHT[i], &err), -1);
		assert_int_equal(err.code, ERROR_CHECKSUM);
		assert_int_equal(scratch_count(fixture->directory), 0);
	}
}

static void only_what_was_asked_for_is_computed(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	struct checksum_claims claims = {.wanted = 1 << CHECKSUM_CRC32C};
	struct intake_limits limits = LIMITS;
	struct intake intake;
	limits.claims = &claims;
	assert_int_equal(intake_take(fixture->spool, &limits, "xxx", 3, &intake, &err), 0);
	assert_string_equal(intake.sums.crc32c, X3_CRC32C);
	assert_string_equal(intake.sums.md5, "");
	assert_int_equal(strlen(intake.sums.sha256), 64);
	intake_release(&intake);
}

static void what_is_not_waited_for_is_always_spooled(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	struct intake_limits limits = LIMITS;
	struct intake intake;
	limits.durable = true;
	assert_int_equal(intake_take(fixture->spool, &limits, "", 0, &intake, &err), 0);
	assert_null(intake.inline_bytes);
	assert_int_equal(scratch_count(fixture->directory), 1);
	intake_release(&intake);
	assert_int_equal(scratch_count(fixture->directory), 0);
}

/* Bytes that differ from place to place, in pieces that fit no buffer. */
static ssize_t read_numbers(void *context, void *out, size_t size, struct error *err)
{
	(void)err;
	struct body *body = context;
	size_t left = body->length - body->given, length = size < body->piece ? size : body->piece;
	length = length < left ? length : left;
	for (size_t i = 0; i < length; i++, body->given++)
		((unsigned char *)out)[i] = (unsigned char)(body->given * 2654435761U >> 13);
	return (ssize_t)length;
}

/* A file that was read back is told by its state. */
static void assert_compared(struct fixture *fixture, const struct intake *intake, bool expected)
{
	struct stat info;
	char text[FILE_STATE_SIZE] = "";
	assert_int_equal(stat(spool_path(fixture->spool, fixture->arena, intake->file.name), &info), 0);
	if (expected)
		file_state_print(&info, text);
	assert_string_equal(intake->compared, text);
}

static void many_bytes_are_hashed_beside_their_receiving(void **state)
{
	struct fixture *fixture = *state;
	static const size_t SIZES[] = {1 << 20, (1 << 20) + 1, 3 << 20, (5 << 20) + 12345};
	for (size_t i = 0; i < 2 * sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		size_t size = SIZES[i / 2];
		struct body body = {size, 0, 60001, SIZE_MAX}, again = body;
		struct intake_limits limits = {
			.inline_max = 1000, .object_max = 8 << 20, .for_disk = i % 2 == 1};
		struct intake intake;
		struct error err;
		char sha256[DIGEST_HEX_SIZE];
		CLEANUP(cleanup_free) char *bytes = memory_alloc(size);
		while (again.given < size)
			assert_true(read_numbers(&again, bytes + again.given, size - again.given, &err) > 0);
		digest_sha256_hex(bytes, size, sha256);
		int64_t announced = i % 2 ? (int64_t)size : -1;
		assert_int_equal(intake_receive(fixture->spool, &limits, read_numbers, &body, announced,
					 &intake, &err),
			0);
		assert_int_equal(intake.size, size);
		assert_string_equal(intake.sums.sha256, sha256);
		assert_compared(fixture, &intake, limits.for_disk);
		intake_release(&intake);
	}
	assert_int_equal(scratch_count(fixture->directory), 0);
}

/* ... which a store that takes them in blocks can use: only where there is more than a block, and only if asked. */
static void many_bytes_may_have_the_sums_of_their_blocks(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		size_t size;
		bool announced, asked;
		size_t blocks;
	} CASES[] = {{JOB_BLOCK_SIZE - 1, true, true, 0}, {JOB_BLOCK_SIZE, true, true, 1},
		{JOB_BLOCK_SIZE + 1, false, true, 2}, {JOB_BLOCK_SIZE + 1, true, false, 0}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		const struct intake_limits limits = {
			.inline_max = 1000, .object_max = 16 << 20, .in_blocks = CASES[i].asked};
		struct body body = {CASES[i].size, 0, 60001, SIZE_MAX};
		int64_t announced = CASES[i].announced ? (int64_t)CASES[i].size : -1;
		CLEANUP(intake_release) struct intake intake = INTAKE_NONE;
		struct error err;
		assert_int_equal(intake_receive(fixture->spool, &limits, read_numbers, &body, announced,
					 &intake, &err),
			0);
		assert_int_equal(intake.summer.blocks.sums.length, CASES[i].blocks * JOB_BLOCK_SUM_SIZE);
	}
}

static void many_bytes_that_break_off_leave_nothing(void **state)
{
	struct fixture *fixture = *state;
	for (int for_disk = 0; for_disk < 2; for_disk++) {
		const struct intake_limits limits = {
			.inline_max = 1000, .object_max = 8 << 20, .for_disk = for_disk};
		struct body body = {4 << 20, 0, 65536, 3 << 20};
		struct intake intake;
		struct error err;
		assert_int_equal(
			intake_receive(fixture->spool, &limits, read_body, &body, 4 << 20, &intake, &err),
			-1);
		assert_int_equal(err.code, ERROR_BAD_REQUEST);
		assert_int_equal(scratch_count(fixture->directory), 0);
	}
}

static void too_large_is_refused_announced_or_not(void **state)
{
	struct fixture *fixture = *state;
	struct intake intake;
	struct error err;
	struct body body = {1000001, 0, 65536, SIZE_MAX};
	assert_int_equal(receive(fixture, body, 1000001, &intake, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_int_equal(receive(fixture, body, -1, &intake, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_int_equal(scratch_count(fixture->directory), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(few_bytes_stay_in_memory),
		TEST(an_empty_body_is_an_empty_object),
		TEST(more_bytes_go_to_one_spool_file),
		TEST(a_kept_file_outlives_the_intake),
		TEST(a_body_that_breaks_off_leaves_nothing),
		TEST(bytes_that_are_not_the_announced_ones_leave_nothing),
		TEST(only_what_was_asked_for_is_computed),
		TEST(what_is_not_waited_for_is_always_spooled),
		TEST(many_bytes_are_hashed_beside_their_receiving),
		TEST(many_bytes_may_have_the_sums_of_their_blocks),
		TEST(many_bytes_that_break_off_leave_nothing),
		TEST(too_large_is_refused_announced_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
