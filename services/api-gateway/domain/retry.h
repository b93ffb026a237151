/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RETRY_H
#define DOMAIN_RETRY_H

/* How often a background job of each kind is tried, and how long it waits in between: twice as long each time,
 * up to a limit, spread by a quarter so that jobs that failed together do not come back together. */

#include "schemas/job_message.h"

#include <stdint.h>

/* Attempts after which the job is dead. */
int64_t retry_attempts(enum job_kind kind);
/* After the attempt of that number (from 1) has failed. */
int64_t retry_delay_ms(enum job_kind kind, int64_t attempt);

#endif
