/* SPDX-License-Identifier: MIT */
#ifndef HTTP_BUDGET_H
#define HTTP_BUDGET_H

/*
 * An amount of something that all requests together may have: bytes of JSON bodies, transfers at once. Who
 * wants more than is left waits, and not for ever. Thread-safe.
 */

#include "common/error.h"

#include <stdint.h>

struct budget;

/* total: 1 and more. what: "too many transfers at once", for the client. */
struct budget *budget_create(int64_t total, const char *what);
void budget_free(struct budget *budget); /* NULL is accepted; nothing may be taken */

int64_t budget_taken(struct budget *budget); /* now */

/* One request's part; zero-initialise it. Used by one thread. */
struct budget_share {
	struct budget *budget; /* NULL: nothing is limited */
	int64_t taken;
};

/* Makes the share `amount`, waiting for it until the monotonic deadline (0: not at all) when it is more
 * than before. What would be more than the total becomes the total: then the request runs alone.
 * TOO_MANY: the share is as it was. */
MUST_CHECK int budget_share_set(
	struct budget_share *share, int64_t amount, int64_t deadline_ms, struct error *err);
void budget_share_release(struct budget_share *share); /* also for CLEANUP() */

#endif
