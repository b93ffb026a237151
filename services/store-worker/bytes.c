/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/ticket.h"
#include "metrics.h"
#include "schemas/job_message.h"
#include "store/cache.h"

#include <string.h>

#define BYTES_PREFIX "/internal/bytes/"

enum { HEAD_MAX = 16 * 1024, IDLE_TIMEOUT_MS = 60 * 1000 };

struct bytes {
	struct bytes_options options;
	struct http_server *server;
};

static const struct http_header JSON[] = {{"Content-Type", "application/json"}, {NULL, NULL}};

static void reply_error(struct http_exchange *exchange, const struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0};
	buf_append_text(&body, "{\"detail\":");
	buf_append_json_string(&body, err->message);
	buf_append_text(&body, ",\"code\":");
	buf_append_json_string(&body, error_wire_name(err->code));
	buf_append_text(&body, "}");
	http_exchange_reply(exchange, error_http_status(err->code), JSON, body.data, body.length);
}

/* --- /internal/bytes */

/* The response begins with the first bytes, so that what fails before them can still be said. */
struct exchange_sink {
	struct sink base;
	struct http_exchange *exchange;
	int64_t length;
	bool started;
};

static void start(struct exchange_sink *sink)
{
	static const struct http_header HEADERS[] = {
		{"Content-Type", "application/octet-stream"}, {"Cache-Control", "no-store"}, {NULL, NULL}};
	if (!sink->started)
		http_exchange_start(sink->exchange, 200, HEADERS, sink->length);
	sink->started = true;
}

static int exchange_write(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct exchange_sink *sink = (struct exchange_sink *)base;
	start(sink);
	return http_exchange_write(sink->exchange, bytes, length, err);
}

static int exchange_move(struct sink *base, struct http_stream *stream, struct error *err)
{
	struct exchange_sink *sink = (struct exchange_sink *)base;
	start(sink);
	return http_exchange_write_stream(sink->exchange, stream, err);
}

static int open_ticket(const struct bytes *bytes, const char *ticket, struct buf *claims, struct arena *arena,
	struct job_message *out, struct error *err)
{
	if (strlen(ticket) > TICKET_MAX_LENGTH)
		return error_set(err, ERROR_FORBIDDEN, NULL);
	if (ticket_verify(bytes->options.service_key, ticket, clock_unix_ms(), claims, err) != 0)
		return -1;
	return job_message_unpack(claims->data, claims->length, arena, out, err);
}

/* Bytes of the range; the end counts only where the object is longer. -1 and RANGE. */
static int64_t range_length(const struct job_message *wanted, int64_t size, struct error *err)
{
	int64_t first = wanted->range_first, last = wanted->range_last;
	bool whole = first == 0 && last == -1;
	if (!whole && first >= size)
		return error_set(err, ERROR_RANGE, NULL);
	return (last == -1 || last >= size ? size : last + 1) - first;
}

static int send_object(struct http_exchange *exchange, struct store *store, const struct job_message *wanted,
	struct exchange_sink *sink, struct error *err)
{
	struct object_info info;
	if (store_stat(store, wanted->key, &info, err) != 0)
		return -1;
	sink->length = range_length(wanted, info.size, err);
	if (sink->length < 0)
		return -1;
	if (sink->length >= HTTP_MOVE_FROM)
		sink->base.move = exchange_move;
	bool is_head = strcmp(http_exchange_method(exchange), "HEAD") == 0;
	if (!is_head &&
		store_get(store, wanted->key, wanted->range_first, wanted->range_last, &sink->base, err) != 0)
		return -1;
	start(sink); /* nothing to send, or nothing wanted */
	return 0;
}

static void write_log(const struct job_message *wanted, const struct http_exchange *exchange, int64_t ms,
	const struct error *err)
{
	log_at(err->code == ERROR_NONE || err->code == ERROR_CANCELLED ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		"bytes", LOG_STR("job_id", wanted->id), LOG_STR("request_id", wanted->request_id),
		LOG_STR("pid", wanted->pid), LOG_INT("store", wanted->store.pk), LOG_STR("op", "serve"),
		LOG_INT("size", http_exchange_bytes_sent(exchange)), LOG_INT("ms", ms),
		LOG_STR("code", error_wire_name(err->code)), LOG_STR("message", err->message),
		LOG_STR("cause", err->cause));
}

