/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/http_server.h"
#include "common/random.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ID_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
static const char HEX_DIGITS[] = "0123456789abcdef";

static bool is_request_id(const char *text)
{
	size_t length = text ? strlen(text) : 0;
	return length > 0 && length < REQUEST_ID_SIZE && strspn(text, ID_CHARACTERS) == length;
}

/* W3C Trace Context: 00-<32 hex>-<16 hex>-<2 hex>, neither id all zero. */
static bool is_traceparent(const char *text)
{
	if (!text || strlen(text) != REQUEST_TRACEPARENT_SIZE - 1 || strncmp(text, "00-", 3) != 0)
		return false;
	if (strspn(text + 3, HEX_DIGITS) != 32 || text[35] != '-')
		return false;
	if (strspn(text + 36, HEX_DIGITS) != 16 || text[52] != '-' || strspn(text + 53, HEX_DIGITS) != 2)
		return false;
	return strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

void request_begin(struct request *request, struct arena *arena)
{
	request->arena = arena;
	const char *id = request_header(request, "X-Request-Id");
	if (is_request_id(id))
		memcpy(request->request_id, id, strlen(id) + 1);
	else
		random_uuid(request->request_id);
	const char *parent = request_header(request, "traceparent");
	if (is_traceparent(parent))
		memcpy(request->traceparent, parent, REQUEST_TRACEPARENT_SIZE);
}

static const char *find_param(const struct request_params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	return NULL;
}

const char *request_param(const struct request *request, const char *name)
{
	return find_param(&request->params, name);
}

const char *request_query(const struct request *request, const char *name)
{
	return find_param(&request->query, name);
}

const char *request_header(const struct request *request, const char *name)
{
	return request->source.header ? request->source.header(request->source.context, name) : NULL;
}

void request_set_deadline(struct request *request, int64_t ms)
{
	if (request->exchange)
		http_exchange_set_deadline(request->exchange, ms ? clock_monotonic_ms() + ms : 0);
}

void request_set_pace(struct request *request, int64_t window_ms, int64_t bytes)
{
	if (request->exchange)
		http_exchange_set_pace(request->exchange, window_ms, bytes);
}

ssize_t request_read(struct request *request, void *out, size_t size, struct error *err)
{
	return request->source.read(request->source.context, out, size, err);
}

const struct cJSON *request_field(const struct cJSON *object, const char *name)
{
	const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, name);
	return cJSON_IsNull(field) ? NULL : field;
}

const char *request_text(const struct cJSON *object, const char *name)
{
	return cJSON_GetStringValue(request_field(object, name));
}

/* 0, -1 not digits, -2 beyond int64 */
static int parse_pk(const char *text, int64_t *out)
{
	size_t length = strlen(text);
	if (length == 0 || strspn(text, "0123456789") != length)
		return -1;
	errno = 0;
	long long value = strtoll(text, NULL, 10);
	if (errno == ERANGE)
		return -2;
	*out = value;
	return 0;
}

int request_param_pk(
	const struct request *request, const char *name, int64_t *out, const char **detail, struct error *err)
{
	int parsed = parse_pk(request_param(request, name), out);
	if (parsed == 0)
		return 0;
	const char *type = parsed == -1 ? "int_parsing" : "int_parsing_size";
	const char *message =
		parsed == -1 ? "Input should be a valid integer, unable to parse string as an integer"
			     : "Unable to parse input string as an integer, exceeded maximum size";
	if (detail)
		*detail = arena_printf(request->arena,
			"[{\"type\":\"%s\",\"loc\":[\"path\",\"%s\"],\"msg\":\"%s\"}]", type, name, message);
	return error_set(err, ERROR_INVALID, "%s: %s", name, message);
}
