/* SPDX-License-Identifier: MIT */
#include "http/internal.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/http_server.h"
#include "common/log.h"
#include "domain/spool.h"

#include <string.h>

static const char PREFIX[] = "/internal/bytes/";

static void refuse(struct http_exchange *exchange, const struct error *err)
{
	static const struct http_header HEADERS[] = {{"Content-Type", "application/json"}, {NULL, NULL}};
	CLEANUP(buf_release) struct buf body = {0};
	buf_append_text(&body, "{\"detail\":");
	buf_append_json_string(&body, err->message);
	buf_printf(&body, ",\"code\":\"%s\"}", error_wire_name(err->code));
	http_exchange_reply(exchange, error_http_status(err->code), HEADERS, body.data, body.length);
}

void internal_handle(struct http_exchange *exchange, void *context)
{
	static const struct http_header HEADERS[] = {
		{"Content-Type", "application/octet-stream"}, {NULL, NULL}};
	struct error err;
	CLEANUP(cleanup_fd) int fd = -1;
	int64_t size;
	const char *path = http_exchange_path(exchange);
	bool known = strcmp(http_exchange_method(exchange), "GET") == 0 &&
		     strncmp(path, PREFIX, sizeof(PREFIX) - 1) == 0;
	if (!known) {
		error_set(&err, ERROR_NOT_FOUND, NULL);
		refuse(exchange, &err);
		return;
	}
	if (spool_open_ticket(context, path + sizeof(PREFIX) - 1, &fd, &size, &err)) {
		log_warn("a ticket was refused", LOG_STR("peer", http_exchange_peer(exchange)),
			LOG_ERROR(&err));
		refuse(exchange, &err);
		return;
	}
	http_exchange_start(exchange, 200, HEADERS, size);
	int streamed = http_exchange_write_file(exchange, fd, 0, size, &err);
	if (streamed)
		log_warn("a spooled upload was not fetched to its end", LOG_ERROR(&err));
	http_exchange_finish(exchange, streamed == 0);
}
