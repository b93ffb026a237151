/* SPDX-License-Identifier: MIT */
#include "messaging/job_control.h"

#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "schemas/bus_names.h"
#include "schemas/control_message.h"

enum { PUBLISH_TIMEOUT_MS = 5000, LIFE_MS = 60 * 1000 };

int job_control_cancel(struct bus_publisher *publisher, const char *job_id, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0};
	const struct control_message control = {CONTROL_CANCEL, job_id};
	control_message_pack(&control, &body);
	struct bus_message message = {
		.exchange = BUS_CONTROL,
		.routing_key = "",
		.correlation_id = job_id,
		.type = "cancel",
		.content_type = "application/msgpack",
		.expiration_ms = LIFE_MS,
		.body = body.data,
		.length = body.length,
	};
	return bus_publisher_send(publisher, &message, clock_monotonic_ms() + PUBLISH_TIMEOUT_MS, err);
}
