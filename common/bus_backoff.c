/* SPDX-License-Identifier: MIT */
#include "common/bus_backoff.h"

#include "common/random.h"

int64_t bus_backoff_next_ms(struct bus_backoff *backoff)
{
	int64_t delay = backoff->next_ms ? backoff->next_ms : BUS_BACKOFF_FIRST_MS;
	backoff->next_ms = delay * 2 < BUS_BACKOFF_MAX_MS ? delay * 2 : BUS_BACKOFF_MAX_MS;
	uint32_t dice;
	random_bytes(&dice, sizeof(dice));
	return delay - (int64_t)(dice % (uint32_t)(delay / 2 + 1));
}

void bus_backoff_reset(struct bus_backoff *backoff)
{
	backoff->next_ms = 0;
}
