/* SPDX-License-Identifier: MIT */
#include "jobs/report.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "schemas/bus_names.h"

#include <string.h>

enum { PUBLISH_TIMEOUT_MS = 15 * 1000 };

static int publish(struct bus_publisher *publisher, const struct bus_message *message, struct error *err)
{
	return bus_publisher_send(publisher, message, clock_monotonic_ms() + PUBLISH_TIMEOUT_MS, err);
}

int report_result(struct bus_publisher *publisher, const struct bus_delivery *delivery,
	const struct job_message *job, const struct result_message *result, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0};
	const char *traceparent = bus_delivery_header(delivery, "traceparent");
	const struct bus_header headers[] = {{traceparent ? "traceparent" : NULL, traceparent}, {NULL, NULL}};
	const char *key = *delivery->reply_to ? delivery->reply_to : BUS_RESULTS_SHARED_KEY;
	result_message_pack(result, &body);
	struct bus_message message = {
		.exchange = BUS_RESULTS,
		.routing_key = key,
		.correlation_id = job->id,
		.type = job_kind_name(job->kind),
		.content_type = "application/msgpack",
		.headers = headers,
		.persistent = job->kind !=
			      JOB_GET, /* the rest may end in the shared queue, which survives the broker */
		.mandatory = true,
		.body = body.data,
		.length = body.length,
	};
	if (publish(publisher, &message, err) == 0)
		return 0;
	if (err->code != ERROR_NOT_FOUND)
		return -1;
	if (job->kind == JOB_GET)
		return 0;
	if (strcmp(key, BUS_RESULTS_SHARED_KEY) != 0) {
		message.routing_key = BUS_RESULTS_SHARED_KEY;
		if (publish(publisher, &message, err) == 0)
			return 0;
	}
	return err->code == ERROR_NOT_FOUND
		       ? error_set_cause(err, ERROR_UNAVAILABLE, "no queue takes results")
		       : -1;
}
