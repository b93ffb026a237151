/* SPDX-License-Identifier: MIT */
#include "requests/source.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/json_span.h"
#include "config.h"
#include "db/pool.h"
#include "db/request_reply_repo.h"
#include "domain/fetch.h"
#include "domain/mediadata.h"
#include "domain/once.h"
#include "gateway.h"
#include "requests/call.h"
#include "requests/kinds.h"
#include "schemas/schema.h"

#include <assert.h>
#include <cjson/cJSON.h>

bool source_is_named(const struct call *call)
{
	return call->asked.kind->run == RUN_UPLOAD && request_field(call->asked.json, "source");
}

static struct db_conn *connect(struct gateway *gateway, struct error *err)
{
	return db_acquire(gateway->pool, clock_monotonic_ms() + gateway->database_timeout_ms, err);
}

static int check(struct call *call, const struct gateway *gateway, struct error *err)
{
	static const char *const LOC[] = {"body", "data", NULL};
	CLEANUP(buf_release) struct buf problems = {0};
	const struct schema *schema = schema_set_find(gateway->schemas, "amqp/upload_request.json");
	assert(schema);
	if (call->principal.role < ROLE_WRITER)
		return error_set(err, ERROR_FORBIDDEN, "the role %s is needed", role_name(ROLE_WRITER));
	if (schema_check(schema, value_of_json(call->asked.json), LOC, &problems)) {
		response_set_detail(
			&call->response, arena_memdup(call->arena, problems.data, problems.length));
		return error_set(err, ERROR_INVALID, NULL);
	}
	if (request_field(call->asked.json, "base64"))
		return error_set(err, ERROR_INVALID, "either base64 or source, not both");
	return 0;
}

static int add_reply(struct call *call, struct db_conn *conn, const char *job, struct error *err)
{
	const struct answer_address to = call_address(call);
	const struct request_reply reply = {
		0, job, to.reply_to, to.correlation_id, to.kind, to.message_id, to.request_id, to.packed};
	return to.reply_to ? request_reply_add(conn, &reply, err) : 0;
}

static int resolve(struct call *call, struct db_conn *conn, const struct db_actor *actor,
	struct mediadata *out, struct error *err)
{
	static const char *const PATH[] = {"mediadata", NULL};
	struct json_span span = {0};
	json_span_find(call->asked.data, call->asked.length, PATH, &span); /* its schema has seen it */
	const char *document = arena_memdup(call->arena, span.text, span.length);
	return mediadata_resolve(
		conn, request_field(call->asked.json, "mediadata"), document, actor, call->arena, out, err);
}

static int begin(struct call *call, struct gateway *gateway, struct error *err)
{
	struct mediadata data;
	const char *job;
	const struct cJSON *json = call->asked.json;
	const struct fetch_wish wish = {request_text(json, "source"), request_text(json, "source_s3_url"),
		request_text(json, "sha256")};
	const struct caller caller = {.actor = {call->principal.username, call->request.request_id},
		.traceparent = call->request.traceparent};
	if (check(call, gateway, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = connect(gateway, err);
	if (!conn || resolve(call, conn, &caller.actor, &data, err))
		return -1;
	const struct transfer_put put = {
		.pid = data.media.pid, .create = &data.media, .existing = TRANSFER_TAKE_OVER};
	if (fetch_begin(conn, gateway->sources, &put, &wish, &caller, call->arena, &job, err) ||
		add_reply(call, conn, job, err))
		return -1;
	call->response.status = SOURCE_BEGUN;
	buf_printf(&call->response.body, "{\"status\":\"PENDING\",\"job\":\"%s\"}", job);
	return 0;
}

void source_begin(struct call *call, struct gateway *gateway)
{
	struct error err;
	if (begin(call, gateway, &err))
		call_fail(call, &err);
}

int source_join(struct call *call, struct gateway *gateway, const char *kept, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(gateway, err);
	cJSON *json = cJSON_Parse(kept);
	const char *job = request_text(json, "job");
	int result = conn && job ? add_reply(call, conn, job, err) : conn ? 0 : -1;
	cJSON_Delete(json);
	return result;
}
