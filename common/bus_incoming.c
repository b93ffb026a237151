/* SPDX-License-Identifier: MIT */
#include "common/bus_incoming.h"

#include "common/arena.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bus_incoming_init(struct bus_incoming *incoming, size_t channels)
{
	incoming->channels = channels;
	incoming->unfinished = memory_alloc(channels * sizeof(struct bus_content *));
}

void bus_incoming_reset(struct bus_incoming *incoming)
{
	for (size_t i = 0; i < incoming->channels; i++) {
		bus_content_free(incoming->unfinished[i]);
		incoming->unfinished[i] = NULL;
	}
}

void bus_incoming_release(struct bus_incoming *incoming)
{
	if (incoming->unfinished)
		bus_incoming_reset(incoming);
	free(incoming->unfinished);
	*incoming = (struct bus_incoming){0};
}

void bus_content_free(struct bus_content *content)
{
	if (content)
		arena_free(content->arena); /* and with it the content */
}

static const char *text_of(struct arena *arena, amqp_bytes_t bytes)
{
	return bytes.len ? arena_memdup(arena, bytes.bytes, bytes.len) : "";
}

static struct bus_content *content_create(amqp_bytes_t exchange, amqp_bytes_t routing_key)
{
	struct arena *arena = arena_create();
	struct bus_content *content = arena_alloc(arena, sizeof(*content));
	content->arena = arena;
	struct bus_delivery *delivery = &content->delivery;
	delivery->exchange = text_of(arena, exchange);
	delivery->routing_key = text_of(arena, routing_key);
	delivery->queue = delivery->message_id = delivery->correlation_id = delivery->reply_to = "";
	delivery->type = delivery->content_type = delivery->app_id = delivery->user_id = "";
	delivery->body = (const unsigned char *)"";
	return content;
}

static bool is_text(const amqp_table_entry_t *entry)
{
	return entry->value.kind == AMQP_FIELD_KIND_UTF8 || entry->value.kind == AMQP_FIELD_KIND_BYTES;
}

/* Only the headers that are strings: the others (x-death and the like) are the broker's own. */
static void take_headers(struct bus_content *content, const amqp_table_t *table)
{
	size_t count = 0;
	content->headers =
		arena_alloc(content->arena, ((size_t)table->num_entries + 1) * sizeof(struct bus_header));
	for (int i = 0; i < table->num_entries; i++) {
		const amqp_table_entry_t *entry = &table->entries[i];
		if (!is_text(entry))
			continue;
		content->headers[count].name = text_of(content->arena, entry->key);
		content->headers[count++].value = text_of(content->arena, entry->value.value.bytes);
	}
}

static void take_properties(struct bus_content *content, const amqp_basic_properties_t *properties)
{
	struct bus_delivery *delivery = &content->delivery;
	const struct {
		amqp_flags_t flag;
		const amqp_bytes_t *from;
		const char **to;
	} TEXTS[] = {
		{AMQP_BASIC_MESSAGE_ID_FLAG, &properties->message_id, &delivery->message_id},
		{AMQP_BASIC_CORRELATION_ID_FLAG, &properties->correlation_id, &delivery->correlation_id},
		{AMQP_BASIC_REPLY_TO_FLAG, &properties->reply_to, &delivery->reply_to},
		{AMQP_BASIC_TYPE_FLAG, &properties->type, &delivery->type},
		{AMQP_BASIC_CONTENT_TYPE_FLAG, &properties->content_type, &delivery->content_type},
		{AMQP_BASIC_APP_ID_FLAG, &properties->app_id, &delivery->app_id},
		{AMQP_BASIC_USER_ID_FLAG, &properties->user_id, &delivery->user_id},
	};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (properties->_flags & TEXTS[i].flag)
			*TEXTS[i].to = text_of(content->arena, *TEXTS[i].from);
	if (properties->_flags & AMQP_BASIC_TIMESTAMP_FLAG && properties->timestamp < INT64_MAX / 1000)
		delivery->timestamp_unix_ms = (int64_t)properties->timestamp * 1000;
	if (properties->_flags & AMQP_BASIC_HEADERS_FLAG)
		take_headers(content, &properties->headers);
}

static int finish_when_complete(struct bus_incoming *incoming, uint16_t channel, struct bus_event *event)
{
	struct bus_content *content = incoming->unfinished[channel];
	if (content->received < content->expected)
		return 0;
	incoming->unfinished[channel] = NULL;
	event->kind = BUS_EVENT_CONTENT;
	event->content = content;
	return 1;
}

static int take_header(struct bus_incoming *incoming, const amqp_frame_t *frame, struct bus_event *event)
{
	struct bus_content *content = incoming->unfinished[frame->channel];
	if (!content || content->delivery.length || content->expected)
		return -1;
	take_properties(content, frame->payload.properties.decoded);
	content->expected = frame->payload.properties.body_size;
	/* of a returned message only the name is wanted */
	content->delivery.oversized = content->returned || content->expected > BUS_BODY_MAX;
	if (!content->delivery.oversized && content->expected) {
		content->delivery.length = (size_t)content->expected;
		content->delivery.body = arena_alloc(content->arena, content->delivery.length + 1);
	}
	return finish_when_complete(incoming, frame->channel, event);
}

