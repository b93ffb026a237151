/* SPDX-License-Identifier: MIT */
#ifndef JOBS_HOLDER_H
#define JOBS_HOLDER_H

/*
 * Tells the gateways which process holds a site's RAM stores. The RAM queue of a site has one active
 * consumer; whoever gets deliveries from it owns the bytes, and says so before it works on the first one. So
 * that a change of owner is known although no job comes, every worker sends a `hold` job to the queue every 5
 * s, which expires when nobody takes it.
 *
 * A process cannot see its consumer being made active. It takes ownership as new when it has not announced it
 * yet, when the queue has been subscribed anew since, or when the steady `hold` jobs have stopped reaching it for a
 * while (another may have been the owner meanwhile), and repeats it once a minute. In the first two cases it says so:
 * the queue may be another than before, and what waited in it may be gone.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct bus_delivery;
struct bus_publisher;
struct holder;

struct holder_options {
	struct bus_publisher *publisher;
	const char *id; /* of this process */
	const char *worker;
	const char *const *sites; /* ends with NULL */
};

/* What the options point to is borrowed and must outlive it. */
struct holder *holder_create(const struct holder_options *options);
/* Starts sending `hold` jobs. connected() tells whether the consumer of the RAM queues is. */
void holder_start(struct holder *holder, bool (*connected)(void *context), void *context);
void holder_stop(struct holder *holder);
void holder_free(struct holder *holder); /* stopped; NULL is accepted */

/* A delivery has come from a RAM queue, a `hold` job or another: announces the ownership if that is due.
 * UNAVAILABLE, DEADLINE: it could not be, and the delivery must not be worked on. */
MUST_CHECK int holder_delivered(
	struct holder *holder, const struct bus_delivery *delivery, bool is_hold, struct error *err);

#endif
