/* SPDX-License-Identifier: MIT */
/*
 * GET /download/{pid}: a media and its bytes as base64 in one JSON body, streamed: the length is known
 * before the first byte, and no more than a piece is in memory. GET /download/url/{pid}: the same with a
 * URL instead of the bytes.
 */
#include "common/arena.h"
#include "common/base64.h"
#include "common/http_server.h"
#include "db/media_repo.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/presign_query.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>

enum { GROUP = 3, PIECE = 48 * 1024 }; /* PIECE is a multiple of GROUP */

struct encoder {
	struct http_exchange *exchange;
	const struct http_header *headers;
	const char *head; /* the JSON before the base64 */
	int64_t content_length;
	unsigned char pending[GROUP];
	size_t pending_length;
	char *text; /* of one piece */
};

static const char TAIL[] = "\",\"presigned_get\":\"\"}";

static int begin(void *context, struct error *err)
{
	struct encoder *encoder = context;
	http_exchange_start(encoder->exchange, 200, encoder->headers, encoder->content_length);
	return http_exchange_write(encoder->exchange, encoder->head, strlen(encoder->head), err);
}

static int write_encoded(struct encoder *encoder, const void *bytes, size_t length, struct error *err)
{
	base64_encode(bytes, length, BASE64_STANDARD, encoder->text);
	return http_exchange_write(
		encoder->exchange, encoder->text, base64_encoded_length(length, BASE64_STANDARD), err);
}

/* Groups of three that lie across two calls are put together in `pending`. */
static int encode(void *context, const void *bytes, size_t length, struct error *err)
{
	struct encoder *encoder = context;
	const unsigned char *at = bytes;
	while (encoder->pending_length > 0 && encoder->pending_length < GROUP && length > 0) {
		encoder->pending[encoder->pending_length++] = *at++;
		length--;
	}
	if (encoder->pending_length == GROUP) {
		if (write_encoded(encoder, encoder->pending, GROUP, err))
			return -1;
		encoder->pending_length = 0;
	}
	while (length >= GROUP) {
		size_t piece = length < PIECE ? length / GROUP * GROUP : PIECE;
		if (write_encoded(encoder, at, piece, err))
			return -1;
		at += piece;
		length -= piece;
	}
	for (; length > 0; length--)
		encoder->pending[encoder->pending_length++] = *at++;
	return 0;
}

static int finish(struct encoder *encoder, struct error *err)
{
	if (encoder->pending_length && write_encoded(encoder, encoder->pending, encoder->pending_length, err))
		return -1;
	if (http_exchange_write(encoder->exchange, TAIL, sizeof(TAIL) - 1, err))
		return -1;
	http_exchange_finish(encoder->exchange, true);
	return 0;
}

/* The media as row and as JSON. NOT_FOUND; CONFLICT when it has no bytes. */
static int find_ready(struct gateway *gateway, const struct request *request, struct response *response,
	struct media_row *row, const char **json, struct error *err)
{
	const char *pid;
	if (session_pid(request, response, &pid, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || transfer_find_ready(conn, pid, request->arena, row, err))
		return -1;
	int found = media_read_json(conn, pid, request->arena, json, err);
	return found == 0 ? error_set(err, ERROR_NOT_FOUND, "no media has this pid") : found < 0 ? -1 : 0;
}

static int run_download(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct media_row row;
	const char *json;
	struct caller caller = session_caller(request);
	if (find_ready(gateway, request, response, &row, &json, err))
		return -1;
	response_json(request, response);
	struct encoder encoder = {
		.exchange = request->exchange,
		.headers = response->headers,
		.head = arena_printf(request->arena, "{\"mediadata\":%s,\"base64\":\"", json),
		.text = arena_alloc(request->arena, base64_encoded_length(PIECE, BASE64_STANDARD) + 1),
	};
	encoder.content_length =
		(int64_t)(strlen(encoder.head) + base64_encoded_length((size_t)row.size, BASE64_STANDARD) +
			  sizeof(TAIL) - 1);
	struct transfer_sink sink = {begin, encode, &encoder, NULL, NULL};
	if (transfer_get(gateway->transfer, &row, 0, row.size - 1, &sink, &caller, request->arena, err))
		return -1;
	return finish(&encoder, err);
}

static int run_download_url(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct media_row row;
	const char *json, *url;
	struct transfer_presign wanted;
	if (presign_query(gateway, request, &wanted, err) ||
		find_ready(gateway, request, response, &row, &json, err) ||
		transfer_presign_get(gateway->transfer, &row, &wanted, request->arena, &url, err))
		return -1;
	buf_printf(&response->body, "{\"mediadata\":%s,\"base64\":\"\",\"presigned_get\":", json);
	buf_append_json_string(&response->body, url);
	buf_append_text(&response->body, "}");
	response_json(request, response);
	return 0;
}

/* What clients of the download calls look for in an error. */
static int explain(
	const struct request *request, struct response *response, int result, const struct error *err)
{
	const char *pid =
		request_param(request, "pid") ? request_param(request, "pid") : request_query(request, "pid");
	if (result) {
		response_add_error_member(response, "pid", pid ? pid : "");
		response_add_error_member(response, "error", error_wire_name(err->code));
		response_add_error_member(response, "msg", err->message);
	}
	return result;
}

int handle_download(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return explain(request, response, run_download(gateway, request, response, err), err);
}

int handle_download_url(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return explain(request, response, run_download_url(gateway, request, response, err), err);
}
