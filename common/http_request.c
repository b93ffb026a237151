/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * civetweb gives 0 for the end of a body and for one that stopped coming, and fills the whole buffer
 * before it returns. So every read asks for no more than is still due, and anything less than that is a
 * fault.
 */

static void parse_body_headers(struct http_exchange *exchange)
{
	const char *value;
	exchange->chunked = http_head_find(exchange->request, "Transfer-Encoding", &value) > 0;
	if (exchange->chunked)
		exchange->content_length = -1;
	else if (http_head_find(exchange->request, "Content-Length", &value))
		exchange->content_length = strtoll(value, NULL, 10);
	exchange->body_ended = exchange->content_length == 0;
	exchange->awaits_continue = !exchange->body_ended &&
				    strcmp(exchange->request->http_version, "1.1") == 0 &&
				    http_head_find(exchange->request, "Expect", &value) &&
				    http_head_has_token(value, "100-continue");
}

/* civetweb closes after an upgrade request, whatever we answer. */
static bool client_may_keep(const struct mg_request_info *request)
{
	bool keep = strcmp(request->http_version, "1.1") == 0;
	for (int i = 0; i < request->num_headers; i++) {
		const struct mg_header *header = &request->http_headers[i];
		if (strcasecmp(header->name, "Connection") != 0)
			continue;
		if (http_head_has_token(header->value, "close") ||
			http_head_has_token(header->value, "upgrade"))
			return false;
		if (http_head_has_token(header->value, "keep-alive"))
			keep = true;
	}
	return keep;
}

void http_request_init(struct http_exchange *exchange, struct http_server *server,
	struct mg_connection *connection, bool may_keep)
{
	*exchange = (struct http_exchange){.server = server, .connection = connection};
	exchange->request = mg_get_request_info(connection);
	parse_body_headers(exchange);
	exchange->may_keep = may_keep && client_may_keep(exchange->request);
}

const char *http_exchange_method(const struct http_exchange *exchange)
{
	return exchange->request->request_method;
}

const char *http_exchange_path(const struct http_exchange *exchange)
{
	return exchange->request->local_uri_raw;
}

const char *http_exchange_query(const struct http_exchange *exchange)
{
	return exchange->request->query_string ? exchange->request->query_string : "";
}

const char *http_exchange_header(const struct http_exchange *exchange, const char *name)
{
	const struct mg_request_info *request = exchange->request;
	for (int i = 0; i < request->num_headers; i++)
		if (strcasecmp(request->http_headers[i].name, name) == 0)
			return request->http_headers[i].value;
	return NULL;
}

const char *http_exchange_last_header(const struct http_exchange *exchange, const char *name)
{
	const char *value = NULL;
	http_head_find(exchange->request, name, &value);
	return value;
}

const char *http_exchange_peer(const struct http_exchange *exchange)
{
	return exchange->request->remote_addr;
}

int64_t http_exchange_content_length(const struct http_exchange *exchange)
{
	return exchange->content_length;
}

static void send_continue(struct http_exchange *exchange)
{
	static const char LINE[] = "HTTP/1.1 100 Continue\r\n\r\n";
	if (!exchange->awaits_continue || exchange->status)
		return;
	exchange->awaits_continue = false;
	mg_write(exchange->connection, LINE, sizeof(LINE) - 1); /* if it fails, so does the read */
}

/* What every further read will say, too. */
static void note_failure(struct http_exchange *exchange, int64_t started_ms)
{
	struct error *err = &exchange->body_error;
	exchange->body_failed = true;
	if (exchange->expired ||
		clock_monotonic_ms() - started_ms >= exchange->server->options.body_timeout_ms)
		error_set(err, ERROR_REQUEST_TIMEOUT, NULL);
	else
		error_set(err, ERROR_BAD_REQUEST,
			exchange->chunked ? "the chunked request body is cut short or malformed"
					  : "the request body is shorter than its Content-Length");
}

ssize_t http_exchange_read(struct http_exchange *exchange, void *out, size_t size, struct error *err)
{
	assert(size > 0);
	if (exchange->body_failed) {
		*err = exchange->body_error;
		return -1;
	}
	if (exchange->body_ended)
		return 0;
	send_continue(exchange);
	size_t want = http_pace_piece(exchange, size < HTTP_PIECE ? size : HTTP_PIECE);
	int64_t left = exchange->content_length - exchange->received;
	if (!exchange->chunked && left < (int64_t)want)
		want = (size_t)left;
	int64_t started_ms = http_pace_begin(exchange);
	int count = mg_read(exchange->connection, out, want);
	http_pace_end(exchange, started_ms, count);
	if (count < 0 || (!exchange->chunked && (size_t)count != want))
		note_failure(exchange, started_ms);
	if (exchange->body_failed && count <= 0) {
		*err = exchange->body_error;
		return -1;
	}
	exchange->received += count; /* of a body that is cut short, what came is given first */
	exchange->body_ended =
		exchange->chunked ? count == 0 : exchange->received == exchange->content_length;
	return count;
}

bool http_request_drainable(const struct http_exchange *exchange)
{
	if (exchange->body_failed)
		return false;
	if (exchange->body_ended)
		return true;
	return !exchange->chunked && !exchange->awaits_continue &&
	       exchange->content_length - exchange->received <= HTTP_DRAIN_MAX;
}

/* Closing a socket with unread bytes resets the connection, and the client may lose the reply that was
 * on its way. */
void http_request_drain(struct http_exchange *exchange)
{
	if (exchange->cut || exchange->awaits_continue)
		return;
	char scrap[4096];
	struct error ignored;
	int64_t until_ms = clock_monotonic_ms() + HTTP_LINGER_MS;
	while (!exchange->body_ended && !exchange->body_failed &&
		(exchange->keep || clock_left_ms(until_ms) > 0))
		if (http_exchange_read(exchange, scrap, sizeof(scrap), &ignored) < 0)
			return;
}
