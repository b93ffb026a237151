/* SPDX-License-Identifier: MIT */
#include "common/file_id.h"

#include "support/cmocka.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void identify(const char *tree, const char *name, char out[FILE_ID_SIZE])
{
	char path[2 * SCRATCH_SIZE];
	struct stat status;
	snprintf(path, sizeof(path), "%s/%s", tree, name);
	assert_int_equal(stat(path, &status), 0);
	file_id_print(&status, out);
}

static void only_the_same_state_of_the_same_file_is_the_same(void **state)
{
	(void)state;
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], other[2 * SCRATCH_SIZE];
	char first[FILE_ID_SIZE], again[FILE_ID_SIZE];
	scratch_make(tree);
	scratch_write(tree, "a", "text");
	scratch_write(tree, "b", "text");
	snprintf(path, sizeof(path), "%s/a", tree);
	snprintf(other, sizeof(other), "%s/c", tree);
	identify(tree, "a", first);
	assert_int_equal(link(path, other), 0);
	identify(tree, "c", again);
	assert_string_equal(first, again);
	identify(tree, "b", again);
	assert_string_not_equal(first, again);
	static const struct timespec TIMES[] = {{1, 0}, {1, 1}, {1, 2}};
	char seen[3][FILE_ID_SIZE];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){TIMES[i], TIMES[i]}, 0), 0);
		identify(tree, "a", seen[i]);
	}
	assert_string_not_equal(seen[0], seen[1]);
	assert_string_not_equal(seen[1], seen[2]);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){TIMES[2], TIMES[2]}, 0), 0);
	identify(tree, "a", again);
	assert_string_not_equal(seen[2], again);
	scratch_remove(tree);
}

/* ... and of another start of the system, which cannot be tried here: it is named. */
static void a_state_names_the_start_of_the_system_too(void **state)
{
	(void)state;
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], first[FILE_STATE_SIZE], again[FILE_STATE_SIZE];
	char id[FILE_ID_SIZE];
	struct stat status;
	scratch_make(tree);
	scratch_write(tree, "a", "text");
	snprintf(path, sizeof(path), "%s/a", tree);
	assert_int_equal(stat(path, &status), 0);
	file_state_print(&status, first);
	file_id_print(&status, id);
	assert_int_equal(strcspn(first, "/"), 36); /* a UUID */
	assert_string_equal(first + 37, id);
	status.st_size++;
	file_state_print(&status, again);
	assert_string_not_equal(first, again);
	scratch_remove(tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_same_state_of_the_same_file_is_the_same),
		cmocka_unit_test(a_state_names_the_start_of_the_system_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
