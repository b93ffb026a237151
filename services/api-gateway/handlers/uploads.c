/* SPDX-License-Identifier: MIT */
#include "handlers/uploads_parts.h"

#include "common/arena.h"
#include "common/buf.h"
#include "config.h"
#include "gateway.h"
#include "handlers/session.h"

#include <string.h>
#include <strings.h>

enum {
	OUTCOME_WAIT_MS =
		5000 /* of the store: most are done by then, and who waits longer is told where to look */
};

int handle_uploads_options(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)err;
	response_header(request, response, "Tus-Resumable", "1.0.0");
	response_header(request, response, "Tus-Version", "1.0.0");
	response_header(request, response, "Tus-Extension",
		"creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,"
		"concatenation");
	response_header(request, response, "Tus-Checksum-Algorithm", "sha1,md5,sha256");
	response_header_printf(
		request, response, "Tus-Max-Size", "%lld", (long long)gateway->config->object_max);
	response_no_content(response);
	return 0;
}

/* The parts' URLs as this API writes them. */
static const char *concat_of(const struct upload_row *upload, struct arena *arena)
{
	if (upload->kind == UPLOAD_PARTIAL)
		return "partial";
	CLEANUP(buf_release) struct buf out = {0};
	buf_append_text(&out, "final;");
	char *rest = arena_strdup(arena, upload->parts);
	for (char *id; (id = strsep(&rest, ","));)
		buf_printf(&out, "%s/api/uploads/%s", out.length > 6 ? " " : "", id);
	return arena_memdup(arena, out.data, out.length);
}

int handle_uploads_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct upload_row upload;
	if (uploads_begin(request, response, err) ||
		upload_look(gateway->transfer, request_param(request, "id"), request->principal.user_pk,
			request->arena, &upload, err))
		return -1;
	if (upload.length >= 0)
		response_header_printf(request, response, "Upload-Length", "%lld", (long long)upload.length);
	else
		response_header(request, response, "Upload-Defer-Length", "1");
	if (upload.metadata)
		response_header(request, response, "Upload-Metadata", upload.metadata);
	if (upload.kind != UPLOAD_WHOLE)
		response_header(request, response, "Upload-Concat", concat_of(&upload, request->arena));
	uploads_describe(gateway, request, response, &upload, 0, "../");
	response->status = 200;
	return 0;
}

static int read_piece(struct request *request, struct upload_piece *piece, struct error *err)
{
	int64_t offset;
	const char *type = request_header(request, "Content-Type");
	if (!type || strcasecmp(type, "application/offset+octet-stream") != 0)
		return error_set(
			err, ERROR_MEDIA_TYPE, "the Content-Type must be application/offset+octet-stream");
	int given = uploads_number(request, "Upload-Offset", &offset, err);
	if (given < 0)
		return -1;
	if (!given)
		return error_set(err, ERROR_BAD_REQUEST, "Upload-Offset is missing");
	if (uploads_piece(request, offset, piece, err))
		return -1;
	return uploads_number(request, "Upload-Length", &piece->length, err) < 0 ? -1 : 0;
}

int handle_uploads_append(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct upload_row upload;
	struct upload_piece piece;
	struct caller caller = session_caller(request);
	if (uploads_begin(request, response, err) || read_piece(request, &piece, err) ||
		upload_receive(gateway->transfer, request_param(request, "id"), request->principal.user_pk,
			&piece, &caller, request->arena, &upload, err))
		return -1;
	uploads_describe(gateway, request, response, &upload, OUTCOME_WAIT_MS, "../");
	response_no_content(response);
	return 0;
}

int handle_uploads_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	if (uploads_begin(request, response, err) ||
		upload_drop(gateway->transfer, request_param(request, "id"), request->principal.user_pk,
			request->arena, err))
		return -1;
	response_no_content(response);
	return 0;
}

/* For clients that can only POST. */
int handle_uploads_override(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *method = request_header(request, "X-HTTP-Method-Override");
	if (uploads_begin(request, response, err))
		return -1;
	if (method && strcasecmp(method, "PATCH") == 0)
		return handle_uploads_append(gateway, request, response, err);
	if (method && strcasecmp(method, "DELETE") == 0)
		return handle_uploads_delete(gateway, request, response, err);
	response_header(request, response, "Allow", "DELETE, HEAD, OPTIONS, PATCH");
	response_keep_headers(response);
	return error_set(err, ERROR_METHOD_NOT_ALLOWED, "POST takes X-HTTP-Method-Override: PATCH or DELETE");
}
