/* SPDX-License-Identifier: MIT */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

/*
 * One response: status, headers and a body held in memory. A raw route that streams answers through the
 * exchange instead and leaves the response alone (response->status stays 0). Dispatch fills in the route's
 * status when a handler left it 0, and turns an error into its reply. `headers` is ready for
 * http_exchange_start(): it holds X-Request-Id before the handler runs.
 */

#include "common/buf.h"
#include "common/error.h"
#include "common/http_server.h"

#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct request;

enum { RESPONSE_HEADER_MAX = 40 };

struct response {
	int status; /* 0: the route's */
	struct http_header headers[RESPONSE_HEADER_MAX + 1];
	size_t header_count;
	size_t lasting; /* the first so many headers stay when the answer becomes an error */
	struct buf body;
	struct error error;       /* why it failed, for the access log; code NONE when it did not */
	int64_t retry_after_ms;   /* set by response_set_retry_after */
	const char *detail;       /* set by response_set_detail */
	struct buf error_members; /* set by response_add_error_member */
};

/* Gives the response what every answer has, before anything else: X-Request-Id and the headers that keep
 * browsers from doing more with an answer than showing it. Handlers of pages replace those that do not
 * suit them. */
void response_begin(struct request *request, struct response *response);
/* The headers so far stay when the answer becomes an error. */
void response_keep_headers(struct response *response);
void response_release(struct response *response);

/* Name and value are copied into the request's arena. A header of that name is replaced. Values with
 * control characters are dropped; so are headers beyond the maximum. */
void response_header(struct request *request, struct response *response, const char *name, const char *value);
void response_header_printf(struct request *request, struct response *response, const char *name,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The body is that JSON text (copied); sets the Content-Type. */
void response_json_text(struct request *request, struct response *response, const char *text, size_t length);
/* For a body that the handler has written into response->body itself. */
void response_json(struct request *request, struct response *response);
/* Prints the value; frees nothing. */
void response_cjson(struct request *request, struct response *response, const struct cJSON *value);
/* 204 without a body. */
void response_no_content(struct response *response);

/* --- how a failing handler says more than struct error can; only looked at when the handler returns -1 */

/* JSON text (borrowed, arena) that becomes the reply's "detail". Without it: an array of one {"error":
 * message} for 422, else the message. */
void response_set_detail(struct response *response, const char *json_text);
/* For Retry-After, rounded up to seconds; 0: the header's default, which 429 and 503 have. */
void response_set_retry_after(struct response *response, int64_t wait_ms);
/* A further member of the error body: "error", "pid", "msg". */
void response_add_error_member(struct response *response, const char *name, const char *text);

/* Makes the error's reply: {"detail", "code", "request_id", further members}, and WWW-Authenticate, Allow,
 * Retry-After or Content-Range (the handler's own) where they belong. What else it held before is dropped.
 * Dispatch calls it; handlers return -1 instead. */
void response_error(struct request *request, struct response *response, const struct error *err);

#endif
