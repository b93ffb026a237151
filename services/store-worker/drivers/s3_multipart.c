/* SPDX-License-Identifier: MIT */
#include "drivers/s3_multipart.h"

#include "common/cleanup.h"
#include "drivers/s3_listing.h"
#include "drivers/s3_object.h"
#include "drivers/s3_request.h"
#include "drivers/s3_time.h"
#include "drivers/s3_xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ID_MAX = 1024, ETAG_MAX = 256, UPLOADS_BODY_MAX = 8 << 20 };

void s3_multipart_release(struct s3_multipart *multipart)
{
	buf_release(&multipart->id);
	buf_release(&multipart->parts);
}

static int read_id(const struct http_reply *reply, struct buf *id)
{
	struct s3_xml root;
	const char *body = http_reply_body(reply);
	if (!body ||
		s3_xml_root(body, http_reply_body_length(reply), "InitiateMultipartUploadResult", &root) != 1)
		return -1;
	return s3_xml_child_text(root, "UploadId", id) == 1 && id->length > 0 && id->length <= ID_MAX ? 0
												      : -1;
}

int s3_multipart_begin(struct s3_multipart *multipart, const struct s3_bucket *bucket,
	const struct s3_object *object, struct error *err)
{
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	const struct sigv4_pair query[] = {{"uploads", NULL}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {
		{"content-type", object->content_type}, {S3_MARK_HEADER, object->mark}, {NULL, NULL}};
	const struct s3_request request = {
		.method = "POST", .key = object->key, .query = query, .headers = headers};
	multipart->bucket = bucket;
	multipart->object = object;
	if (s3_request_run(bucket, &request, &answer, err) == -1)
		return -1;
	if (read_id(answer.reply, &multipart->id) == -1)
		return error_set_cause(
			err, ERROR_UNAVAILABLE, "S3 CreateMultipartUpload: no usable UploadId");
	buf_append_text(&multipart->parts, "<CompleteMultipartUpload>");
	return 0;
}

static void append_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		const char *escape = *text == '&'   ? "&amp;"
				     : *text == '<' ? "&lt;"
				     : *text == '>' ? "&gt;"
						    : NULL;
		if (escape)
			buf_append_text(out, escape);
		else
			buf_append(out, text, 1);
	}
}

int s3_multipart_add(struct s3_multipart *multipart, const void *bytes, size_t length, struct error *err)
{
	if (multipart->count == S3_PARTS_MAX)
		return error_set(err, ERROR_TOO_LARGE, "an object of unknown size is larger than %d parts",
			S3_PARTS_MAX);
	char number[16];
	snprintf(number, sizeof(number), "%d", multipart->count + 1);
	const struct sigv4_pair query[] = {
		{"partNumber", number}, {"uploadId", multipart->id.data}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {{"content-type", "application/octet-stream"}, {NULL, NULL}};
	const struct s3_request request = {.method = "PUT",
		.key = multipart->object->key,
		.query = query,
		.headers = headers,
		.body = bytes,
		.length = length};
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	if (s3_request_run(multipart->bucket, &request, &answer, err) == -1)
		return -1;
	const char *etag = http_reply_header(answer.reply, "etag");
	if (!etag || !*etag || strlen(etag) > ETAG_MAX)
		return error_set_cause(err, ERROR_UNAVAILABLE, "S3 UploadPart: no usable ETag");
	multipart->count++;
	buf_printf(&multipart->parts, "<Part><PartNumber>%s</PartNumber><ETag>", number);
	append_escaped(&multipart->parts, etag);
	buf_append_text(&multipart->parts, "</ETag></Part>");
	return 0;
}

int s3_multipart_complete(struct s3_multipart *multipart, struct error *err)
{
	buf_append_text(&multipart->parts, "</CompleteMultipartUpload>");
	const struct sigv4_pair query[] = {{"uploadId", multipart->id.data}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {{"content-type", "application/xml"}, {NULL, NULL}};
	const struct s3_request request = {.method = "POST",
		.key = multipart->object->key,
		.query = query,
		.headers = headers,
		.body = multipart->parts.data,
		.length = multipart->parts.length};
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	return s3_request_run(multipart->bucket, &request, &answer, err);
}

static int abort_upload(const struct s3_bucket *bucket, const char *key, const char *id, struct error *err)
{
	const struct sigv4_pair query[] = {{"uploadId", id}, {NULL, NULL}};
	const struct s3_request request = {.method = "DELETE", .key = key, .query = query};
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	if (s3_request_run(bucket, &request, &answer, err) == 0 ||
		strcmp(answer.error.code, "NoSuchUpload") == 0)
		return 0;
	return -1;
}

int s3_multipart_abort(struct s3_multipart *multipart, struct error *err)
{
	return abort_upload(multipart->bucket, multipart->object->key, multipart->id.data, err);
}

/* Whether this <Upload> is one of the key, begun before that time; then its id is in `id`. */
static int is_stale(
	struct s3_xml upload, const char *key, bool encoded, int64_t before_unix_ms, struct buf *id)
{
	CLEANUP(buf_release) struct buf name = {0}, begun = {0};
	buf_clear(id);
	if (s3_listing_key(upload, encoded, &name) != 1 || s3_xml_child_text(upload, "UploadId", id) != 1 ||
		s3_xml_child_text(upload, "Initiated", &begun) != 1)
		return 0;
	int64_t time = s3_time_from_iso(begun.data);
	return time > 0 && time < before_unix_ms && strcmp(name.data, key) == 0 && id->length <= ID_MAX;
}

/* Uploads of one key are listed before those of longer keys with the same beginning, so the first page is
 * enough. */
int s3_multipart_abort_stale(
	const struct s3_bucket *bucket, const char *key, int64_t before_unix_ms, struct error *err)
{
	const struct sigv4_pair query[] = {
		{"uploads", NULL}, {"prefix", key}, {"encoding-type", "url"}, {NULL, NULL}};
	const struct s3_request request = {.method = "GET", .query = query};
	CLEANUP(buf_release) struct buf body = {0}, id = {0};
	struct s3_xml root;
	if (s3_request_collect(bucket, &request, UPLOADS_BODY_MAX, &body, err) == -1)
		return -1;
	if (s3_xml_root(body.data, body.length, "ListMultipartUploadsResult", &root) != 1)
		return error_set_cause(err, ERROR_UNAVAILABLE, "S3 ListMultipartUploads: malformed answer");
	bool encoded = s3_listing_is_encoded(root);
	struct s3_xml_element element;
	int aborted = 0;
	while (s3_xml_next(&root, &element) == 1) {
		if (!s3_xml_is(&element, "Upload") ||
			!is_stale(element.content, key, encoded, before_unix_ms, &id))
			continue;
		if (abort_upload(bucket, key, id.data, err) == -1)
			return -1;
		aborted++;
	}
	return aborted;
}
