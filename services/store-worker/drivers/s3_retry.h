/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_RETRY_H
#define DRIVERS_S3_RETRY_H

/*
 * When to try again and when to stop: at most S3_RETRY_ATTEMPTS attempts, with exponentially growing and
 * jittered pauses between them, none begun later than `patience_ms` after the first failure. Start with
 * {0}.
 */

#include <stdbool.h>
#include <stdint.h>

enum { S3_RETRY_ATTEMPTS = 5, S3_RETRY_FIRST_PAUSE_MS = 200, S3_RETRY_LONGEST_PAUSE_MS = 5000 };

struct s3_retry {
	int failures;
	int64_t give_up_ms; /* monotonic; from the first failure on */
};

/* Called after a failure that may pass: pauses and returns true, or false at once when it is enough. */
bool s3_retry_pause(struct s3_retry *retry, int64_t patience_ms);

#endif
