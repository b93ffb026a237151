/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_CONSUMER_H
#define REQUESTS_CONSUMER_H

/*
 * Takes requests from the queue behind mediastore.requests, on threads of its own. A delivery is
 * acknowledged when what it asked for is done and answered; until then a gateway that dies hands it to
 * another. While the database is away requests wait; what fails for another passing reason is tried again
 * for the settings' patience.
 */

#include "common/bus.h"

struct gateway;
struct request_consumer;

/* All borrowed. */
struct request_consumer *request_consumer_create(const struct bus_options *bus, struct gateway *gateway);
/* Finishes what is begun, hands the rest back. NULL is accepted. */
void request_consumer_free(struct request_consumer *consumer);
bool request_consumer_ready(struct request_consumer *consumer);

#endif
