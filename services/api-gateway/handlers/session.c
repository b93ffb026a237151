/* SPDX-License-Identifier: MIT */
#include "handlers/session.h"

#include "common/arena.h"
#include "common/clock.h"
#include "config.h"
#include "domain/once.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>

struct db_conn *session_connect(struct gateway *gateway, struct error *err)
{
	return db_acquire(gateway->pool, clock_monotonic_ms() + gateway->config->database_timeout_ms, err);
}

struct db_conn *session_connect_list(struct gateway *gateway, struct error *err)
{
	return db_acquire(gateway->lists, clock_monotonic_ms() + gateway->config->database_timeout_ms, err);
}

void session_renew(struct gateway *gateway, struct db_conn *conn)
{
	db_set_deadline(conn, clock_monotonic_ms() + gateway->config->database_timeout_ms);
}

int session_pid(const struct request *request, struct response *response, const char **pid, struct error *err)
{
	const char *named = request_param(request, "pid");
	if (!named)
		named = request_query(request, "pid");
	if (!named || !*named) {
		response_set_detail(response,
			"[{\"type\":\"missing\",\"loc\":[\"query\",\"pid\"],\"msg\":\"Field required\"}]");
		return error_set(err, ERROR_INVALID, "pid is missing");
	}
	*pid = named;
	return 0;
}

int session_pk(const struct request *request, struct response *response, int64_t *pk, struct error *err)
{
	const char *detail;
	if (request_param_pk(request, "pk", pk, &detail, err) == 0)
		return 0;
	response_set_detail(response, detail);
	return -1;
}

struct caller session_caller(const struct request *request)
{
	return (struct caller){
		.actor = {request->principal.username, request->request_id},
		.traceparent = request->traceparent,
		.claim_id = request->claim ? request->claim->id : NULL,
	};
}

struct media_updates session_updates(struct gateway *gateway, const struct request *request)
{
	return (struct media_updates){
		.pool = gateway->pool,
		.timeout_ms = gateway->config->database_timeout_ms,
		.transfer = gateway->transfer,
		.list = request->json,
		.errors = request->element_errors,
		.document = request->body,
		.if_match = request_header(request, "If-Match"),
		.caller = session_caller(request),
		.arena = request->arena,
	};
}

static void delete_json(void *json)
{
	cJSON_Delete(json);
}

void session_keep(const struct request *request, cJSON *json)
{
	arena_defer(request->arena, delete_json, json);
}

int session_begin(
	struct db_conn *conn, const struct request *request, struct db_transaction *tx, struct error *err)
{
	struct caller caller = session_caller(request);
	return db_begin(conn, tx, err) || db_act_for(conn, &caller.actor, err) ? -1 : 0;
}
