/* SPDX-License-Identifier: MIT */
#include "requests/bytes.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/clock.h"
#include "config.h"
#include "db/media_repo.h"
#include "db/pool.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "requests/call.h"

#include <inttypes.h>

static int begin(void *context, struct error *err)
{
	(void)context;
	(void)err;
	return 0;
}

static int keep(void *context, const void *bytes, size_t length, struct error *err)
{
	(void)err;
	buf_append(context, bytes, length);
	return 0;
}

static int find(struct call *call, struct gateway *gateway, struct media_row *row, struct error *err)
{
	const char *pid = bus_request_pid(&call->asked);
	int64_t deadline = clock_monotonic_ms() + gateway->database_timeout_ms;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(gateway->pool, deadline, err);
	return conn ? transfer_find_ready(conn, pid, call->arena, row, err) : -1;
}

static void write_answer(struct call *call, const struct buf *bytes, const char *url)
{
	struct buf *body = &call->response.body;
	const char *media = arena_memdup(call->arena, body->data, body->length);
	size_t length = base64_encoded_length(bytes->length, BASE64_STANDARD);
	buf_clear(body);
	buf_printf(body, "{\"mediadata\":%s,\"presigned_get\":", media);
	buf_append_json_string(body, url ? url : "");
	buf_append_text(body, ",\"base64\":\"");
	buf_reserve(body, length + 1);
	base64_encode(
		bytes->data ? bytes->data : "", bytes->length, BASE64_STANDARD, body->data + body->length);
	body->length += length;
	buf_append_text(body, "\"}");
}

static int add(struct call *call, struct gateway *gateway, struct error *err)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct media_row row;
	const char *url = NULL;
	struct caller caller = {.actor = {call->principal.username, call->request.request_id},
		.traceparent = call->request.traceparent};
	struct transfer_sink sink = {begin, keep, &bytes, NULL, NULL};
	if (find(call, gateway, &row, err))
		return -1;
	if (row.size > gateway->config->request_max) {
		struct transfer_presign wanted = {
			.expiry_ms = gateway->config->presign_expiry_ms, .size = -1};
		if (transfer_presign_get(gateway->transfer, &row, &wanted, call->arena, &url, err))
			return error_set(err, ERROR_TOO_LARGE,
				"%" PRId64 " bytes are too many for a message; GET /api/media/{pid}/content "
				"streams them",
				row.size);
	} else if (transfer_get(gateway->transfer, &row, 0, row.size - 1, &sink, &caller, call->arena, err)) {
		return -1;
	}
	write_answer(call, &bytes, url);
	return 0;
}

void bytes_add(struct call *call, struct gateway *gateway)
{
	struct error err;
	if (add(call, gateway, &err))
		call_fail(call, &err);
}
