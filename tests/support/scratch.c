/* SPDX-License-Identifier: MIT */
#include "support/scratch.h"

#include "support/cmocka.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_make(char out[SCRATCH_SIZE])
{
	const char *parent = getenv("TMPDIR");
	snprintf(out, SCRATCH_SIZE, "%s/mediastore-test-XXXXXX", parent && *parent ? parent : "/tmp");
	assert_non_null(mkdtemp(out));
}

void scratch_make_in_memory(char out[SCRATCH_SIZE])
{
	snprintf(out, SCRATCH_SIZE, "/dev/shm/mediastore-test-XXXXXX");
	assert_non_null(mkdtemp(out));
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

void scratch_remove(const char *directory)
{
	assert_int_equal(nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int scratch_count(const char *directory)
{
	int count = 0;
	DIR *handle = opendir(directory);
	assert_non_null(handle);
	for (struct dirent *entry; (entry = readdir(handle));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(handle);
	return count;
}

void scratch_write(const char *directory, const char *name, const char *text)
{
	char path[2 * SCRATCH_SIZE];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}
