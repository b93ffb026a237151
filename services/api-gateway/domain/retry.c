/* SPDX-License-Identifier: MIT */
#include "domain/retry.h"

#include "common/random.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

static const struct {
	int64_t attempts, first_ms, longest_ms;
} LIMITS[] = {
	/* a store that is away for an hour costs nobody his bytes */
	[JOB_PUT] = {20, 2 * SECOND, 5 * MINUTE},
	[JOB_GET] = {1, 2 * SECOND, 5 * MINUTE},
	[JOB_STAT] = {1, 2 * SECOND, 5 * MINUTE},
	/* what is not deleted lies there for ever */
	[JOB_DELETE] = {30, 2 * SECOND, 30 * MINUTE},
	[JOB_COPY] = {10, 2 * SECOND, 5 * MINUTE},
	[JOB_VERIFY] = {10, 2 * SECOND, 5 * MINUTE},
	[JOB_LIST] = {10, 2 * SECOND, 5 * MINUTE},
	[JOB_MOVE] = {10, 2 * SECOND, 5 * MINUTE},
	[JOB_AUDIT] = {10, 2 * SECOND, 5 * MINUTE},
	[JOB_MULTIPART] = {1, 2 * SECOND, 5 * MINUTE},
	/* a day long */
	[JOB_DELIVER] = {35, 2 * SECOND, 60 * MINUTE},
	[JOB_HOLD] = {1, 2 * SECOND, 5 * MINUTE},
};

int64_t retry_attempts(enum job_kind kind)
{
	return LIMITS[kind].attempts;
}

int64_t retry_delay_ms(enum job_kind kind, int64_t attempt)
{
	int64_t delay = LIMITS[kind].first_ms, longest = LIMITS[kind].longest_ms;
	for (int64_t i = 1; i < attempt && delay < longest; i++)
		delay *= 2;
	if (delay > longest)
		delay = longest;
	uint16_t dice;
	random_bytes(&dice, sizeof(dice));
	return delay * 3 / 4 + delay * dice / (2 * 65536);
}
