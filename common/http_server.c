/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * A thread of civetweb serves one connection until it closes, so more busy keep-alive connections than
 * threads would starve the rest for ever. There is a reserve of threads beyond options.threads, and
 * whatever is answered while more connections than that are open says Connection: close: at most
 * options.threads connections ever sit idle on a thread.
 */

/* civetweb calls a head that fills its buffer malformed. With some room above our own limit nearly all
 * get the true reason. */
enum { BUFFER_FACTOR = 4, MIN_BUFFER_SIZE = 2048 };

static int reserve_of(int threads)
{
	return threads / 4 + 1;
}

static struct http_server *server_of(const struct mg_connection *connection)
{
	return mg_get_user_context_data(connection);
}

/* --- connections */

static int count_connection(const struct mg_connection *connection, void **data)
{
	(void)data;
	struct http_server *server = server_of(connection);
	LOCK_SCOPE(&server->lock);
	server->connections++;
	return 0;
}

static void discount_connection(const struct mg_connection *connection)
{
	struct http_server *server = server_of(connection);
	LOCK_SCOPE(&server->lock);
	server->connections--;
}

/* Whether the request may be served; if so leave() must follow. */
static bool enter(struct http_server *server, bool *may_keep)
{
	LOCK_SCOPE(&server->lock);
	*may_keep = !server->draining && server->connections <= server->options.threads;
	if (server->draining)
		return false;
	server->in_flight++;
	return true;
}

static void leave(struct http_server *server)
{
	LOCK_SCOPE(&server->lock);
	if (--server->in_flight == 0)
		pthread_cond_broadcast(&server->idle);
}

/* civetweb decides by the request's Connection header whether to read another request: make it say what
 * we told the client. The object is civetweb's own and not const there. */
static void settle_connection(struct mg_request_info *request, bool keep)
{
	int at = 0;
	while (at < request->num_headers && strcasecmp(request->http_headers[at].name, "Connection") != 0)
		at++;
	if (at == MG_MAX_HEADERS)
		at = 0; /* the request is over: any header will do */
	else if (at == request->num_headers)
		request->num_headers++;
	request->http_headers[at] = (struct mg_header){"Connection", keep ? "keep-alive" : "close"};
}

/* --- requests */

static void run_handler(struct http_exchange *exchange)
{
	struct http_server *server = exchange->server;
	server->options.handle(exchange, server->options.context);
	if (!exchange->status)
		http_response_refuse(exchange, 500, ERROR_INTERNAL, error_default_text(ERROR_INTERNAL));
	else if (!exchange->finished)
		http_exchange_finish(exchange, false);
}

static enum error_code code_of_status(int status)
{
	return status == 431 ? ERROR_TOO_LARGE : status == 501 ? ERROR_UNSUPPORTED : ERROR_BAD_REQUEST;
}

static void serve(struct http_exchange *exchange, struct mg_request_info *request)
{
	struct http_server *server = exchange->server;
	const char *detail;
	int refusal =
		http_head_check(request, server->options.max_head_size, server->head_buffer_size, &detail);
	if (!refusal && request->num_headers > server->options.max_headers) {
		refusal = 431;
		detail = "too many headers";
	}
	bool may_keep;
	bool entered = enter(server, &may_keep);
	http_request_init(exchange, server, exchange->connection, may_keep && !refusal);
	if (refusal)
		http_response_refuse(exchange, refusal, code_of_status(refusal), detail);
	else if (!entered)
		http_response_refuse(exchange, 503, ERROR_UNAVAILABLE, "the server is shutting down");
	else
		run_handler(exchange);
	http_exchange_set_deadline(exchange, 0);
	if (entered)
		leave(server);
	if (!refusal && !exchange->body_ended) {
		http_exchange_set_deadline(exchange, clock_monotonic_ms() + HTTP_LINGER_MS);
		http_request_drain(exchange);
		http_exchange_set_deadline(exchange, 0);
	}
}

/* civetweb's first callback of a request, before it looks at paths, CORS or files: nothing else of it
 * runs. */
static int begin_request(struct mg_connection *connection)
{
	struct mg_request_info *request = (struct mg_request_info *)mg_get_request_info(connection);
	struct http_exchange exchange = {.server = server_of(connection), .connection = connection};
	serve(&exchange, request);
	bool keep = exchange.keep && !exchange.cut && exchange.body_ended;
	settle_connection(request, keep);
	buf_release(&exchange.out);
	return keep ? exchange.status
		    : -1; /* a negative one keeps civetweb from reading the rest of the body, however long */
}

/* What civetweb refuses by itself, in its parser. It closes afterwards. */
static const struct {
	int theirs, ours;
	enum error_code code;
	const char *detail;
} PARSER_ERRORS[] = {
	{411, 400, ERROR_BAD_REQUEST, "Content-Length is not a length"},
	{413, 431, ERROR_TOO_LARGE, "request line and headers are too large"},
	{505, 505, ERROR_UNSUPPORTED, "only HTTP/1.0 and HTTP/1.1 are supported"},
	{500, 500, ERROR_INTERNAL, "internal error"},
};

