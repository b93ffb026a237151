/* SPDX-License-Identifier: MIT */
#include "requests/answer.h"

#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "schemas/msgpack_json.h"

#include <inttypes.h>
#include <string.h>

enum { PUBLISH_MS = 10000, ERROR_STATUS = 400 };

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_append_json_string(out, text);
}

static void print(const struct answer_address *to, const struct answer *answer, struct buf *out)
{
	buf_printf(out, "{\"state\":\"%s\"", answer->state);
	add_text(out, "kind", to->kind);
	add_text(out, "message_id", to->message_id);
	add_text(out, "request_id", to->request_id);
	add_text(out, "job", answer->job);
	add_text(out, "job_state", answer->job_state);
	if (answer->attempt)
		buf_printf(out, ",\"attempt\":%" PRId64, answer->attempt);
	if (answer->progress)
		buf_printf(out, ",\"progress\":%s", answer->progress);
	if (answer->replayed)
		buf_append_text(out, ",\"replayed\":true");
	if (answer->status)
		buf_printf(out, ",\"status\":%d", answer->status);
	if (answer->body && *answer->body)
		buf_printf(out, ",\"%s\":", answer->status >= ERROR_STATUS ? "error" : "result");
	if (answer->body)
		buf_append_text(out, answer->body);
	buf_append_text(out, "}");
}

int answer_send(struct bus_publisher *publisher, const struct answer_address *to, const struct answer *answer,
	struct error *err)
{
	static const char *const BINARY[] = {"result", "base64", NULL};
	CLEANUP(buf_release) struct buf text = {0}, packed = {0};
	if (!to->reply_to)
		return 0;
	print(to, answer, &text);
	if (to->packed)
		msgpack_of_json(text.data, text.length, BINARY, &packed);
	const struct buf *body = to->packed ? &packed : &text;
	struct bus_message message = {
		.exchange = "",
		.routing_key = to->reply_to,
		.correlation_id = to->correlation_id,
		.type = answer->state,
		.content_type = to->packed ? "application/msgpack" : "application/json",
		.persistent = true,
		.body = body->data,
		.length = body->length,
	};
	return bus_publisher_send(publisher, &message, clock_monotonic_ms() + PUBLISH_MS, err);
}
