/* SPDX-License-Identifier: MIT */
#include "common/bus_outgoing.h"

#include "common/bus_incoming.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/random.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	SHORT_MAX = 255,          /* AMQP's short string */
	HEADERS_MAX = 64,         /* how many */
	HEADERS_SIZE_MAX = 65536, /* half a frame */
};

/* The message's strings: where, and what to call it when it is too long. */
static const struct {
	size_t offset;
	const char *name;
} TEXTS[] = {
	{offsetof(struct bus_message, exchange), "exchange"},
	{offsetof(struct bus_message, routing_key), "routing key"},
	{offsetof(struct bus_message, message_id), "message_id"},
	{offsetof(struct bus_message, correlation_id), "correlation_id"},
	{offsetof(struct bus_message, reply_to), "reply_to"},
	{offsetof(struct bus_message, type), "type"},
	{offsetof(struct bus_message, content_type), "content_type"},
};
enum { TEXT_COUNT = sizeof(TEXTS) / sizeof(TEXTS[0]) };

static const char **text_at(struct bus_message *message, size_t i)
{
	return (const char **)((char *)message + TEXTS[i].offset);
}

static int measure_headers(const struct bus_header *headers, size_t *count, size_t *size, struct error *err)
{
	size_t total = 0, n = 0;
	for (; headers && headers[n].name; n++) {
		if (n == HEADERS_MAX || strlen(headers[n].name) > SHORT_MAX)
			return error_set_cause(err, ERROR_INVALID, "too many headers, or a name too long");
		total += strlen(headers[n].name) + strlen(headers[n].value) + 2;
	}
	if (total > HEADERS_SIZE_MAX)
		return error_set_cause(err, ERROR_TOO_LARGE, "headers of %zu bytes", total);
	*count = n;
	*size = total + (n + 1) * sizeof(struct bus_header);
	return 0;
}

static int measure_texts(struct bus_message *message, size_t *size, struct error *err)
{
	size_t total = 0;
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const char *text = *text_at(message, i);
		size_t length = text ? strlen(text) : 0;
		if (length > SHORT_MAX)
			return error_set_cause(err, ERROR_INVALID, "%s of %zu bytes", TEXTS[i].name, length);
		total += length + 1;
	}
	if (message->length > BUS_BODY_MAX)
		return error_set_cause(err, ERROR_TOO_LARGE, "message body of %zu bytes", message->length);
	*size = total + message->length + 1;
	return 0;
}

static char *place(char **at, const void *bytes, size_t length)
{
	char *to = *at;
	if (length)
		memcpy(to, bytes, length);
	to[length] = '\0';
	*at += length + 1;
	return to;
}

static void copy_headers(struct bus_message *message, const struct bus_header *from, size_t count, char **at)
{
	struct bus_header *headers = (struct bus_header *)(void *)*at;
	*at += (count + 1) * sizeof(*headers);
	for (size_t i = 0; i < count; i++) {
		headers[i].name = place(at, from[i].name, strlen(from[i].name));
		headers[i].value = place(at, from[i].value, strlen(from[i].value));
	}
	headers[count] = (struct bus_header){0};
	message->headers = headers;
}

int bus_outgoing_create(const struct bus_message *message, struct bus_outgoing **out, struct error *err)
{
	struct bus_message given = *message;
	char id[RANDOM_UUID_SIZE];
	if (!given.message_id) {
		random_uuid(id);
		given.message_id = id;
	}
	if (!given.timestamp_unix_ms)
		given.timestamp_unix_ms = clock_unix_ms();
	size_t header_count = 0, header_size = 0, text_size = 0;
	if (measure_headers(given.headers, &header_count, &header_size, err) ||
		measure_texts(&given, &text_size, err))
		return -1;
	size_t size = sizeof(struct bus_outgoing) + header_size + text_size;
	struct bus_outgoing *outgoing = memory_alloc(size);
	outgoing->size = size;
	outgoing->message = given;
	char *at = (char *)(outgoing + 1);
	copy_headers(
		&outgoing->message, given.headers, header_count, &at); /* first: pointers want alignment */
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		const char **text = text_at(&outgoing->message, i);
		if (*text)
			*text = place(&at, *text, strlen(*text));
	}
	outgoing->message.body = place(&at, given.body, given.length);
	*out = outgoing;
	return 0;
}

static void set_text(
	amqp_basic_properties_t *properties, amqp_flags_t flag, amqp_bytes_t *to, const char *text)
{
	if (!text)
		return;
	properties->_flags |= flag;
	*to = amqp_cstring_bytes(text);
}

static void set_texts(amqp_basic_properties_t *p, const struct bus_message *message, const char *app_id)
{
	set_text(p, AMQP_BASIC_MESSAGE_ID_FLAG, &p->message_id, message->message_id);
	set_text(p, AMQP_BASIC_CORRELATION_ID_FLAG, &p->correlation_id, message->correlation_id);
	set_text(p, AMQP_BASIC_REPLY_TO_FLAG, &p->reply_to, message->reply_to);
	set_text(p, AMQP_BASIC_TYPE_FLAG, &p->type, message->type);
	set_text(p, AMQP_BASIC_CONTENT_TYPE_FLAG, &p->content_type, message->content_type);
	set_text(p, AMQP_BASIC_APP_ID_FLAG, &p->app_id, app_id);
}

static void set_headers(
	amqp_basic_properties_t *properties, const struct bus_header *headers, amqp_table_entry_t *entries)
{
	int count = 0;
	for (; headers[count].name; count++)
		entries[count] = (amqp_table_entry_t){.key = amqp_cstring_bytes(headers[count].name),
			.value = {.kind = AMQP_FIELD_KIND_UTF8,
				.value.bytes = amqp_cstring_bytes(headers[count].value)}};
	if (!count)
		return;
	properties->_flags |= AMQP_BASIC_HEADERS_FLAG;
	properties->headers = (amqp_table_t){count, entries};
}

int bus_outgoing_publish(const struct bus_outgoing *outgoing, amqp_connection_state_t amqp, uint16_t channel,
	const char *app_id)
{
	const struct bus_message *message = &outgoing->message;
	amqp_basic_properties_t properties = {0};
	amqp_table_entry_t entries[HEADERS_MAX];
	char expiration[24];
	set_texts(&properties, message, app_id);
	set_headers(&properties, message->headers, entries);
	if (message->expiration_ms > 0) {
		snprintf(expiration, sizeof(expiration), "%" PRId64, message->expiration_ms);
		set_text(&properties, AMQP_BASIC_EXPIRATION_FLAG, &properties.expiration, expiration);
	}
	properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
	properties.delivery_mode = message->persistent ? 2 : 1;
	properties.timestamp = (uint64_t)(message->timestamp_unix_ms / 1000);
	const char *exchange = message->exchange ? message->exchange : "";
	const char *key = message->routing_key ? message->routing_key : "";
	amqp_bytes_t body = {message->length, (void *)message->body};
	return amqp_basic_publish(amqp, channel, amqp_cstring_bytes(exchange), amqp_cstring_bytes(key),
		message->mandatory, 0, &properties, body);
}
