/* SPDX-License-Identifier: MIT */
#include "common/http_client_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADERS_MAX = 64 * 1024 };

int http_reply_add_header(struct http_reply *reply, const char *line, size_t length, struct error *err)
{
	const char *colon = memchr(line, ':', length);
	if (!colon)
		return 0;
	if (reply->headers.length + length > HEADERS_MAX)
		return error_set_cause(
			err, ERROR_UNAVAILABLE, "response headers exceed %d bytes", HEADERS_MAX);
	const char *value = colon + 1, *end = line + length;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	buf_append(&reply->headers, line, (size_t)(colon - line));
	buf_append(&reply->headers, "", 1);
	buf_append(&reply->headers, value, (size_t)(end - value));
	buf_append(&reply->headers, "", 1);
	return 0;
}

void http_reply_free(struct http_reply *reply)
{
	if (!reply)
		return;
	buf_release(&reply->headers);
	buf_release(&reply->body);
	free(reply);
}

void http_reply_cleanup(struct http_reply **reply)
{
	http_reply_free(*reply);
}

int http_reply_status(const struct http_reply *reply)
{
	return reply->status;
}

const char *http_reply_header(const struct http_reply *reply, const char *name)
{
	const char *at = reply->headers.data, *end = at ? at + reply->headers.length : NULL;
	while (at < end) {
		const char *value = at + strlen(at) + 1;
		if (strcasecmp(at, name) == 0)
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

const char *http_reply_body(const struct http_reply *reply)
{
	return reply->body.data ? reply->body.data : "";
}

size_t http_reply_body_length(const struct http_reply *reply)
{
	return reply->body.length;
}

static enum error_code code_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERROR_FORBIDDEN;
	case 404:
		return ERROR_NOT_FOUND;
	case 408:
	case 504:
		return ERROR_DEADLINE;
	case 429:
		return ERROR_UNAVAILABLE;
	case 507:
		return ERROR_FULL;
	default:
		return status >= 500 ? ERROR_UNAVAILABLE : ERROR_INTERNAL;
	}
}

int http_reply_error(const struct http_reply *reply, struct error *err)
{
	return error_set_cause(
		err, code_of_status(reply->status), "HTTP %d: %.160s", reply->status, http_reply_body(reply));
}
