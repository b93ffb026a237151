/* SPDX-License-Identifier: MIT */
#include "handlers/multiparts.h"

#include "common/clock.h"
#include "common/json_number.h"
#include "db/multipart_repo.h"
#include "domain/multipart.h"
#include "gateway.h"
#include "handlers/media.h"
#include "handlers/presign_query.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

static int64_t number_of(const struct request *request, const char *name, int64_t otherwise)
{
	return json_whole(request_field(request->json, name), otherwise);
}

static void append_number(struct buf *body, const char *name, int64_t number, bool known)
{
	if (known)
		buf_printf(body, ",\"%s\":%" PRId64, name, number);
	else
		buf_printf(body, ",\"%s\":null", name);
}

/* parts: JSON text */
static void answer(struct request *request, struct response *response, const struct multipart_row *upload,
	const char *parts)
{
	char expires[CLOCK_RFC3339_SIZE];
	struct buf *body = &response->body;
	buf_append_text(body, "{\"pid\":");
	buf_append_json_string(body, request_param(request, "pid"));
	buf_printf(body, ",\"part_size\":%" PRId64, upload->part_size);
	append_number(body, "part_count", multipart_count(upload), multipart_count(upload) > 0);
	append_number(body, "size", upload->size, upload->size >= 0);
	buf_append_text(body, ",\"sha256\":");
	if (upload->sha256)
		buf_append_json_string(body, upload->sha256);
	else
		buf_append_text(body, "null");
	buf_printf(body, ",\"expires\":\"%s\",\"parts\":%s}", clock_rfc3339(upload->expires_unix_ms, expires),
		parts);
	response_json(request, response);
}

int handle_multipart_begin(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const struct caller caller = session_caller(request);
	const struct multipart_wish wish = {
		.pid = request_param(request, "pid"),
		.size = number_of(request, "size", -1),
		.sha256 = request_text(request->json, "sha256"),
		.part_size = number_of(request, "part_size", 0),
		.expiry_ms = number_of(request, "expires", PRESIGN_EXPIRES_MAX_S) * 1000,
	};
	struct multipart_row upload;
	if (wish.expiry_ms > PRESIGN_EXPIRES_MAX_S * 1000)
		return error_set(err, ERROR_INVALID, "expires must be a whole number from 1 to 604800");
	if (presign_check_sha256(wish.sha256, err) ||
		multipart_begin(gateway->transfer, &wish, &caller, request->arena, &upload, err))
		return -1;
	answer(request, response, &upload, "[]");
	return 0;
}

int handle_multipart_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const struct caller caller = session_caller(request);
	struct multipart_row upload;
	const char *parts;
	if (multipart_read(gateway->transfer, request_param(request, "pid"), request->arena, &upload, err) ||
		multipart_parts(gateway->transfer, &upload, &caller, request->arena, &parts, err))
		return -1;
	answer(request, response, &upload, parts);
	return 0;
}

static int append_url(struct gateway *gateway, struct request *request, const struct multipart_row *upload,
	int64_t number, int64_t expiry_ms, struct buf *out, struct error *err)
{
	const char *url;
	if (multipart_url(gateway->transfer, upload, number, expiry_ms, request->arena, &url, err))
		return -1;
	buf_printf(out, "%s{\"number\":%" PRId64 ",\"url\":", out->length > 1 ? "," : "", number);
	buf_append_json_string(out, url);
	buf_append_text(out, "}");
	return 0;
}

int handle_multipart_urls(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct transfer_presign wanted;
	struct multipart_row upload;
	const cJSON *number;
	if (presign_query(gateway, request, &wanted, err) ||
		multipart_read(
			gateway->transfer, request_param(request, "pid"), request->arena, &upload, err))
		return -1;
	buf_append_text(&response->body, "[");
	cJSON_ArrayForEach(number, request_field(request->json, "parts"))
		if (append_url(gateway, request, &upload, json_whole(number, 0), wanted.expiry_ms,
			    &response->body, err))
			return -1;
	buf_append_text(&response->body, "]");
	response_json(request, response);
	return 0;
}

int handle_multipart_complete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const struct caller caller = session_caller(request);
	if (multipart_complete(
		    gateway->transfer, request_param(request, "pid"), &caller, request->arena, err))
		return -1;
	return handle_media_read(gateway, request, response, err);
}

int handle_multipart_abort(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)response;
	const struct caller caller = session_caller(request);
	return multipart_abort(
		gateway->transfer, request_param(request, "pid"), &caller, request->arena, err);
}
