/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_SERVE_H
#define REQUESTS_SERVE_H

/*
 * One request from the bus, from its delivery to its last answer: who asks, whether it was carried out
 * before, doing it, telling. A message_id is remembered per account (domain/once.h); where the database
 * alone decides, one transaction holds the effect and the answer, so that whatever dies in between, the
 * effect is there once and the answer is the same.
 */

#include "common/bus.h"

struct gateway;

enum serve_outcome {
	SERVE_DONE,    /* answered as far as somebody listens */
	SERVE_REFUSED, /* it cannot be carried out and nobody was told: for the dead letters */
	SERVE_AGAIN,   /* not now: a dependency is away */
	SERVE_BUSY,    /* not now: another delivery of the same message is at work, or its gateway has died */
};

/* `first`: of the attempts for this delivery: tells that it is accepted. `last`: whoever waits is told
 * even of what may pass. */
enum serve_outcome serve_request(
	struct gateway *gateway, const struct bus_delivery *delivery, bool first, bool last);

#endif
