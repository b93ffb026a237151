/* SPDX-License-Identifier: MIT */
#include "drivers/s3_multipart.h"

#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/s3_listing.h"
#include "drivers/s3_object.h"
#include "drivers/s3_request.h"
#include "drivers/s3_xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 1024, UPLOADS_BODY_MAX = 8 << 20 };

void s3_multipart_release(struct s3_multipart *multipart)
{
	buf_release(&multipart->id);
	for (int i = 0; i < multipart->count; i++)
		free(multipart->etags[i]);
	free(multipart->etags);
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

int s3_multipart_send(const struct s3_multipart *multipart, int part, const struct s3_part_body *body,
	char etag[S3_ETAG_SIZE], struct error *err)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", part);
	const struct sigv4_pair query[] = {
		{"partNumber", number}, {"uploadId", multipart->id.data}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {{"content-type", "application/octet-stream"}, {NULL, NULL}};
	const struct s3_request request = {.method = "PUT",
		.key = multipart->object->key,
		.query = query,
		.headers = headers,
		.body = body->bytes,
		.file = body->file,
		.length = body->length};
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	if (s3_request_run(multipart->bucket, &request, &answer, err) == -1)
		return -1;
	const char *given = http_reply_header(answer.reply, "etag");
	if (!given || !*given || strlen(given) >= S3_ETAG_SIZE)
		return error_set_cause(err, ERROR_UNAVAILABLE, "S3 UploadPart: no usable ETag");
	memcpy(etag, given, strlen(given) + 1);
	return 0;
}

void s3_multipart_note(struct s3_multipart *multipart, int number, const char *etag)
{
	if (number > multipart->capacity) {
		multipart->capacity = number > 2 * multipart->capacity ? number : 2 * multipart->capacity;
		multipart->etags = memory_resize(
			multipart->etags, (size_t)multipart->capacity * sizeof(*multipart->etags));
	}
	while (multipart->count < number)
		multipart->etags[multipart->count++] = NULL;
	multipart->etags[number - 1] = memory_strdup(etag);
}

static void append_parts(const struct s3_multipart *multipart, struct buf *out)
{
	buf_append_text(out, "<CompleteMultipartUpload>");
	for (int i = 0; i < multipart->count; i++) {
		buf_printf(out, "<Part><PartNumber>%d</PartNumber><ETag>", i + 1);
		append_escaped(out, multipart->etags[i]);
		buf_append_text(out, "</ETag></Part>");
	}
	buf_append_text(out, "</CompleteMultipartUpload>");
}

int s3_multipart_complete(struct s3_multipart *multipart, struct error *err)
{
	CLEANUP(buf_release) struct buf parts = {0};
	append_parts(multipart, &parts);
	const struct sigv4_pair query[] = {{"uploadId", multipart->id.data}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {{"content-type", "application/xml"}, {NULL, NULL}};
	const struct s3_request request = {.method = "POST",
		.key = multipart->object->key,
		.query = query,
		.headers = headers,
		.body = parts.data,
		.length = parts.length};
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

static bool is_key(struct s3_xml upload, const char *key, bool encoded)
{
	CLEANUP(buf_release) struct buf name = {0};
	return s3_listing_key(upload, encoded, &name) == 1 && strcmp(name.data, key) == 0;
}

/* Whether this <Upload> is one of the key; then its id is in `id`. Ceph encodes the keys without saying so; as all of
 * them begin with the key, no other can be taken for it. */
static bool is_of_key(struct s3_xml upload, const char *key, struct buf *id)
{
	buf_clear(id);
	return (is_key(upload, key, true) || is_key(upload, key, false)) &&
	       s3_xml_child_text(upload, "UploadId", id) == 1 && id->length > 0 && id->length <= ID_MAX;
}

/* Uploads of one key are listed before those of longer keys with the same beginning, so the first page is
 * enough. */
int s3_multipart_abort_all(const struct s3_bucket *bucket, const char *key, struct error *err)
{
	const struct sigv4_pair query[] = {
		{"uploads", NULL}, {"prefix", key}, {"encoding-type", "url"}, {NULL, NULL}};
	const struct s3_request request = {.method = "GET", .query = query};
	CLEANUP(buf_release) struct buf body = {0}, id = {0};
	struct s3_xml root;
	if (s3_request_collect(bucket, &request, UPLOADS_BODY_MAX, &body, NULL, err) == -1)
		return -1;
	if (s3_xml_root(body.data, body.length, "ListMultipartUploadsResult", &root) != 1)
		return error_set_cause(err, ERROR_UNAVAILABLE, "S3 ListMultipartUploads: malformed answer");
	struct s3_xml_element element;
	while (s3_xml_next(&root, &element) == 1)
		if (s3_xml_is(&element, "Upload") && is_of_key(element.content, key, &id) &&
			abort_upload(bucket, key, id.data, err) == -1)
			return -1;
	return 0;
}
