/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_BATCH_H
#define COMMON_BUS_BATCH_H

/*
 * What one caller of the publisher waits for: the fates of its messages. Shared by the caller and each
 * message in flight and freed by the last of them, so a caller may leave at its deadline while messages are
 * still under way. All calls under the publisher's lock.
 */

#include "common/error.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum bus_fate { /* index of the table in bus_batch.c */
	BUS_FATE_OPEN,
	BUS_FATE_CONFIRMED,
	BUS_FATE_RETURNED,
	BUS_FATE_NACKED,
	BUS_FATE_LOST,
	BUS_FATE_CHANNEL_CLOSED,
	BUS_FATE_NOT_CONNECTED,
	BUS_FATE_BLOCKED,
	BUS_FATE_STALLED,
	BUS_FATE_ENDING,
	BUS_FATE_EXPIRED,
	BUS_FATE_OVERTAKING,
};

struct bus_batch {
	size_t references, open;
	pthread_cond_t done;
	unsigned char fates[];
};

struct bus_batch *bus_batch_create(size_t count); /* with one reference, the caller's */
void bus_batch_unref(struct bus_batch *batch);
void bus_batch_resolve(struct bus_batch *batch, size_t index, enum bus_fate fate);
/* Until every fate is known or the deadline is over. */
void bus_batch_wait(struct bus_batch *batch, pthread_mutex_t *lock, int64_t deadline_ms);
/* The fate in the terms of bus.h; one still open is a DEADLINE. */
void bus_batch_outcome(const struct bus_batch *batch, size_t index, struct error *out);

#endif
