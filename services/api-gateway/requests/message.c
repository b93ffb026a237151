/* SPDX-License-Identifier: MIT */
#include "requests/message.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/json_span.h"
#include "common/json_text.h"
#include "config.h"
#include "gateway.h"
#include "http/body.h"
#include "requests/kinds.h"
#include "schemas/msgpack_json.h"
#include "schemas/schema.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <string.h>
#include <strings.h>

enum { MAX_VALUES = 2 * 1000 * 1000 };

static void release_buf(void *buf)
{
	buf_release(buf);
}

static void delete_json(void *json)
{
	cJSON_Delete(json);
}

static const char *present(const char *text)
{
	return text && *text ? text : NULL;
}

static bool says_msgpack(const char *content_type)
{
	static const char *const NAMES[] = {
		"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"};
	size_t length = strcspn(content_type, "; ");
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (length == strlen(NAMES[i]) && strncasecmp(content_type, NAMES[i], length) == 0)
			return true;
	return false;
}

/* Answers must not get among what the services say to each other. */
static bool is_ours(const char *queue)
{
	return strncmp(queue, "mediastore.", strlen("mediastore.")) == 0;
}

void bus_request_begin(const struct bus_delivery *delivery, struct bus_request *out)
{
	*out = (struct bus_request){
		.packed = says_msgpack(delivery->content_type),
		.reply_to = is_ours(delivery->reply_to) ? NULL : present(delivery->reply_to),
		.correlation_id = present(delivery->correlation_id),
		.message_id = present(delivery->message_id),
		.data = "",
	};
	if (!out->correlation_id)
		out->correlation_id = out->message_id;
}

/* --- the text */

static int take_text(const struct bus_delivery *delivery, const struct gateway *gateway, struct buf *text,
	struct error *err)
{
	size_t limit = (size_t)gateway->config->request_max;
	if (delivery->oversized || delivery->length > limit)
		return error_set(err, ERROR_TOO_LARGE, "a request may have %zu bytes", limit);
	if (!says_msgpack(delivery->content_type))
		buf_append(text, delivery->body, delivery->length);
	else if (json_of_msgpack(delivery->body, delivery->length, text, err))
		return -1;
	buf_append(text, "", 1); /* for cJSON, and not counted */
	text->length--;
	return json_text_check(text->data, text->length, gateway->json_depth + 1, err);
}

static int parse(const struct gateway *gateway, const struct buf *text, struct arena *arena, cJSON **out,
	const char **detail, struct error *err)
{
	static const char *const LOC[] = {"body", NULL};
	CLEANUP(buf_release) struct buf problems = {0};
	struct json_measure measure = json_span_measure(text->data, text->length);
	if (measure.values > MAX_VALUES)
		return error_set(err, ERROR_TOO_LARGE, "a request may hold %d values", MAX_VALUES);
	cJSON *json = body_parse(text->data, text->length, measure.depth);
	if (!json)
		return error_set(err, ERROR_BAD_REQUEST, "Cannot parse request body");
	arena_defer(arena, delete_json, json);
	body_drop_repeated(json);
	const struct schema *schema = schema_set_find(gateway->schemas, "amqp/request.json");
	assert(schema);
	*out = json;
	if (schema_check(schema, value_of_json(json), LOC, &problems) == 0)
		return 0;
	*detail = arena_memdup(arena, problems.data, problems.length);
	return error_set(err, ERROR_INVALID, NULL);
}

/* --- what it asks for */

static enum request_shape shape_of(const cJSON *data)
{
	if (cJSON_IsString(data))
		return SHAPE_PID;
	if (cJSON_IsArray(data))
		return SHAPE_LIST;
	return data ? SHAPE_OBJECT : SHAPE_NONE;
}

static const char *text_of(const cJSON *json, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static int find_kind(const struct bus_delivery *delivery, const cJSON *json, struct bus_request *out,
	const char **detail, struct error *err)
{
	const char *names[] = {text_of(json, "kind"), present(delivery->type), delivery->routing_key};
	enum request_shape shape = shape_of(out->json);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !out->kind; i++) {
		if (names[i])
			out->kind = request_kind_find(names[i], shape);
		if (names[0])
			break; /* what is written there is meant */
	}
	if (!out->kind) {
		*detail = names[0] ? "[{\"type\":\"literal_error\",\"loc\":[\"body\",\"kind\"],\"msg\":\"No "
				     "such "
				     "kind of request\"}]"
				   : "[{\"type\":\"missing\",\"loc\":[\"body\",\"kind\"],\"msg\":\"Field "
				     "required\"}]";
		return error_set(err, ERROR_INVALID, "no kind of request is named");
	}
	if (out->kind->shape != SHAPE_PID || shape == SHAPE_PID)
		return 0;
	*detail = shape == SHAPE_NONE
			  ? "[{\"type\":\"missing\",\"loc\":[\"body\",\"data\"],\"msg\":\"Field required\"}]"
			  : "[{\"type\":\"string_type\",\"loc\":[\"body\",\"data\"],\"msg\":\"Input should "
			    "be a "
			    "valid string\"}]";
	return error_set(err, ERROR_INVALID, "data is no pid");
}

int bus_request_read(const struct bus_delivery *delivery, const struct gateway *gateway, struct arena *arena,
	struct bus_request *out, const char **detail, struct error *err)
{
	static const char *const DATA[] = {"data", NULL};
	struct buf *text = arena_alloc(arena, sizeof(*text));
	arena_defer(arena, release_buf, text);
	cJSON *json;
	struct json_span span;
	if (take_text(delivery, gateway, text, err) || parse(gateway, text, arena, &json, detail, err))
		return -1;
	const char *header = present(bus_delivery_header(delivery, "token"));
	out->token = header ? header : text_of(json, "token");
	out->if_match = text_of(json, "if_match");
	out->json = cJSON_GetObjectItemCaseSensitive(json, "data");
	if (out->json && json_span_find(text->data, text->length, DATA, &span)) {
		text->data[(size_t)(span.text - text->data) + span.length] =
			'\0'; /* what follows is not needed */
		out->data = span.text;
		out->length = span.length;
	}
	return find_kind(delivery, json, out, detail, err);
}

const char *bus_request_text(const struct bus_request *request, const char *name)
{
	return text_of(request->json, name);
}

const char *bus_request_pid(const struct bus_request *request)
{
	return request->json->valuestring;
}
