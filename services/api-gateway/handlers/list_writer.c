/* SPDX-License-Identifier: MIT */
#include "handlers/list_writer.h"

#include "common/http_server.h"
#include "http/request.h"
#include "http/response.h"

enum { CHUNK = 64 * 1024 };

void list_open(
	struct list_writer *list, struct request *request, struct response *response, const char *opening)
{
	*list = (struct list_writer){.request = request, .response = response};
	response_json(request, response);
	buf_append_text(&response->body, opening);
}

static int send(struct list_writer *list, struct error *err)
{
	struct http_exchange *exchange = list->request->exchange;
	struct buf *body = &list->response->body;
	if (!list->sent)
		http_exchange_start(exchange, 200, list->response->headers, -1);
	list->sent = true;
	if (http_exchange_write(exchange, body->data, body->length, err))
		return -1;
	buf_clear(body);
	return 0;
}

/* Without an exchange (no socket) the list stays in the response; likewise when it is kept for a repeated
 * request (Idempotency-Key). */
static bool is_due(const struct list_writer *list)
{
	const struct request *request = list->request;
	return list->response->body.length >= CHUNK && request->exchange && !request->claim;
}

int list_add(struct list_writer *list, const char *json, size_t length, struct error *err)
{
	struct buf *body = &list->response->body;
	if (list->count++)
		buf_append(body, ",", 1);
	buf_append(body, json, length);
	return is_due(list) ? send(list, err) : 0;
}

void list_text(struct list_writer *list, const char *text)
{
	buf_append_text(&list->response->body, text);
	list->count = 0;
}

int list_close(struct list_writer *list, const char *closing, struct error *err)
{
	buf_append_text(&list->response->body, closing);
	if (!list->sent)
		return 0;
	if (send(list, err))
		return -1;
	http_exchange_finish(list->request->exchange, true);
	return 0;
}
