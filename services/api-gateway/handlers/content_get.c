/* SPDX-License-Identifier: MIT */
/*
 * GET and HEAD /media/{pid}/content: the bytes as they are, streamed, whole or in parts. All that the row
 * alone decides is decided without a worker.
 */
#include "common/arena.h"
#include "common/clock.h"
#include "common/http_date.h"
#include "common/http_server.h"
#include "db/media_repo.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/byteranges.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/checksum_headers.h"
#include "http/content_disposition.h"
#include "http/preconditions.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>

struct content {
	struct gateway *gateway;
	struct request *request;
	struct response *response;
	struct media_row row;
	struct validators validators;
	struct byte_ranges ranges; /* count 0: the whole */
	struct byteranges body;    /* of several ranges */
	size_t part;               /* which of them is being sent */
	bool begun;
};

static bool is_head(const struct content *content)
{
	return strcmp(content->request->method, "HEAD") == 0;
}

/* --- which media, and whether it is wanted */

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
	content->validators = (struct validators){
		arena_printf(request->arena, "\"%s\"", content->row.sha256 ? content->row.sha256 : ""),
		content->row.content_unix_ms / 1000};
	return 0;
}

/* --- what is said about it */

static void describe_validators(const struct content *content)
{
	char date[HTTP_DATE_SIZE];
	int64_t now = clock_unix_ms() / 1000, modified = content->validators.modified_unix_s;
	http_date_format(modified < now ? modified : now, date); /* never in the future */
	response_header(content->request, content->response, "ETag", content->validators.etag);
	response_header(content->request, content->response, "Last-Modified", date);
}

static const char *content_type(const struct content *content)
{
	return content->row.content_type ? content->row.content_type : "application/octet-stream";
}

static void describe_checksums(const struct content *content)
{
	const struct media_row *row = &content->row;
	struct checksums sums = {0};
	checksums_set(&sums, CHECKSUM_SHA256, row->sha256);
	checksums_set(&sums, CHECKSUM_CRC32C, row->crc32c);
	checksums_set(&sums, CHECKSUM_MD5, row->md5);
	checksum_headers_write(content->request, content->response, &sums,
		is_head(content)        ? CHECKSUM_OF_REPRESENTATION
		: content->ranges.count ? CHECKSUM_OF_PART
					: CHECKSUM_OF_CONTENT);
}

static void describe(struct content *content)
{
	struct request *request = content->request;
	struct response *response = content->response;
	response_header(request, response, "Content-Type", content_type(content));
	describe_validators(content);
	response_header(request, response, "Accept-Ranges", "bytes");
	if (content->row.filename)
		response_header(request, response, "Content-Disposition",
			content_disposition_attachment(content->row.filename, request->arena));
	describe_checksums(content);
	if (content->ranges.count == 1)
		response_header_printf(request, response, "Content-Range", "bytes %lld-%lld/%lld",
			(long long)content->ranges.items[0].first, (long long)content->ranges.items[0].last,
			(long long)content->row.size);
	if (content->ranges.count < 2)
		return;
	byteranges_init(
		&content->body, &content->ranges, content->row.size, content_type(content), request->arena);
	response_header(request, response, "Content-Type", byteranges_content_type(&content->body));
}

/* --- the answer */

static int64_t content_length(const struct content *content)
{
	const struct byte_ranges *ranges = &content->ranges;
	if (ranges->count > 1)
		return byteranges_length(&content->body);
	return ranges->count ? ranges->items[0].last - ranges->items[0].first + 1 : content->row.size;
}

static void start(struct content *content)
{
	if (!content->begun)
		http_exchange_start(content->request->exchange, content->ranges.count ? 206 : 200,
			content->response->headers, content_length(content));
	content->begun = true;
}

static int write_text(const struct content *content, const char *text, struct error *err)
{
	return http_exchange_write(content->request->exchange, text, strlen(text), err);
}

static int begin(void *context, struct error *err)
{
	struct content *content = context;
	start(content);
	if (content->ranges.count < 2)
		return 0;
	return write_text(content, byteranges_part_head(&content->body, content->part), err);
}

static int write_bytes(void *context, const void *bytes, size_t length, struct error *err)
{
	struct content *content = context;
	return http_exchange_write(content->request->exchange, bytes, length, err);
}

static int write_file(void *context, int fd, int64_t first, int64_t length, struct error *err)
{
	struct content *content = context;
	return http_exchange_write_file(content->request->exchange, fd, first, length, err);
}

static int write_stream(void *context, struct http_stream *stream, struct error *err)
{
	struct content *content = context;
	return http_exchange_write_stream(content->request->exchange, stream, err);
}

static int send_part(struct content *content, int64_t first, int64_t last, struct error *err)
{
	struct caller caller = session_caller(content->request);
	struct transfer_sink sink = {begin, write_bytes, content, write_file, write_stream};
	return transfer_get(content->gateway->transfer, &content->row, first, last, &sink, &caller,
		content->request->arena, err);
}

static int send_bytes(struct content *content, struct error *err)
{
	const struct byte_ranges *ranges = &content->ranges;
	if (!ranges->count)
		return send_part(content, 0, content->row.size - 1, err);
	for (; content->part < ranges->count; content->part++) {
		const struct byte_range *range = &ranges->items[content->part];
		if (send_part(content, range->first, range->last, err))
			return -1;
	}
	return ranges->count > 1 ? write_text(content, byteranges_tail(&content->body), err) : 0;
}

/* The whole, unless there is a Range that counts: it is defined for GET only. RANGE. */
static int choose_ranges(struct content *content, struct error *err)
{
	struct request *request = content->request;
	if (is_head(content) || !preconditions_range_holds(request, &content->validators))
		return 0;
	if (byte_ranges_parse(request_header(request, "Range"), content->row.size, &content->ranges) >= 0)
		return 0;
	response_header_printf(
		request, content->response, "Content-Range", "bytes */%lld", (long long)content->row.size);
	return error_set(err, ERROR_RANGE,
		"none of these bytes is there, or more than %d ranges were asked for", BYTE_RANGES_MAX);
}

int handle_content_get(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct content content = {.gateway = gateway, .request = request, .response = response};
	if (find(gateway, &content, err))
		return -1;
	enum precondition condition = preconditions_check(request, &content.validators);
	if (condition == PRECONDITION_FAILED)
		return error_set(
			err, ERROR_PRECONDITION_FAILED, "the content is another than the condition names");
	if (condition == PRECONDITION_NOT_MODIFIED) {
		response->status = 304;
		describe_validators(&content);
		return 0;
	}
	if (choose_ranges(&content, err))
		return -1;
	describe(&content);
	if (is_head(&content))
		start(&content);
	else if (send_bytes(&content, err))
		return -1;
	http_exchange_finish(request->exchange, true);
	return 0;
}
