/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_BLOCK_SUMS_H
#define DOMAIN_BLOCK_SUMS_H

/*
 * The SHA-256 of each block (JOB_BLOCK_SIZE bytes, the last may be shorter) of bytes that pass, for stores that take an object in
 * such parts, each with its own sum. Of more than BLOCK_SUMS_MAX blocks nothing is told: they would make the job's message
 * too long.
 */

#include "common/buf.h"

#include <stddef.h>

enum { BLOCK_SUMS_MAX = 1024 };

struct digest;

struct block_sums {
	struct digest *digest; /* NULL: nobody wants them */
	size_t filled;         /* bytes of the present block */
	struct buf sums;       /* 32 bytes each */
};

void block_sums_init(struct block_sums *sums);
/* Does nothing before the init. */
void block_sums_update(struct block_sums *sums, const void *bytes, size_t length);
/* All blocks are in sums.sums; none when there are too many. */
void block_sums_finish(struct block_sums *sums);
void block_sums_release(struct block_sums *sums);

#endif
