/* SPDX-License-Identifier: MIT */
#include "domain/retry.h"

#include "common/random.h"

enum { FIRST_MS = 2000, MAX_MS = 300000 };

int64_t retry_delay_ms(int64_t attempt)
{
	int64_t delay = FIRST_MS;
	for (int64_t i = 1; i < attempt && delay < MAX_MS; i++)
		delay *= 2;
	if (delay > MAX_MS)
		delay = MAX_MS;
	uint16_t dice;
	random_bytes(&dice, sizeof(dice));
	return delay * 3 / 4 + delay * dice / (2 * 65536);
}
