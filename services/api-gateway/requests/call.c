/* SPDX-License-Identifier: MIT */
#include "requests/call.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/clock.h"
#include "common/digest.h"
#include "config.h"
#include "db/pool.h"
#include "db/user_repo.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/dispatch.h"
#include "requests/bytes.h"
#include "requests/kinds.h"
#include "requests/source.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { ID_DIGITS = 32 };

/* --- the message as where head and body come from */

static const char *header_of(void *context, const char *name)
{
	const struct call *call = context;
	if (strcasecmp(name, "Content-Type") == 0)
		return "application/json";
	if (strcasecmp(name, "If-Match") == 0)
		return call->asked.if_match;
	if (strcasecmp(name, "traceparent") == 0)
		return bus_delivery_header(call->delivery, "traceparent");
	return NULL;
}

static ssize_t read_data(void *context, void *out, size_t size, struct error *err)
{
	struct call *call = context;
	size_t left = call->asked.length - call->read;
	(void)err;
	if (size > left)
		size = left;
	memcpy(out, call->asked.data + call->read, size);
	call->read += size;
	return (ssize_t)size;
}

/* A pid as the query has it. */
static const char *query_of(const struct call *call)
{
	static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	CLEANUP(buf_release) struct buf query = {0};
	buf_append_text(&query, "pid=");
	for (const char *at = bus_request_pid(&call->asked); *at; at++) {
		if (strchr(PLAIN, *at))
			buf_append(&query, at, 1);
		else
			buf_printf(&query, "%%%02X", (unsigned char)*at);
	}
	return arena_memdup(call->arena, query.data, query.length);
}

static void begin_request(struct call *call)
{
	const struct request_kind *kind = call->asked.kind;
	bool in_query = kind->shape == SHAPE_PID;
	call->read = 0;
	call->request.method = kind->method;
	call->request.raw_path = kind->path;
	call->request.raw_query = in_query ? query_of(call) : "";
	call->request.source = (struct request_source){
		.context = call,
		.header = header_of,
		.read = read_data,
		.content_length = in_query ? 0 : (int64_t)call->asked.length,
	};
	call->request.principal = call->principal;
}

void call_begin(
	struct call *call, struct gateway *gateway, const struct bus_delivery *delivery, struct arena *arena)
{
	*call = (struct call){.gateway = gateway, .delivery = delivery, .arena = arena};
	call->request.method = call->request.raw_path = call->request.raw_query = "";
	call->request.source = (struct request_source){.context = call, .header = header_of};
	bus_request_begin(delivery, &call->asked);
	request_begin(&call->request, arena);
	response_begin(&call->request, &call->response);
}

void call_release(struct call *call)
{
	response_release(&call->response);
}

/* --- who asks */

/* The broker lets nobody but the user himself set user_id. */
static int find_account(struct call *call, struct error *err)
{
	struct user_row row;
	int64_t deadline = clock_monotonic_ms() + call->gateway->database_timeout_ms;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(call->gateway->pool, deadline, err);
	int found = conn ? user_find(conn, call->delivery->user_id, call->arena, &row, err) : -1;
	if (found < 0)
		return -1;
	int role = found && row.active ? role_from_name(row.role) : -1;
	if (role < 0)
		return error_set(err, ERROR_UNAUTHORIZED, NULL);
	call->principal = (struct principal){.user_pk = row.pk, .role = (enum role)role};
	snprintf(call->principal.username, sizeof(call->principal.username), "%s", row.name);
	return 0;
}

static int identify(struct call *call, struct error *err)
{
	if (call->asked.token)
		return auth_check(call->gateway->auth,
			arena_printf(call->arena, "Bearer %s", call->asked.token), &call->principal, err);
	if (*call->delivery->user_id)
		return find_account(call, err);
	return error_set(err, ERROR_UNAUTHORIZED, NULL);
}

/* The same for every delivery of a message, so that histories tell what it has done. */
static void name_request(struct call *call)
{
	char hex[DIGEST_HEX_SIZE];
	if (!call->asked.message_id)
		return;
	const char *text =
		arena_printf(call->arena, "%" PRId64 ":%s", call->principal.user_pk, call->asked.message_id);
	digest_sha256_hex(text, strlen(text), hex);
	snprintf(call->request.request_id, sizeof(call->request.request_id), "bus-%.*s", ID_DIGITS, hex);
}

int call_open(struct call *call, struct error *err)
{
	const char *detail = NULL;
	if (bus_request_read(call->delivery, call->gateway, call->arena, &call->asked, &detail, err) ||
		identify(call, err)) {
		response_set_detail(&call->response, detail);
		call_fail(call, err);
		return -1;
	}
	name_request(call);
	return 0;
}

/* --- doing it */

void call_fail(struct call *call, const struct error *err)
{
	response_error(&call->request, &call->response, err);
}

void call_run(struct call *call, struct gateway *gateway)
{
	response_release(&call->response);
	call->response = (struct response){0};
	if (source_is_named(call)) {
		response_begin(&call->request, &call->response);
		source_begin(call, gateway);
		return;
	}
	begin_request(call);
	dispatch(gateway, &call->request, &call->response);
	if (call->asked.kind->run == RUN_BYTES && call->response.error.code == ERROR_NONE)
		bytes_add(call, gateway);
}

bool call_is_passing(const struct call *call)
{
	const struct response *response = &call->response;
	bool failed = response->error.code != ERROR_NONE;
	return response->status >= 500 || response->status == 408 ||
	       (failed && (error_is_retryable(response->error.code) ||
				  error_http_status(response->error.code) >= 499));
}

struct answer_address call_address(const struct call *call)
{
	return (struct answer_address){
		.reply_to = call->asked.reply_to,
		.correlation_id = call->asked.correlation_id,
		.kind = call->asked.kind ? call->asked.kind->name : NULL,
		.message_id = call->asked.message_id,
		.request_id = call->request.request_id,
		.packed = call->asked.packed,
	};
}
