/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_FILE_IO_H
#define DRIVERS_FILE_IO_H

/* Whole reads and writes at an offset, whatever interrupts them. -1 leaves the reason in errno. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int file_write_at(int fd, const void *bytes, size_t length, int64_t offset);
/* How many bytes were there: less than `length` only at the end of the file. */
ssize_t file_read_at(int fd, void *out, size_t length, int64_t offset);
/* Reserves room for large ones (`length` < 0: unknown), because a full disk is better known before the bytes
 * have travelled. Fails only when there is none: a file system need not know how. */
int file_allocate(int fd, int64_t offset, int64_t length);

#endif