static int refuse_unparsed(struct mg_connection *connection, int status, const char *message)
{
	(void)message;
	const char *value;
	struct http_exchange exchange = {
		.server = server_of(connection), .connection = connection, .body_ended = true};
	exchange.request = mg_get_request_info(connection);
	int refusal = 400;
	enum error_code code = ERROR_BAD_REQUEST;
	const char *detail = "the request is malformed, incomplete or far too large";
	for (size_t i = 0; i < sizeof(PARSER_ERRORS) / sizeof(PARSER_ERRORS[0]); i++) {
		if (PARSER_ERRORS[i].theirs != status)
			continue;
		refusal = PARSER_ERRORS[i].ours;
		code = PARSER_ERRORS[i].code;
		detail = PARSER_ERRORS[i].detail;
	}
	if (status == 400 && http_head_find(exchange.request, "Transfer-Encoding", &value)) {
		refusal = 501;
		code = ERROR_UNSUPPORTED;
		detail = "no Transfer-Encoding but chunked is supported";
	}
	http_response_refuse(&exchange, refusal, code, detail);
	buf_release(&exchange.out);
	return 0;
}

/* --- life */

static int log_message(const struct mg_connection *connection, const char *message)
{
	struct http_server *server = server_of(connection);
	if (!server->started && !server->start_error.cause[0]) /* its first word says why it cannot start */
		error_add_cause(&server->start_error, "%s", message);
	log_debug("civetweb", LOG_STR("message", message));
	return 1;
}

static void init_library(void)
{
	mg_init_library(MG_FEATURES_DEFAULT);
}

static struct mg_context *start(struct http_server *server)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_library);
	const struct http_server_options *options = &server->options;
	char threads[16], head[24], idle[24], body[24];
	snprintf(threads, sizeof(threads), "%d", options->threads + reserve_of(options->threads));
	snprintf(head, sizeof(head), "%zu", server->head_buffer_size);
	snprintf(idle, sizeof(idle), "%" PRId64, options->idle_timeout_ms);
	snprintf(body, sizeof(body), "%" PRId64, options->body_timeout_ms);
	const char *settings[] = {"listening_ports", options->listen, "num_threads", threads,
		"max_request_size", head, "enable_keep_alive", "yes", "keep_alive_timeout_ms", idle,
		"request_timeout_ms", body, "tcp_nodelay", "1", "decode_url", "no", "decode_query_string",
		"no", "enable_auth_domain_check", "no", "connection_queue", "128", "listen_backlog", "1024",
		"access_control_allow_origin", "", "access_control_allow_methods", "",
		"access_control_allow_headers", "", "enable_directory_listing", "no", NULL};
	const struct mg_callbacks callbacks = {.begin_request = begin_request,
		.http_error = refuse_unparsed,
		.init_connection = count_connection,
		.connection_closed = discount_connection,
		.log_message = log_message};
	return mg_start(&callbacks, server, settings);
}

static void release(struct http_server *server)
{
	http_watch_free(server->watch);
	pthread_cond_destroy(&server->idle);
	pthread_mutex_destroy(&server->lock);
	free((char *)server->options.listen);
	free(server);
}

static struct http_server *allocate(const struct http_server_options *options)
{
	struct http_server *server = memory_alloc(sizeof(*server));
	server->options = *options;
	server->options.listen = memory_strdup(options->listen);
	if (server->options.max_headers == 0)
		server->options.max_headers = MG_MAX_HEADERS;
	server->head_buffer_size = options->max_head_size * BUFFER_FACTOR;
	if (server->head_buffer_size < MIN_BUFFER_SIZE)
		server->head_buffer_size = MIN_BUFFER_SIZE;
	server->watch = http_watch_create();
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return server;
}

static int fail_to_start(struct http_server *server, struct error *err)
{
	char cause[sizeof(err->cause)];
	memcpy(cause, server->start_error.cause, sizeof(cause));
	bool taken = strstr(cause, "cannot bind") != NULL;
	error_set(err, taken ? ERROR_UNAVAILABLE : ERROR_INTERNAL, "cannot listen on %s",
		server->options.listen);
	error_add_cause(err, "%s", cause);
	release(server);
	return -1;
}

int http_server_create(const struct http_server_options *options, struct http_server **out, struct error *err)
{
	assert(options->threads > 0 && options->handle);
	struct http_server *server = allocate(options);
	struct mg_context *context = start(server);
	if (!context)
		return fail_to_start(server, err);
	struct mg_server_port port;
	mg_get_server_ports(context, 1, &port);
	server->port = port.port;
	server->context = context;
	server->started = true;
	*out = server;
	return 0;
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_drain(struct http_server *server, int64_t deadline_ms)
{
	struct timespec until = clock_timespec(deadline_ms);
	LOCK_SCOPE(&server->lock);
	server->draining = true;
	while (server->in_flight > 0)
		if (pthread_cond_timedwait(&server->idle, &server->lock, &until) != 0)
			return;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	mg_stop(server->context);
	release(server);
}
