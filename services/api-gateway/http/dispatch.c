/* SPDX-License-Identifier: MIT */
#include "http/dispatch.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/http_server.h"
#include "common/json_span.h"
#include "domain/entity_tag.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/body.h"
#include "http/budget.h"
#include "http/cors.h"
#include "http/coverage.h"
#include "http/idempotency.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "http/url.h"
#include "schemas/schema.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LARGE_BODY = 1024 * 1024 }; /* beyond it a body with bytes in it counts as a transfer */

static int find_route(struct gateway *gateway, struct request *request, const char **allow, struct error *err)
{
	struct route_match match = {0};
	int result = router_match(
		gateway->router, request->method, request->raw_path, request->arena, &match, err);
	*allow = match.allow;
	if (result != 0)
		return -1;
	request->route = match.route;
	request->params = match.params;
	return url_query(request->raw_query, request->arena, &request->query, err);
}

static int authorize(struct gateway *gateway, struct request *request, struct error *err)
{
	static const enum role NEEDED[] = {
		[READER] = ROLE_READER, [WRITER] = ROLE_WRITER, [ADMIN] = ROLE_ADMIN};
	if (request->route->auth == PUBLIC)
		return 0;
	const char *header = request_header(request, "Authorization");
	if (!request->principal.user_pk && auth_check(gateway->auth, header, &request->principal, err) != 0)
		return -1;
	enum role needed = NEEDED[request->route->auth];
	if (request->principal.role < needed)
		return error_set(err, ERROR_FORBIDDEN, "the role %s is needed", role_name(needed));
	return 0;
}

static bool wants_json(const struct route *route)
{
	return route->body.schema && route->body.schema != ROUTE_RAW;
}

static bool streamed(const struct request *request)
{
	return request->source.answered && request->source.answered(request->source.context);
}

static bool is_large(const struct request *request)
{
	int64_t length = request->source.content_length;
	return length < 0 || length > LARGE_BODY;
}

/* What may take long because many bytes move. */
static bool is_transfer(const struct request *request)
{
	const struct route_body *body = &request->route->body;
	if (body->schema == ROUTE_RAW)
		return strcmp(request->method, "HEAD") != 0;
	return body->bytes && is_large(request);
}

static int run_route(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	if (wants_json(request->route) && body_take(gateway, request, response, err) != 0)
		return -1;
	int begun = idempotency_begin(gateway, request, response, err);
	return begun == 1 ? idempotency_run(gateway, request, response, err) : begun;
}

/* A transfer too many is refused at once: whoever waited would hold a connection as well. */
static int run_transfer(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(budget_share_release) struct budget_share share = {gateway->transfers, 0};
	if (budget_share_set(&share, 1, 0, err) != 0)
		return -1;
	response_header(request, response, "Cache-Control", "private, no-cache");
	return run_route(gateway, request, response, err);
}

static int serve(struct gateway *gateway, struct request *request, struct response *response,
	const char **allow, struct error *err)
{
	if (cors_is_preflight(gateway->cors, request))
		return cors_preflight(gateway, request, response, allow, err);
	if (find_route(gateway, request, allow, err) != 0 || authorize(gateway, request, err) != 0)
		return -1;
	if (request->route->body.schema == ROUTE_RAW || request->route->body.bytes)
		request_set_pace(request, gateway->pace_window_ms, gateway->pace_bytes);
	return is_transfer(request) ? run_transfer(gateway, request, response, err)
				    : run_route(gateway, request, response, err);
}

/* The schema of a reply: its route's, or that of every error. NULL: it has none. */
static const char *schema_of_reply(const struct request *request, const struct response *response)
{
	if (response->status >= 400)
		return "rest/error.json";
	return request->route ? request->route->reply : NULL;
}

/* In tests every reply is held against the schema that the documentation shows. */
static int check_reply(const struct gateway *gateway, const struct request *request,
	const struct response *response, struct error *err)
{
	const char *name = schema_of_reply(request, response);
	if (!gateway->check_replies || !name || !response->body.length)
		return 0;
	const struct schema *schema = schema_set_find(gateway->schemas, name);
	assert(schema);
	const struct buf *body = &response->body;
	cJSON *json = body_parse(body->data, body->length, json_span_measure(body->data, body->length).depth);
	if (!json)
		return error_set_cause(err, ERROR_INTERNAL, "the reply is not JSON");
	struct buf problems = {0};
	const char *const loc[] = {"reply", NULL};
	int result = 0;
	if (schema_check(schema, value_of_json(json), loc, &problems) > 0)
		result = error_set_cause(
			err, ERROR_INTERNAL, "the reply does not fit %s: %.150s", name, problems.data);
	buf_release(&problems);
	cJSON_Delete(json);
	return result;
}

/* For the tests' account of what was ever answered. */
static void record(
	const struct gateway *gateway, const struct request *request, const struct response *response)
{
	if (!gateway->coverage)
		return;
	struct error err = {0};
	const struct route *route = request->route;
	int status = response->status ? response->status : http_exchange_status(request->exchange);
	const char *body = "fits";
	if (response->status && !response->body.length)
		body = "none";
	else if (!response->status || !schema_of_reply(request, response))
		body = "unchecked";
	else if (check_reply(gateway, request, response, &err) != 0)
		body = "misfits";
	coverage_record(gateway->coverage, route ? route->method : request->method,
		route ? route->pattern : NULL, status, body);
}

/* The handler's own, or NULL. */
static const char *tag_of(const struct response *response)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (strcasecmp(response->headers[i].name, "ETag") == 0)
			return response->headers[i].value;
	return NULL;
}

/* Of what it says. */
static const char *make_tag(struct request *request, struct response *response)
{
	char sum[DIGEST_HEX_SIZE];
	digest_sha256_hex(response->body.data, response->body.length, sum);
	response_header_printf(request, response, "ETag", "\"%.32s\"", sum);
	return tag_of(response);
}

/* What has no version of its own is told apart by what it says; who has it already is told so. */
static void tag_read(struct request *request, struct response *response)
{
	bool read = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
	const struct route *route = request->route;
	if (!read || response->status != 200 || route->auth == PUBLIC || !route->reply ||
		!response->body.length)
		return;
	const char *tag = tag_of(response);
	if (!tag)
		tag = make_tag(request, response);
	if (!entity_tag_in_list(request_header(request, "If-None-Match"), tag))
		return;
	response->status = 304;
	buf_clear(&response->body);
}

/* Leaves the answer in the response, unless it was streamed. */
static void run(struct gateway *gateway, struct request *request, struct response *response)
{
	struct error err = {0};
	const char *allow = NULL;
	response_begin(request, response);
	cors_apply(gateway->cors, request, response);
	response_keep_headers(response);
	int result = serve(gateway, request, response, &allow, &err);
	if (streamed(request)) {
		response->status = 0;
		if (result != 0)
			response->error = err;
		return;
	}
	if (result == 0 && response->status == 0)
		response->status = request->route->status;
	if (result != 0 || check_reply(gateway, request, response, &err) != 0)
		response_error(request, response, &err);
	else
		tag_read(request, response);
	if (allow)
		response_header(request, response, "Allow", allow);
}

void dispatch(struct gateway *gateway, struct request *request, struct response *response)
{
	run(gateway, request, response);
	idempotency_end(gateway, request, response);
	record(gateway, request, response);
}