static int take_body(struct bus_incoming *incoming, const amqp_frame_t *frame, struct bus_event *event)
{
	struct bus_content *content = incoming->unfinished[frame->channel];
	amqp_bytes_t part = frame->payload.body_fragment;
	if (!content || part.len > content->expected - content->received)
		return -1;
	if (!content->delivery.oversized)
		memcpy((unsigned char *)content->delivery.body + content->received, part.bytes, part.len);
	content->received += part.len;
	return finish_when_complete(incoming, frame->channel, event);
}

static int begin_content(struct bus_incoming *incoming, uint16_t channel, struct bus_content *content)
{
	if (incoming->unfinished[channel]) {
		bus_content_free(content);
		return -1;
	}
	incoming->unfinished[channel] = content;
	return 0;
}

static int confirmed(struct bus_event *event, uint64_t tag, bool multiple, bool negative)
{
	event->kind = BUS_EVENT_CONFIRM;
	event->tag = tag;
	event->multiple = multiple;
	event->negative = negative;
	return 1;
}

static int said(struct bus_event *event, enum bus_event_kind kind, unsigned code, amqp_bytes_t text)
{
	event->kind = kind;
	int length = text.len < 180 ? (int)text.len : 180;
	if (code)
		snprintf(event->text, sizeof(event->text), "%u %.*s", code, length, (const char *)text.bytes);
	else
		snprintf(event->text, sizeof(event->text), "%.*s", length, (const char *)text.bytes);
	return 1;
}

static int take_deliver(struct bus_incoming *incoming, uint16_t channel, const amqp_basic_deliver_t *method)
{
	struct bus_content *content = content_create(method->exchange, method->routing_key);
	content->tag = method->delivery_tag;
	content->delivery.redelivered = method->redelivered;
	return begin_content(incoming, channel, content);
}

static int take_return(struct bus_incoming *incoming, uint16_t channel, const amqp_basic_return_t *method)
{
	struct bus_content *content = content_create(method->exchange, method->routing_key);
	content->returned = true;
	return begin_content(incoming, channel, content);
}

static int take_method(struct bus_incoming *incoming, const amqp_frame_t *frame, struct bus_event *event)
{
	const void *decoded = frame->payload.method.decoded;
	const amqp_basic_ack_t *ack = decoded;
	const amqp_basic_nack_t *nack = decoded;
	const amqp_channel_close_t *channel_close = decoded;
	const amqp_connection_close_t *close = decoded;
	switch (frame->payload.method.id) {
	case AMQP_BASIC_DELIVER_METHOD:
		return take_deliver(incoming, frame->channel, decoded);
	case AMQP_BASIC_RETURN_METHOD:
		return take_return(incoming, frame->channel, decoded);
	case AMQP_BASIC_ACK_METHOD:
		return confirmed(event, ack->delivery_tag, ack->multiple, false);
	case AMQP_BASIC_NACK_METHOD:
		return confirmed(event, nack->delivery_tag, nack->multiple, true);
	case AMQP_BASIC_CANCEL_METHOD:
		event->kind = BUS_EVENT_CANCELLED;
		return 1;
	case AMQP_CHANNEL_CLOSE_METHOD:
		bus_content_free(incoming->unfinished[frame->channel]);
		incoming->unfinished[frame->channel] = NULL;
		return said(event, BUS_EVENT_CHANNEL_CLOSED, channel_close->reply_code,
			channel_close->reply_text);
	case AMQP_CONNECTION_CLOSE_METHOD:
		return said(event, BUS_EVENT_CLOSED, close->reply_code, close->reply_text);
	case AMQP_CONNECTION_BLOCKED_METHOD:
		return said(
			event, BUS_EVENT_BLOCKED, 0, ((const amqp_connection_blocked_t *)decoded)->reason);
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		event->kind = BUS_EVENT_UNBLOCKED;
		return 1;
	default: /* late answers, and what newer brokers may tell */
		return 0;
	}
}

int bus_incoming_frame(struct bus_incoming *incoming, const amqp_frame_t *frame, struct bus_event *event)
{
	*event = (struct bus_event){.channel = frame->channel};
	if (frame->channel >= incoming->channels)
		return -1;
	switch (frame->frame_type) {
	case AMQP_FRAME_METHOD:
		return take_method(incoming, frame, event);
	case AMQP_FRAME_HEADER:
		return take_header(incoming, frame, event);
	case AMQP_FRAME_BODY:
		return take_body(incoming, frame, event);
	default: /* heartbeats that the library had queued */
		return 0;
	}
}

const char *bus_delivery_header(const struct bus_delivery *delivery, const char *name)
{
	const struct bus_header *headers = ((const struct bus_content *)delivery)->headers;
	for (; headers && headers->name; headers++)
		if (strcmp(headers->name, name) == 0)
			return headers->value;
	return NULL;
}
