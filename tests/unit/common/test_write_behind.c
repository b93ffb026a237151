/* SPDX-License-Identifier: MIT */
#include "common/write_behind.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void bytes_go_to_the_disk_in_steps(void **state)
{
	(void)state;
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
	struct write_behind behind = {0};
	scratch_make(tree);
	snprintf(path, sizeof(path), "%s/file", tree);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 3 * WRITE_BEHIND_STEP), 0);
	write_behind_advance(&behind, fd, WRITE_BEHIND_STEP - 1);
	assert_int_equal(behind.begun, 0);
	write_behind_advance(&behind, fd, WRITE_BEHIND_STEP + 5);
	assert_int_equal(behind.begun, WRITE_BEHIND_STEP + 5);
	write_behind_advance(&behind, fd, 2 * WRITE_BEHIND_STEP);
	assert_int_equal(behind.begun, WRITE_BEHIND_STEP + 5);
	write_behind_all(fd);
	close(fd);
	scratch_remove(tree);
}

/* It is a hint: a pipe takes none. */
static void where_it_cannot_be_done_nothing_happens(void **state)
{
	(void)state;
	int ends[2];
	struct write_behind behind = {0};
	assert_int_equal(pipe(ends), 0);
	write_behind_advance(&behind, ends[1], WRITE_BEHIND_STEP);
	write_behind_all(ends[1]);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_to_the_disk_in_steps),
		cmocka_unit_test(where_it_cannot_be_done_nothing_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
