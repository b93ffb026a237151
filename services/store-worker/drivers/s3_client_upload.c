/* SPDX-License-Identifier: MIT */
#include "drivers/s3_client_upload.h"

#include "common/cleanup.h"
#include "drivers/s3_multipart.h"
#include "drivers/s3_object.h"
#include "drivers/s3_request.h"
#include "drivers/s3_xml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BODY_MAX = 4 << 20, MARKER_SIZE = 16 };

int s3_client_upload_begin(const struct s3_bucket *bucket, const char *key, const char *content_type,
	struct buf *id, struct error *err)
{
	CLEANUP(s3_multipart_release) struct s3_multipart upload = {0};
	struct s3_object object;
	s3_object_init(&object, key, content_type);
	if (s3_multipart_begin(&upload, bucket, &object, err))
		return -1;
	buf_append(id, upload.id.data, upload.id.length);
	return 0;
}

/* --- the parts there are */

static int malformed(struct error *err)
{
	return error_set_cause(err, ERROR_UNAVAILABLE, "S3 ListParts: malformed answer");
}

/* The number that the child of that name holds; -1 when there is none. */
static int64_t read_number(struct s3_xml entry, const char *name, struct buf *text)
{
	char *end;
	buf_clear(text);
	if (s3_xml_child_text(entry, name, text) != 1 || text->data[0] < '0' || text->data[0] > '9')
		return -1;
	errno = 0;
	long long number = strtoll(text->data, &end, 10);
	return errno || *end ? -1 : number;
}

static int read_part(struct s3_xml entry, struct buf *text, struct store_part *out)
{
	int64_t number = read_number(entry, "PartNumber", text);
	out->size = read_number(entry, "Size", text);
	buf_clear(text);
	if (number < 1 || number > S3_PARTS_MAX || out->size < 0 ||
		s3_xml_child_text(entry, "ETag", text) != 1 || text->length == 0 ||
		text->length >= S3_ETAG_SIZE)
		return -1;
	out->number = (int)number;
	out->etag = text->data;
	return 0;
}

/* One page from after part *marker on, which moves on. 1 there is more / 0 / -1 */
static int list_page(const struct s3_bucket *bucket, const char *key, const char *id, int *marker,
	store_part_fn *visit, void *context, struct error *err)
{
	char after[MARKER_SIZE];
	snprintf(after, sizeof(after), "%d", *marker);
	const struct sigv4_pair query[] = {{"part-number-marker", after}, {"uploadId", id}, {NULL, NULL}};
	const struct s3_request request = {.method = "GET", .key = key, .query = query};
	CLEANUP(buf_release) struct buf body = {0}, text = {0};
	struct s3_xml root, rest;
	struct s3_xml_element element;
	struct store_part part;
	struct s3_error refusal;
	int before = *marker;
	if (s3_request_collect(bucket, &request, PAGE_BODY_MAX, &body, &refusal, err))
		return strcmp(refusal.code, "NoSuchUpload") == 0
			       ? error_set(
					 err, ERROR_NOT_FOUND, "there is no such upload in parts (any more)")
			       : -1;
	if (s3_xml_root(body.data, body.length, "ListPartsResult", &root) != 1)
		return malformed(err);
	rest = root;
	while (s3_xml_next(&rest, &element) == 1) {
		if (!s3_xml_is(&element, "Part"))
			continue;
		if (read_part(element.content, &text, &part) || part.number <= *marker)
			return malformed(err);
		*marker = part.number;
		if (visit(context, &part, err))
			return -1;
	}
	buf_clear(&text);
	bool more = s3_xml_child_text(root, "IsTruncated", &text) == 1 && strcmp(text.data, "true") == 0;
	return more && *marker == before ? malformed(err) : more;
}

int s3_client_upload_list(const struct s3_bucket *bucket, const char *key, const char *id,
	store_part_fn *visit, void *context, struct error *err)
{
	int marker = 0, more = 1;
	while (more == 1)
		more = list_page(bucket, key, id, &marker, visit, context, err);
	return more;
}

/* --- their end */

struct all {
	struct s3_multipart upload;
	int64_t size;
	int small; /* the first part that may only be the last */
};

static int note(void *context, const struct store_part *part, struct error *err)
{
	struct all *all = context;
	if (part->number != all->upload.count + 1)
		return error_set(err, ERROR_CONFLICT, "part %d is not there", all->upload.count + 1);
	if (all->small)
		return error_set(
			err, ERROR_CONFLICT, "part %d is smaller than 5 MiB and not the last", all->small);
	if (part->size < S3_PART_SIZE_MIN)
		all->small = part->number;
	s3_multipart_note(&all->upload, part->number, part->etag);
	all->size += part->size;
	return 0;
}

static void release(struct all *all)
{
	s3_multipart_release(&all->upload);
}

int s3_client_upload_complete(
	const struct s3_bucket *bucket, const char *key, const char *id, int64_t size, struct error *err)
{
	CLEANUP(release) struct all all = {0};
	struct s3_object object;
	s3_object_init(&object, key, NULL);
	all.upload.bucket = bucket;
	all.upload.object = &object;
	buf_append_text(&all.upload.id, id);
	if (s3_client_upload_list(bucket, key, id, note, &all, err))
		return -1;
	if (all.upload.count == 0)
		return error_set(err, ERROR_CONFLICT, "no part is there");
	if (size >= 0 && all.size != size)
		return error_set(err, ERROR_CONFLICT,
			"the parts have %" PRId64 " bytes together, not the %" PRId64 " announced", all.size,
			size);
	return s3_multipart_complete(&all.upload, err);
}

int s3_client_upload_abort(const struct s3_bucket *bucket, const char *key, const char *id, struct error *err)
{
	if (!id)
		return s3_multipart_abort_all(bucket, key, err);
	CLEANUP(s3_multipart_release) struct s3_multipart upload = {0};
	struct s3_object object;
	s3_object_init(&object, key, NULL);
	upload.bucket = bucket;
	upload.object = &object;
	buf_append_text(&upload.id, id);
	return s3_multipart_abort(&upload, err);
}
