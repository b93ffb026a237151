/* SPDX-License-Identifier: MIT */
#include "common/file_id.h"

#include "common/cleanup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOOT_ID_SIZE = 37 };
static char boot_id[BOOT_ID_SIZE];

void file_id_print(const struct stat *status, char out[FILE_ID_SIZE])
{
	snprintf(out, FILE_ID_SIZE, "%" PRIu64 "-%" PRId64 "-%" PRId64 ".%09ld", (uint64_t)status->st_ino,
		(int64_t)status->st_size, (int64_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec);
}

static void read_boot_id(void)
{
	CLEANUP(cleanup_fd) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, BOOT_ID_SIZE - 1);
	if (got != BOOT_ID_SIZE - 1)
		boot_id[0] = '\0';
}

void file_state_print(const struct stat *status, char out[FILE_STATE_SIZE])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, read_boot_id);
	char id[FILE_ID_SIZE];
	file_id_print(status, id);
	snprintf(out, FILE_STATE_SIZE, "%s%s%s", boot_id, *boot_id ? "/" : "", *boot_id ? id : "");
}
