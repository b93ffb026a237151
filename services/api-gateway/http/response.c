/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include "common/arena.h"
#include "http/request.h"
#include "http/url.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char NO_STORE[] = "no-store";

void response_release(struct response *response)
{
	buf_release(&response->body);
	buf_release(&response->error_members);
}

/* Pages that need scripts say so themselves; objects and JSON never run any, whatever type a client gave
 * them. */
static const struct http_header BASE_HEADERS[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cache-Control", NO_STORE},
	{NULL, NULL},
};

void response_begin(struct request *request, struct response *response)
{
	response_header(request, response, "X-Request-Id", request->request_id);
	for (const struct http_header *header = BASE_HEADERS; header->name; header++)
		response_header(request, response, header->name, header->value);
	response_keep_headers(response);
}

void response_keep_headers(struct response *response)
{
	response->lasting = response->header_count;
}

static bool is_header_value(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7F)
			return false;
	return true;
}

void response_header(struct request *request, struct response *response, const char *name, const char *value)
{
	if (!is_header_value(value))
		return;
	size_t at = 0;
	while (at < response->header_count && strcasecmp(response->headers[at].name, name) != 0)
		at++;
	if (at == RESPONSE_HEADER_MAX)
		return;
	response->headers[at] =
		(struct http_header){arena_strdup(request->arena, name), arena_strdup(request->arena, value)};
	if (at == response->header_count)
		response->header_count++;
}

void response_header_printf(
	struct request *request, struct response *response, const char *name, const char *format, ...)
{
	char value[1024];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < sizeof(value))
		response_header(request, response, name, value);
}

void response_json(struct request *request, struct response *response)
{
	response_header(request, response, "Content-Type", "application/json");
}

void response_json_text(struct request *request, struct response *response, const char *text, size_t length)
{
	buf_clear(&response->body);
	buf_append(&response->body, text, length);
	response_json(request, response);
}

void response_cjson(struct request *request, struct response *response, const struct cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);
	response_json_text(request, response, text, strlen(text));
	cJSON_free(text);
}

void response_no_content(struct response *response)
{
	buf_clear(&response->body);
	response->status = 204;
}

void response_set_detail(struct response *response, const char *json_text)
{
	response->detail = json_text;
}

void response_set_retry_after(struct response *response, int64_t wait_ms)
{
	response->retry_after_ms = wait_ms;
}

/* Messages have a fixed size, which may have cut a character in two. */
static void append_message(struct buf *out, const char *message)
{
	char whole[sizeof(((struct error *)0)->message)];
	size_t length = strnlen(message, sizeof(whole) - 1);
	memcpy(whole, message, length);
	for (int cut = 0; cut < 3 && length > 0 && !url_is_utf8(whole, length); cut++)
		length--;
	whole[length] = '\0';
	buf_append_json_string(out, url_is_utf8(whole, length) ? whole : "");
}

void response_add_error_member(struct response *response, const char *name, const char *text)
{
	buf_append_text(&response->error_members, ",");
	buf_append_json_string(&response->error_members, name);
	buf_append_text(&response->error_members, ":");
	buf_append_json_string(&response->error_members, text);
}

static void append_detail(struct buf *out, const struct response *response, const struct error *err)
{
	if (response->detail) {
		buf_append_text(out, response->detail);
		return;
	}
	bool list = error_http_status(err->code) == 422;
	buf_append_text(out, list ? "[{\"error\":" : "");
	append_message(out, err->message);
	buf_append_text(out, list ? "}]" : "");
}

static const char *header_of(const struct response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (strcmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return NULL;
}

void response_error(struct request *request, struct response *response, const struct error *err)
{
	const char *content_range = header_of(response, "Content-Range");
	response->error = *err;
	response->status = error_http_status(err->code);
	memset(response->headers + response->lasting, 0,
		(RESPONSE_HEADER_MAX - response->lasting) * sizeof(*response->headers));
	response->header_count = response->lasting;
	response_header(request, response, "Cache-Control", NO_STORE);
	if (err->code == ERROR_UNAUTHORIZED)
		response_header(request, response, "WWW-Authenticate", "Bearer");
	int64_t wait_ms = response->retry_after_ms;
	if (wait_ms || err->code == ERROR_UNAVAILABLE || err->code == ERROR_TOO_MANY)
		response_header_printf(request, response, "Retry-After", "%lld",
			(long long)(wait_ms ? (wait_ms + 999) / 1000 : 1));
	if (err->code == ERROR_RANGE && content_range)
		response_header(request, response, "Content-Range", content_range);

	struct buf *body = &response->body;
	buf_clear(body);
	buf_append_text(body, "{\"detail\":");
	append_detail(body, response, err);
	buf_printf(body, ",\"code\":\"%s\",\"request_id\":\"%s\"", error_wire_name(err->code),
		request->request_id);
	if (response->error_members.length)
		buf_append(body, response->error_members.data, response->error_members.length);
	buf_append_text(body, "}");
	response_json(request, response);
}
