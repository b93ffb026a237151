/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_BACKOFF_H
#define COMMON_BUS_BACKOFF_H

/*
 * How long to wait before the next attempt: 100 ms, doubling to 5 s, each shortened at random by up to half
 * so that a fleet does not come back in step. Zero-initialise it.
 */

#include <stdint.h>

enum { BUS_BACKOFF_FIRST_MS = 100, BUS_BACKOFF_MAX_MS = 5000 };

struct bus_backoff {
	int64_t next_ms; /* 0: the first */
};

int64_t bus_backoff_next_ms(struct bus_backoff *backoff);
/* After a success that lasted. */
void bus_backoff_reset(struct bus_backoff *backoff);

#endif
