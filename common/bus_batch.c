/* SPDX-License-Identifier: MIT */
#include "common/bus_batch.h"

#include "common/bus_thread.h"
#include "common/clock.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
	enum error_code code;
	const char *cause;
} FATES[] = {
	[BUS_FATE_OPEN] = {ERROR_DEADLINE,
		"no confirm from the broker in time: the message may or may not have arrived"},
	[BUS_FATE_CONFIRMED] = {ERROR_NONE, ""},
	[BUS_FATE_RETURNED] = {ERROR_NOT_FOUND, "returned by the broker: no queue takes it"},
	[BUS_FATE_NACKED] = {ERROR_UNAVAILABLE, "refused by the broker (nack)"},
	[BUS_FATE_LOST] = {ERROR_UNAVAILABLE,
		"broker connection lost before the confirm: the message may or may not have arrived"},
	[BUS_FATE_CHANNEL_CLOSED] = {ERROR_UNAVAILABLE,
		"channel closed by the broker before the confirm: the message may or may not have arrived"},
	[BUS_FATE_NOT_CONNECTED] = {ERROR_UNAVAILABLE, "not connected to the broker"},
	[BUS_FATE_BLOCKED] = {ERROR_UNAVAILABLE,
		"the broker blocks publishers (it is short of memory or disk)"},
	[BUS_FATE_STALLED] = {ERROR_UNAVAILABLE, "the broker does not read"},
	[BUS_FATE_ENDING] = {ERROR_UNAVAILABLE, "the publisher ends"},
	[BUS_FATE_OVERTAKING] = {ERROR_UNAVAILABLE, "one before it has to be sent again"},
	[BUS_FATE_EXPIRED] = {ERROR_DEADLINE, "the deadline passed before it could be sent"},
};

struct bus_batch *bus_batch_create(size_t count)
{
	struct bus_batch *batch = memory_alloc(sizeof(*batch) + count);
	batch->references = 1;
	batch->open = count;
	bus_cond_init(&batch->done);
	return batch;
}

void bus_batch_unref(struct bus_batch *batch)
{
	if (--batch->references)
		return;
	pthread_cond_destroy(&batch->done);
	free(batch);
}

void bus_batch_resolve(struct bus_batch *batch, size_t index, enum bus_fate fate)
{
	batch->fates[index] = (unsigned char)fate;
	if (--batch->open == 0)
		pthread_cond_signal(&batch->done);
}

void bus_batch_wait(struct bus_batch *batch, pthread_mutex_t *lock, int64_t deadline_ms)
{
	struct timespec until = clock_timespec(deadline_ms);
	while (batch->open)
		if (pthread_cond_timedwait(&batch->done, lock, &until) == ETIMEDOUT)
			return;
}

void bus_batch_outcome(const struct bus_batch *batch, size_t index, struct error *out)
{
	enum bus_fate fate = (enum bus_fate)batch->fates[index];
	error_set(out, FATES[fate].code, fate == BUS_FATE_RETURNED ? "no queue takes this message" : NULL);
	if (fate != BUS_FATE_CONFIRMED)
		error_add_cause(out, "%s", FATES[fate].cause);
}