static void serve_object(
	struct bytes *bytes, struct http_exchange *exchange, const struct job_message *wanted)
{
	struct error err = {.code = ERROR_NONE};
	struct exchange_sink sink = {.base = {exchange_write, NULL}, .exchange = exchange};
	struct store *store = NULL;
	int64_t begun = clock_monotonic_ms();
	int result = store_cache_acquire(bytes->options.stores, &wanted->store, &store, &err);
	if (result == 0)
		result = send_object(exchange, store, wanted, &sink, &err);
	store_cache_release(bytes->options.stores, store);
	if (sink.started)
		http_exchange_finish(exchange, result == 0);
	else
		reply_error(exchange, &err);
	metric_add(&served_bytes, 0, http_exchange_bytes_sent(exchange));
	write_log(wanted, exchange, clock_monotonic_ms() - begun, &err);
}

static void handle_bytes(struct bytes *bytes, struct http_exchange *exchange)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(buf_release) struct buf claims = {0};
	struct job_message wanted;
	struct error err;
	const char *ticket = http_exchange_path(exchange) + strlen(BYTES_PREFIX);
	if (open_ticket(bytes, ticket, &claims, arena, &wanted, &err) != 0) {
		log_warn("a ticket was refused", LOG_STR("peer", http_exchange_peer(exchange)),
			LOG_ERROR(&err));
		reply_error(exchange, &err);
		return;
	}
	serve_object(bytes, exchange, &wanted);
}

/* --- health */

static void handle_livez(struct bytes *bytes, struct http_exchange *exchange)
{
	(void)bytes;
	http_exchange_reply(exchange, 200, JSON, "{\"status\":\"ok\"}", 15);
}

static void handle_readyz(struct bytes *bytes, struct http_exchange *exchange)
{
	struct error err;
	const char *missing = bytes->options.missing(bytes->options.context);
	if (!missing) {
		http_exchange_reply(exchange, 200, JSON, "{\"status\":\"ready\"}", 18);
		return;
	}
	error_set(&err, ERROR_UNAVAILABLE, "not ready: %s", missing);
	reply_error(exchange, &err);
}

static void handle_metrics(struct bytes *bytes, struct http_exchange *exchange)
{
	static const struct http_header TEXT[] = {
		{"Content-Type", "text/plain; version=0.0.4"}, {NULL, NULL}};
	(void)bytes;
	CLEANUP(buf_release) struct buf body = {0};
	metrics_print(&body);
	http_exchange_reply(exchange, 200, TEXT, body.data, body.length);
}

/* --- routing */

static const struct {
	const char *path;
	bool is_prefix;
	void (*handle)(struct bytes *bytes, struct http_exchange *exchange);
} ROUTES[] = {
	{BYTES_PREFIX, true, handle_bytes},
	{"/livez", false, handle_livez},
	{"/readyz", false, handle_readyz},
	{"/metrics", false, handle_metrics},
};

static void handle(struct http_exchange *exchange, void *context)
{
	const char *path = http_exchange_path(exchange), *method = http_exchange_method(exchange);
	struct error err;
	for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
		if (ROUTES[i].is_prefix ? strncmp(path, ROUTES[i].path, strlen(ROUTES[i].path)) != 0
					: strcmp(path, ROUTES[i].path) != 0)
			continue;
		if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
			ROUTES[i].handle(context, exchange);
			return;
		}
		error_set(&err, ERROR_METHOD_NOT_ALLOWED, NULL);
		reply_error(exchange, &err);
		return;
	}
	error_set(&err, ERROR_NOT_FOUND, "no such path");
	reply_error(exchange, &err);
}

int bytes_create(const struct bytes_options *options, struct bytes **out, struct error *err)
{
	struct bytes *bytes = memory_alloc(sizeof(*bytes));
	bytes->options = *options;
	struct http_server_options server = {
		.listen = options->listen,
		.threads = options->threads,
		.idle_timeout_ms = IDLE_TIMEOUT_MS,
		.body_timeout_ms = options->stall_timeout_ms,
		.max_head_size = HEAD_MAX,
		.handle = handle,
		.context = bytes,
	};
	if (http_server_create(&server, &bytes->server, err) != 0) {
		free(bytes);
		return -1;
	}
	*out = bytes;
	return 0;
}

int bytes_port(const struct bytes *bytes)
{
	return http_server_port(bytes->server);
}

void bytes_drain(struct bytes *bytes, int64_t deadline_ms)
{
	http_server_drain(bytes->server, deadline_ms);
}

void bytes_free(struct bytes *bytes)
{
	if (!bytes)
		return;
	http_server_free(bytes->server);
	free(bytes);
}
