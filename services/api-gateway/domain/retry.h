/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RETRY_H
#define DOMAIN_RETRY_H

#include <stdint.h>

/* Pause before the attempt after this one (from 1): 2 s doubling to 5 minutes, with a quarter of jitter
 * either way so that jobs that failed together do not come back together. */
int64_t retry_delay_ms(int64_t attempt);

#endif
