/* SPDX-License-Identifier: MIT */
#include "domain/event_message.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/clock.h"
#include "db/outbox_repo.h"
#include "schemas/bus_names.h"

#include <inttypes.h>
#include <string.h>

static const char SOURCE[] = "/mediastore";

enum { ATTRIBUTES = 6 };

void event_message(const struct event_row *event, struct arena *arena, struct bus_message *out)
{
	char time[CLOCK_RFC3339_SIZE];
	struct bus_header *headers = arena_alloc(arena, (ATTRIBUTES + 1) * sizeof(*headers));
	const struct bus_header values[ATTRIBUTES] = {
		{"cloudEvents:specversion", "1.0"},
		{"cloudEvents:id", event->id},
		{"cloudEvents:source", SOURCE},
		{"cloudEvents:type", arena_printf(arena, "mediastore.%s", event->what)},
		{"cloudEvents:time", arena_strdup(arena, clock_rfc3339(event->time_unix_ms, time))},
		{event->subject ? "cloudEvents:subject" : NULL, event->subject},
	};
	memcpy(headers, values, sizeof(values));
	*out = (struct bus_message){
		.exchange = BUS_EVENTS,
		.routing_key = event->routing_key,
		.message_id = event->id,
		.type = event->what,
		.content_type = "application/json",
		.headers = headers,
		.timestamp_unix_ms = event->time_unix_ms,
		.persistent = true,
		.body = event->body,
		.length = event->body_length,
	};
}

void event_json(const struct event_row *event, struct buf *out)
{
	char time[CLOCK_RFC3339_SIZE];
	buf_printf(out, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"%s\",\"type\":\"mediastore.%s\"",
		event->id, SOURCE, event->what);
	if (event->subject) {
		buf_append_text(out, ",\"subject\":");
		buf_append_json_string(out, event->subject);
	}
	buf_printf(out,
		",\"time\":\"%s\",\"datacontenttype\":\"application/json\",\"sequence\":\"%" PRId64
		"\",\"routingkey\":",
		clock_rfc3339(event->time_unix_ms, time), event->seq);
	buf_append_json_string(out, event->routing_key);
	buf_append_text(out, ",\"data\":");
	buf_append(out, event->body, event->body_length);
	buf_append_text(out, "}");
}
