/* SPDX-License-Identifier: MIT */
#include "domain/read_back.h"

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/memory.h"
#include "domain/checksums.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 100001, PIECES = 37 };

struct fixture {
	char directory[SCRATCH_SIZE];
	int fd;
	struct checksummer summer;
	struct read_back *read_back;
	struct digest *expected;
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	char path[2 * SCRATCH_SIZE];
	scratch_make(fixture->directory);
	snprintf(path, sizeof(path), "%s/file", fixture->directory);
	fixture->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fixture->fd >= 0);
	checksummer_init(&fixture->summer, NULL);
	fixture->expected = digest_create(DIGEST_SHA256);
	fixture->read_back = read_back_start(fixture->fd, &fixture->summer);
	assert_non_null(fixture->read_back);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	close(fixture->fd);
	checksummer_release(&fixture->summer);
	digest_free(fixture->expected);
	scratch_remove(fixture->directory);
	free(fixture);
	return 0;
}

/* Notes a piece, of which the file gets as many bytes, the last of them with that bit flipped. */
static void add(struct fixture *fixture, unsigned char seed, size_t written, unsigned char flip)
{
	CLEANUP(cleanup_free) unsigned char *piece = memory_alloc(PIECE);
	for (size_t i = 0; i < PIECE; i++)
		piece[i] = (unsigned char)(i * 31 + seed);
	digest_update(fixture->expected, piece, PIECE);
	piece[PIECE - 1] ^= flip;
	assert_int_equal(write(fixture->fd, piece, written), written);
	piece[PIECE - 1] ^= flip;
	read_back_note(fixture->read_back, piece, PIECE);
}

static void what_the_file_holds_is_hashed(void **state)
{
	struct fixture *fixture = *state;
	char expected[DIGEST_HEX_SIZE];
	struct checksums sums;
	struct error err;
	for (int i = 0; i < PIECES; i++)
		add(fixture, (unsigned char)i, PIECE, 0);
	assert_int_equal(read_back_end(fixture->read_back, &err), 0);
	checksummer_finish(&fixture->summer, &sums);
	digest_finish_hex(fixture->expected, expected);
	assert_string_equal(sums.sha256, expected);
}

static void a_bit_that_came_and_is_not_there_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	for (int i = 0; i < PIECES; i++)
		add(fixture, (unsigned char)i, PIECE, i == PIECES / 2 ? 1 : 0);
	assert_int_equal(read_back_end(fixture->read_back, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
}

static void bytes_that_are_missing_are_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	for (int i = 0; i < PIECES; i++)
		add(fixture, (unsigned char)i, i == PIECES - 1 ? PIECE - 1 : PIECE, 0);
	assert_int_equal(read_back_end(fixture->read_back, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
}

static void nothing_written_is_nothing_read(void **state)
{
	struct fixture *fixture = *state;
	struct error err;
	assert_int_equal(read_back_end(fixture->read_back, &err), 0);
}

static void it_can_be_abandoned_at_any_time(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < PIECES; i++)
		add(fixture, (unsigned char)i, PIECE, 0);
	read_back_abandon(fixture->read_back);
	read_back_abandon(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_file_holds_is_hashed),
		TEST(a_bit_that_came_and_is_not_there_is_noticed),
		TEST(bytes_that_are_missing_are_noticed),
		TEST(nothing_written_is_nothing_read),
		TEST(it_can_be_abandoned_at_any_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
