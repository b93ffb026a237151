/* SPDX-License-Identifier: MIT */
#include "support/store_directory.h"

#include "support/cmocka.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void test_directory_make(char out[TEST_PATH_MAX])
{
	const char *base = getenv("TMPDIR");
	snprintf(out, TEST_PATH_MAX, "%s/mediastore-test-XXXXXX", base && *base ? base : "/tmp");
	assert_non_null(mkdtemp(out));
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void test_directory_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void test_file_write(
	const char *directory, const char *name, const void *bytes, int length, char out[TEST_PATH_MAX])
{
	snprintf(out, TEST_PATH_MAX, "%s/%s", directory, name);
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, (size_t)length), length);
	close(fd);
}
