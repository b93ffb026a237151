/* SPDX-License-Identifier: MIT */
/*
 * GET and HEAD /media/{pid}/content: the bytes as they are, streamed, whole or in part. All that the row
 * alone decides is decided without a worker.
 */
#include "common/arena.h"
#include "common/http_server.h"
#include "db/media_repo.h"
#include "domain/entity_tag.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/byte_range.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>
#include <time.h>

struct content {
	struct request *request;
	struct response *response;
	struct media_row row;
	const char *etag;
	struct byte_range range;
	bool partial;
};

static const char *http_date(struct arena *arena, int64_t unix_ms)
{
	char text[40];
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	return arena_strdup(arena, text);
}

static void describe(struct content *content)
{
	struct request *request = content->request;
	struct response *response = content->response;
	const struct media_row *row = &content->row;
	response_header(request, response, "Content-Type",
		row->content_type ? row->content_type : "application/octet-stream");
	response_header(request, response, "ETag", content->etag);
	response_header(request, response, "Accept-Ranges", "bytes");
	response_header(request, response, "Last-Modified", http_date(request->arena, row->updated_unix_ms));
	if (content->partial)
		response_header_printf(request, response, "Content-Range", "bytes %lld-%lld/%lld",
			(long long)content->range.first, (long long)content->range.last,
			(long long)row->size);
}

static int64_t content_length(const struct content *content)
{
	return content->row.size ? content->range.last - content->range.first + 1 : 0;
}

static int begin(void *context, struct error *err)
{
	(void)err;
	struct content *content = context;
	http_exchange_start(content->request->exchange, content->partial ? 206 : 200,
		content->response->headers, content_length(content));
	return 0;
}

static int write_bytes(void *context, const void *bytes, size_t length, struct error *err)
{
	struct content *content = context;
	return http_exchange_write(content->request->exchange, bytes, length, err);
}

/* Which bytes are wanted: the whole, unless there is one Range that holds (If-Range). RANGE. */
static int choose_range(struct content *content, struct response *response, struct error *err)
{
	const struct request *request = content->request;
	const char *condition = request_header(request, "If-Range");
	bool holds = !condition || entity_tag_in_list_strongly(condition, content->etag);
	content->range = (struct byte_range){0, content->row.size - 1};
	int chosen =
		holds ? byte_range_parse(request_header(request, "Range"), content->row.size, &content->range)
		      : 0;
	if (chosen < 0) {
		response_header_printf(content->request, response, "Content-Range", "bytes */%lld",
			(long long)content->row.size);
		return error_set(err, ERROR_RANGE, NULL);
	}
	content->partial = chosen == 1;
	return 0;
}

static int find(struct gateway *gateway, struct content *content, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct request *request = content->request;
	int found = conn ? media_find(conn, request_param(request, "pid"), DB_NO_LOCK, request->arena,
				   &content->row, err)
			 : -1;
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	if (content->row.status != MEDIA_READY)
		return error_set(err, ERROR_CONFLICT, "this media is %s, it has no bytes to give",
			media_status_name(content->row.status));
	content->etag =
		arena_printf(request->arena, "\"%s\"", content->row.sha256 ? content->row.sha256 : "");
	return 0;
}

int handle_content_get(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct content content = {.request = request, .response = response};
	struct caller caller = session_caller(request);
	if (find(gateway, &content, err))
		return -1;
	if (entity_tag_in_list(request_header(request, "If-None-Match"), content.etag)) {
		response->status = 304;
		response_header(request, response, "ETag", content.etag);
		return 0;
	}
	if (choose_range(&content, response, err))
		return -1;
	describe(&content);
	struct transfer_sink sink = {begin, write_bytes, &content};
	bool head_only = strcmp(request->method, "HEAD") == 0;
	if (head_only)
		begin(&content, err);
	else if (transfer_get(gateway->transfer, &content.row, content.range.first, content.range.last, &sink,
			 &caller, request->arena, err))
		return -1;
	http_exchange_finish(request->exchange, true);
	return 0;
}
