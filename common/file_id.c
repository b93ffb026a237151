/* SPDX-License-Identifier: MIT */
#include "common/file_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

void file_id_print(const struct stat *status, char out[FILE_ID_SIZE])
{
	snprintf(out, FILE_ID_SIZE, "%" PRIu64 "-%" PRId64 "-%" PRId64 ".%09ld", (uint64_t)status->st_ino,
		(int64_t)status->st_size, (int64_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec);
}
