/* SPDX-License-Identifier: MIT */
/*
 * POST /upload: metadata and, as base64, bytes in one JSON body, of any size. What the existing clients rely on: a
 * bucket without bytes answers with a URL to put them to, any other store without bytes makes a PENDING
 * row, and a row that is PENDING or FAILED is taken over.
 */
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/json_span.h"
#include "domain/mediadata.h"
#include "domain/once.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/presign_query.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/body_bytes.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <string.h>

static void answer(struct request *request, struct response *response, const char *status, const char *url)
{
	buf_printf(&response->body, "{\"status\":\"%s\",\"presigned_put\":", status);
	buf_append_json_string(&response->body, url);
	buf_append_text(&response->body, "}");
	response_json(request, response);
}

static int store_bytes(struct gateway *gateway, struct request *request, const struct transfer_put *put,
	const struct caller *caller, bool *ready, struct error *err)
{
	struct intake *intake;
	struct transfer_stored stored;
	if (body_bytes_intake(request->bytes, &intake, err) || transfer_check(gateway->transfer, err) ||
		transfer_put(gateway->transfer, put, intake, caller, request->arena, &stored, err))
		return -1;
	*ready = stored.ready;
	return 0;
}

/* Only the metadata go to PostgreSQL, not the bytes beside them. */
static int resolve(
	struct gateway *gateway, const struct request *request, struct mediadata *out, struct error *err)
{
	static const char *const PATH[] = {"mediadata", NULL};
	struct json_span span = {0};
	json_span_find(
		request->body, request->body_length, PATH, &span); /* its schema has seen that it is there */
	const char *document = arena_memdup(request->arena, span.text, span.length);
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const cJSON *mediadata = request_field(request->json, "mediadata");
	const struct db_actor actor = session_caller(request).actor;
	return conn ? mediadata_resolve(conn, mediadata, document, &actor, request->arena, out, err) : -1;
}

/* What this request had begun before its gateway died: 1 *ready says what became of it / 0 nothing, begin anew / -1 */
static int resume(struct gateway *gateway, const struct request *request, bool *ready, struct error *err)
{
	struct transfer_stored stored;
	if (!request->claim || !request->claim->effect)
		return 0;
	int resumed = transfer_resume(gateway->transfer, request->claim->effect, &stored, err);
	if (resumed == 1)
		*ready = stored.ready;
	return resumed;
}

static int presign_url_for(struct gateway *gateway, struct request *request, const struct transfer_put *put,
	const struct caller *caller, const char **url, struct error *err)
{
	struct transfer_presign wanted;
	if (presign_query(gateway, request, &wanted, err))
		return -1;
	return transfer_presign_put(gateway->transfer, put, &wanted, caller, request->arena, url, err);
}

static int run(struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct mediadata data = {0};
	struct caller caller = session_caller(request);
	const char *url = NULL;
	bool has_bytes = request_text(request->json, "base64"), ready = false;
	int resumed = resume(gateway, request, &ready, err);
	if (resumed == 1)
		answer(request, response, ready ? "READY" : "PENDING", NULL);
	if (resumed != 0)
		return resumed < 0 ? -1 : 0;
	if (resolve(gateway, request, &data, err)) {
		response_set_detail(response, data.problems);
		return -1;
	}
	struct transfer_put put = {
		.pid = data.media.pid, .create = &data.media, .existing = TRANSFER_TAKE_OVER};
	bool wants_url =
		data.store_type == STORE_BUCKET && (!has_bytes || body_bytes_is_empty(request->bytes));
	int done;
	if (wants_url)
		done = presign_url_for(gateway, request, &put, &caller, &url, err);
	else if (!has_bytes)
		done = transfer_announce(gateway->transfer, &put, &caller, request->arena, err);
	else
		done = store_bytes(gateway, request, &put, &caller, &ready, err);
	if (done)
		return -1;
	answer(request, response, ready ? "READY" : "PENDING", url);
	return 0;
}

int handle_upload(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	int result = run(gateway, request, response, err);
	if (result)
		response_add_error_member(response, "error", error_wire_name(err->code));
	return result;
}
