/* SPDX-License-Identifier: MIT */
#ifndef COMMON_WRITE_BEHIND_H
#define COMMON_WRITE_BEHIND_H

/*
 * A file that is to be synced at its end is given to the disk while it grows, so that the sync finds little left
 * to do. Only a hint: nothing is durable before fsync(), and where the system cannot do it, nothing happens.
 */

#include <stdint.h>

enum { WRITE_BEHIND_STEP = 4 << 20 };

struct write_behind {
	int64_t begun; /* bytes from the start that were given to the disk */
};

/* `end` bytes of the file have been written: what is due of them goes to the disk, in steps. */
void write_behind_advance(struct write_behind *behind, int fd, int64_t end);
/* All of a file that is written. */
void write_behind_all(int fd);

#endif
