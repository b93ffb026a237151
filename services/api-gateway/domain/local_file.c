/* SPDX-License-Identifier: MIT */
#include "domain/local_file.h"

#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/file_id.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int local_file_open(const char *root, const char *path, const char *id)
{
	if (!root || !path || !id)
		return -1;
	CLEANUP(cleanup_fd) int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* O_NONBLOCK: opening a FIFO must not wait for its writer */
	CLEANUP(cleanup_fd)
	int fd = directory < 0 ? -1 : beneath_open(directory, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat status;
	char found[FILE_ID_SIZE];
	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode))
		return -1;
	file_id_print(&status, found);
	return strcmp(found, id) == 0 ? TAKE_FD(fd) : -1;
}
