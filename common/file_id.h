/* SPDX-License-Identifier: MIT */
#ifndef COMMON_FILE_ID_H
#define COMMON_FILE_ID_H

/*
 * Tells whether two processes, perhaps on two machines, look at the same state of the same file: inode number,
 * size, and time of last change in nanoseconds. The device is left out, since its number differs between mounts.
 */

struct stat;

enum { FILE_ID_SIZE = 80, FILE_STATE_SIZE = FILE_ID_SIZE + 40 };

void file_id_print(const struct stat *status, char out[FILE_ID_SIZE]);
/* The same, of this system since its start: what has been read of such a file is read again, whether or not the disk
 * has it. "" where the system does not tell its starts apart. */
void file_state_print(const struct stat *status, char out[FILE_STATE_SIZE]);

#endif
