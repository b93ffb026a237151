/* SPDX-License-Identifier: MIT */
#include "http/server.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_server.h"
#include "common/log.h"
#include "gateway.h"
#include "http/dispatch.h"
#include "http/proxies.h"
#include "http/request.h"
#include "http/response.h"
#include "http/traffic.h"

static const char *exchange_header(void *context, const char *name)
{
	return http_exchange_header(context, name);
}

static ssize_t exchange_read(void *context, void *out, size_t size, struct error *err)
{
	return http_exchange_read(context, out, size, err);
}

static bool exchange_answered(void *context)
{
	return http_exchange_status(context) != 0;
}

static void answer(const struct gateway *gateway, struct request *request, const struct response *response)
{
	struct http_exchange *exchange = request->exchange;
	request_set_deadline(request, response->status ? gateway->request_deadline_ms : 0);
	if (response->status != 0)
		http_exchange_reply(exchange, response->status, response->headers, response->body.data,
			response->body.length);
	else if (response->error.code != ERROR_NONE)
		http_exchange_finish(exchange, false);
}

static void log_access(struct http_exchange *exchange, const struct request *request,
	const struct response *response, int64_t started_ms)
{
	int status = http_exchange_status(exchange);
	bool failed = response->error.code != ERROR_NONE;
	/* A stream that broke off has long said 200. */
	bool ours = status >= 500 || (failed && error_http_status(response->error.code) >= 500);
	enum log_level level = ours ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
	const struct log_field fields[] = {
		LOG_STR("request_id", request->request_id),
		LOG_STR("method", request->method),
		LOG_STR("path", request->raw_path),
		LOG_INT("status", status),
		LOG_INT("ms", clock_monotonic_ms() - started_ms),
		LOG_INT("bytes", http_exchange_bytes_sent(exchange)),
		LOG_STR("user", request->principal.username),
		LOG_STR("peer", request->peer),
		LOG_STR("traceparent", request->traceparent),
		LOG_STR("code", failed ? error_wire_name(response->error.code) : ""),
		LOG_STR("message", failed ? response->error.message : ""),
		LOG_STR("cause", failed ? response->error.cause : ""),
		{0},
	};
	log_write(level, "request", fields);
}

void server_handle(struct http_exchange *exchange, void *context)
{
	int64_t started_ms = clock_monotonic_ms();
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct request request = {
		.method = http_exchange_method(exchange),
		.raw_path = http_exchange_path(exchange),
		.raw_query = http_exchange_query(exchange),
		.source = {exchange, exchange_header, exchange_read, http_exchange_content_length(exchange),
			exchange_answered},
		.exchange = exchange,
	};
	CLEANUP(response_release) struct response response = {0};
	request_begin(&request, arena);
	const struct gateway *gateway = context;
	request.peer = proxies_client(gateway->proxies, http_exchange_peer(exchange),
		http_exchange_last_header(exchange, "X-Forwarded-For"), arena);
	dispatch(context, &request, &response);
	answer(context, &request, &response);
	traffic_count(gateway->traffic, request.route, http_exchange_status(exchange),
		clock_monotonic_ms() - started_ms);
	log_access(exchange, &request, &response, started_ms);
}
