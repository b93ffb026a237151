/* SPDX-License-Identifier: MIT */
#include "domain/block_sums.h"

#include "common/digest.h"
#include "schemas/job_message.h"

void block_sums_init(struct block_sums *sums)
{
	*sums = (struct block_sums){.digest = digest_create(DIGEST_SHA256)};
}

static void end_block(struct block_sums *sums)
{
	unsigned char sum[DIGEST_MAX_SIZE];
	buf_append(&sums->sums, sum, digest_finish(sums->digest, sum));
	sums->filled = 0;
}

static void give_up(struct block_sums *sums)
{
	buf_release(&sums->sums);
	digest_free(sums->digest);
	sums->digest = NULL;
}

void block_sums_update(struct block_sums *sums, const void *bytes, size_t length)
{
	const char *at = bytes;
	while (sums->digest && length > 0) {
		size_t room = JOB_BLOCK_SIZE - sums->filled, piece = length < room ? length : room;
		digest_update(sums->digest, at, piece);
		sums->filled += piece;
		at += piece;
		length -= piece;
		if (sums->filled == JOB_BLOCK_SIZE)
			end_block(sums);
		if (sums->sums.length > (size_t)BLOCK_SUMS_MAX * JOB_BLOCK_SUM_SIZE)
			give_up(sums);
	}
}

void block_sums_finish(struct block_sums *sums)
{
	if (sums->digest && sums->filled > 0)
		end_block(sums);
	if (sums->sums.length > (size_t)BLOCK_SUMS_MAX * JOB_BLOCK_SUM_SIZE)
		give_up(sums);
}

void block_sums_release(struct block_sums *sums)
{
	give_up(sums);
	*sums = (struct block_sums){0};
}
