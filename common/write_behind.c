/* SPDX-License-Identifier: MIT */
#include "common/write_behind.h"

#include <fcntl.h>

static void begin(int fd, int64_t first, int64_t length /* 0: to the end */)
{
	(void)!sync_file_range(fd, first, length, SYNC_FILE_RANGE_WRITE);
}

void write_behind_advance(struct write_behind *behind, int fd, int64_t end)
{
	if (end - behind->begun < WRITE_BEHIND_STEP)
		return;
	begin(fd, behind->begun, end - behind->begun);
	behind->begun = end;
}

void write_behind_all(int fd)
{
	begin(fd, 0, 0);
}
