/* SPDX-License-Identifier: MIT */
#include "drivers/s3_retry.h"

#include "common/clock.h"
#include "common/random.h"

/* Between half of the pause and all of it, so that workers that failed together do not come back together. */
static int64_t jittered(int64_t pause_ms)
{
	uint32_t draw;
	random_bytes(&draw, sizeof(draw));
	return pause_ms / 2 + draw % (pause_ms / 2 + 1);
}

bool s3_retry_pause(struct s3_retry *retry, int64_t patience_ms)
{
	int64_t now = clock_monotonic_ms();
	if (retry->failures++ == 0)
		retry->give_up_ms = now + patience_ms;
	if (retry->failures >= S3_RETRY_ATTEMPTS)
		return false;
	int64_t pause = (int64_t)S3_RETRY_FIRST_PAUSE_MS << (retry->failures - 1);
	pause = jittered(pause > S3_RETRY_LONGEST_PAUSE_MS ? S3_RETRY_LONGEST_PAUSE_MS : pause);
	if (now + pause >= retry->give_up_ms)
		return false;
	clock_sleep_ms(pause);
	return true;
}
