/* SPDX-License-Identifier: MIT */
#include "drivers/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { ALLOCATE_FROM = 1024 * 1024 };

int file_write_at(int fd, const void *bytes, size_t length, int64_t offset)
{
	const char *at = bytes;
	while (length) {
		ssize_t done = pwrite(fd, at, length, offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		offset += done;
		length -= (size_t)done;
	}
	return 0;
}

ssize_t file_read_at(int fd, void *out, size_t length, int64_t offset)
{
	size_t count = 0;
	while (count < length) {
		ssize_t got = pread(fd, (char *)out + count, length - count, offset + (int64_t)count);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		count += (size_t)got;
	}
	return (ssize_t)count;
}

int file_allocate(int fd, int64_t offset, int64_t length)
{
	if (length < ALLOCATE_FROM || fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -1 : 0;
}
