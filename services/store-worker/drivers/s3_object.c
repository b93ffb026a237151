/* SPDX-License-Identifier: MIT */
#include "drivers/s3_object.h"

#include "common/cleanup.h"
#include "common/random.h"
#include "drivers/s3_request.h"
#include "drivers/s3_time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void s3_object_init(struct s3_object *object, const char *key, const char *content_type)
{
	*object = (struct s3_object){
		.key = key, .content_type = content_type ? content_type : "application/octet-stream"};
	random_hex(object->mark, (S3_MARK_SIZE - 1) / 2);
}

/* 404 to HEAD does not say what is missing. Only a bucket that is surely missing changes the verdict: the
 * permission to look at the bucket itself is often not given. */
static int tell_missing_bucket(const struct s3_bucket *bucket, struct error *err)
{
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	const struct s3_request request = {.method = "HEAD"};
	struct error failure;
	if (s3_request_run(bucket, &request, &answer, &failure) == 0)
		return -1;
	if (answer.error.status == 404)
		return error_set(err, ERROR_UNAVAILABLE, "bucket %s does not exist", bucket->name);
	if (answer.error.status == 0 || answer.error.transient)
		*err = failure;
	return -1;
}

static int read_size(const struct http_reply *reply, int64_t *out)
{
	const char *text = http_reply_header(reply, "content-length");
	char *end;
	errno = 0;
	long long size = text && *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
	if (size < 0 || errno || *end)
		return -1;
	*out = size;
	return 0;
}

/* An ETag is the MD5 of an object that came in one piece, on most servers and without their encryption. */
static void read_md5(const struct http_reply *reply, char md5[33])
{
	const char *etag = http_reply_header(reply, "etag");
	if (etag && strlen(etag) == 34 && strspn(etag + 1, "0123456789abcdefABCDEF") == 32)
		snprintf(md5, 33, "%.32s", etag + 1);
}

int s3_object_stat(const struct s3_bucket *bucket, const char *key, struct object_info *out,
	char mark[S3_MARK_SIZE], struct error *err)
{
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	const struct s3_request request = {.method = "HEAD", .key = key};
	if (s3_request_run(bucket, &request, &answer, err) == -1)
		return err->code == ERROR_NOT_FOUND ? tell_missing_bucket(bucket, err) : -1;
	struct object_info info = {
		.modified_unix_ms = s3_time_from_http(http_reply_header(answer.reply, "last-modified"))};
	if (read_size(answer.reply, &info.size) == -1)
		return error_set_cause(err, ERROR_UNAVAILABLE, "S3 HEAD: no usable Content-Length");
	*out = info;
	const char *found = http_reply_header(answer.reply, S3_MARK_HEADER);
	if (mark)
		snprintf(mark, S3_MARK_SIZE, "%s", found ? found : "");
	return 0;
}

int s3_object_remove(const struct s3_bucket *bucket, const char *key, struct error *err)
{
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	const struct s3_request request = {.method = "DELETE", .key = key};
	if (s3_request_run(bucket, &request, &answer, err) == 0 || err->code == ERROR_NOT_FOUND)
		return 0;
	return -1;
}

int s3_object_put(const struct s3_bucket *bucket, const struct s3_object *object, const void *bytes,
	size_t length, char *receipt, struct error *err)
{
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	const struct sigv4_pair headers[] = {
		{"content-type", object->content_type}, {S3_MARK_HEADER, object->mark}, {NULL, NULL}};
	const struct s3_request request = {.method = "PUT",
		.key = object->key,
		.headers = headers,
		.body = length ? bytes : "",
		.length = length};
	if (s3_request_run(bucket, &request, &answer, err) == -1)
		return -1;
	if (receipt)
		read_md5(answer.reply, receipt);
	return 0;
}

int s3_object_verify(const struct s3_bucket *bucket, const struct s3_object *object, int64_t size,
	bool acknowledged, struct error *err)
{
	struct object_info info;
	struct error ignored;
	char mark[S3_MARK_SIZE], shown[S3_SHOWN_KEY_SIZE];
	if (s3_object_stat(bucket, object->key, &info, mark, err) == -1)
		return acknowledged && err->code == ERROR_NOT_FOUND ? 0 : -1;
	bool ours = strcmp(mark, object->mark) == 0;
	bool replaced = !ours && *mark != '\0';
	if (acknowledged ? replaced || info.size == size : ours && info.size == size)
		return 0;
	if (ours && s3_object_remove(bucket, object->key, &ignored) == -1)
		return error_set(err, ERROR_UNAVAILABLE,
			"object %s was stored with a wrong size and cannot be removed",
			s3_error_shown_key(object->key, shown));
	error_set(err, ERROR_UNAVAILABLE, "object %s was not stored whole",
		s3_error_shown_key(object->key, shown));
	return error_add_cause(err, "S3 HEAD: %" PRId64 " bytes, sent %" PRId64, info.size, size);
}
