/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_OUTGOING_H
#define COMMON_BUS_OUTGOING_H

/*
 * A message on its way out: a copy of everything the caller gave, so that a caller who no longer waits
 * leaves nothing dangling. One block of memory.
 */

#include "common/bus.h"

#include <amqp.h>

struct bus_batch;

struct bus_outgoing {
	struct bus_outgoing *next;
	struct bus_batch *batch; /* who waits; a counted reference */
	size_t index;            /* in the batch */
	int64_t deadline_ms;
	uint64_t streak;            /* the publisher's, outside of which it must not be sent; 0: any */
	bool returned;              /* by the broker, as unroutable: the confirm is still to come */
	size_t size;                /* of the block, for the limit on what is kept in memory */
	struct bus_message message; /* every pointer into the block; message_id and body never NULL */
};

/* INVALID or TOO_LARGE for what AMQP cannot carry (it would cost everybody the connection). */
MUST_CHECK int bus_outgoing_create(
	const struct bus_message *message, struct bus_outgoing **out, struct error *err);
/* An rabbitmq-c status. Writes without a limit: under the watchdog. */
int bus_outgoing_publish(const struct bus_outgoing *outgoing, amqp_connection_state_t amqp, uint16_t channel,
	const char *app_id);

#endif
