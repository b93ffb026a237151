/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_DIRECTORY_H
#define TESTS_SUPPORT_STORE_DIRECTORY_H

/* A directory for one test: made below TMPDIR (or /tmp), removed with everything in it. Failing to is a failed test. */

enum { TEST_PATH_MAX = 512 };

void test_directory_make(char out[TEST_PATH_MAX]);
void test_directory_remove(const char *path);
/* A file with these bytes in the directory; *out gets its path. */
void test_file_write(
	const char *directory, const char *name, const void *bytes, int length, char out[TEST_PATH_MAX]);

#endif
