/* SPDX-License-Identifier: MIT */
#include "drivers/s3_error.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/http_client.h"
#include "drivers/s3_xml.h"

#include <stdio.h>
#include <string.h>

enum about { ABOUT_BUCKET, ABOUT_OBJECT };

struct meaning {
	const char *s3_code;
	int status; /* for the rows without a code, which follow those with one */
	enum error_code code;
	bool transient;
	enum about about;
	const char *predicate;
};

/* The first row that fits counts. */
static const struct meaning MEANINGS[] = {
	{"NoSuchKey", 0, ERROR_NOT_FOUND, false, ABOUT_OBJECT, "does not exist"},
	{"NoSuchVersion", 0, ERROR_NOT_FOUND, false, ABOUT_OBJECT, "does not exist"},
	{"NoSuchBucket", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "does not exist"},
	{"InvalidBucketName", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"has a name that its S3 server refuses"},
	{"PermanentRedirect", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "lives at another S3 address"},
	{"AuthorizationHeaderMalformed", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"lives in another region"},
	{"InvalidAccessKeyId", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"cannot be used: its S3 server does not know the access key"},
	{"SignatureDoesNotMatch", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"cannot be used: its S3 server refuses the secret key"},
	{"RequestTimeTooSkewed", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"cannot be used: our clock and its S3 server's differ too much"},
	{"AccessDenied", 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET,
		"does not allow this with its access key"},
	{"InvalidObjectState", 0, ERROR_CONFLICT, false, ABOUT_OBJECT,
		"is archived and cannot be read at once"},
	{"QuotaExceeded", 0, ERROR_FULL, false, ABOUT_BUCKET, "is full"},
	{"InsufficientStorage", 0, ERROR_FULL, false, ABOUT_BUCKET, "is full"},
	{"XMinioStorageFull", 0, ERROR_FULL, false, ABOUT_BUCKET, "is full"},
	{"EntityTooLarge", 0, ERROR_TOO_LARGE, false, ABOUT_OBJECT, "is larger than its S3 server allows"},
	{"KeyTooLongError", 0, ERROR_INVALID, false, ABOUT_OBJECT, "has a key that is too long for S3"},
	{"KeyTooLong", 0, ERROR_INVALID, false, ABOUT_OBJECT, "has a key that is too long for S3"},
	{"InvalidObjectName", 0, ERROR_INVALID, false, ABOUT_OBJECT, "has a key that its S3 server refuses"},
	{"InvalidRange", 0, ERROR_RANGE, false, ABOUT_OBJECT, "is shorter than the range asked for"},
	{"PreconditionFailed", 0, ERROR_UNAVAILABLE, false, ABOUT_OBJECT, "changed while it was being read"},
	{"NoSuchUpload", 0, ERROR_UNAVAILABLE, false, ABOUT_OBJECT,
		"lost its multipart upload: somebody ended it"},
	{"EntityTooSmall", 0, ERROR_CONFLICT, false, ABOUT_OBJECT,
		"has a part that is too small and not the last"},
	{"InvalidPart", 0, ERROR_CONFLICT, false, ABOUT_OBJECT, "has a part that was replaced meanwhile"},
	{"BadDigest", 0, ERROR_UNAVAILABLE, false, ABOUT_OBJECT, "was damaged on its way to the S3 server"},
	{"XAmzContentSHA256Mismatch", 0, ERROR_UNAVAILABLE, false, ABOUT_OBJECT,
		"was damaged on its way to the S3 server"},
	{"RequestTimeout", 0, ERROR_DEADLINE, true, ABOUT_BUCKET, "did not take the bytes in time"},
	{"SlowDown", 0, ERROR_UNAVAILABLE, true, ABOUT_BUCKET, "is too busy"},
	{"InternalError", 0, ERROR_UNAVAILABLE, true, ABOUT_BUCKET,
		"is out of order: its S3 server reports an internal error"},
	{"ServiceUnavailable", 0, ERROR_UNAVAILABLE, true, ABOUT_BUCKET, "is not available"},

	{NULL, 401, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "does not allow this with its access key"},
	{NULL, 403, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "does not allow this with its access key"},
	{NULL, 404, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "has no S3 server at its address"},
	{NULL, 405, ERROR_UNSUPPORTED, false, ABOUT_BUCKET, "does not allow this method"},
	{NULL, 408, ERROR_DEADLINE, true, ABOUT_BUCKET, "did not take the request in time"},
	{NULL, 412, ERROR_UNAVAILABLE, false, ABOUT_OBJECT, "changed while it was being read"},
	{NULL, 413, ERROR_TOO_LARGE, false, ABOUT_OBJECT, "is larger than its S3 server allows"},
	{NULL, 416, ERROR_RANGE, false, ABOUT_OBJECT, "is shorter than the range asked for"},
	{NULL, 429, ERROR_UNAVAILABLE, true, ABOUT_BUCKET, "is too busy"},
	{NULL, 501, ERROR_UNSUPPORTED, false, ABOUT_BUCKET, "has an S3 server that does not know this"},
	{NULL, 504, ERROR_DEADLINE, true, ABOUT_BUCKET, "did not answer in time"},
	{NULL, 507, ERROR_FULL, false, ABOUT_BUCKET, "is full"},
};

static const struct meaning SERVER_FAULT = {
	NULL, 0, ERROR_UNAVAILABLE, true, ABOUT_BUCKET, "is out of order"};
static const struct meaning REDIRECT = {
	NULL, 0, ERROR_UNAVAILABLE, false, ABOUT_BUCKET, "lives at another S3 address"};
static const struct meaning UNKNOWN = {NULL, 0, ERROR_INTERNAL, false, ABOUT_BUCKET, "refused the request"};
/* HEAD has no body, so the caller must still find out whether the bucket is there. */
static const struct meaning ABSENT = {NULL, 0, ERROR_NOT_FOUND, false, ABOUT_OBJECT, "does not exist"};

static const struct meaning *meaning_of(const struct s3_error *error, const struct s3_subject *subject)
{
	if (error->status == 404 && strcmp(subject->method, "HEAD") == 0 && subject->key)
		return &ABSENT;
	for (size_t i = 0; i < sizeof(MEANINGS) / sizeof(*MEANINGS); i++) {
		const struct meaning *row = &MEANINGS[i];
		if (row->s3_code ? strcmp(row->s3_code, error->code) == 0 : row->status == error->status)
			return row;
	}
	if (error->status >= 500)
		return &SERVER_FAULT;
	return error->status >= 300 && error->status < 400 ? &REDIRECT : &UNKNOWN;
}

static int find_error(const struct http_reply *reply, struct s3_xml *out)
{
	const char *body = http_reply_body(reply);
	return body ? s3_xml_root(body, http_reply_body_length(reply), "Error", out) : 0;
}

bool s3_error_is_in(const struct http_reply *reply)
{
	struct s3_xml content;
	return http_reply_status(reply) / 100 != 2 || find_error(reply, &content) == 1;
}

static void read_text(struct s3_xml content, const char *name, char *out, size_t size)
{
	CLEANUP(buf_release) struct buf text = {0};
	if (s3_xml_child_text(content, name, &text) != 1)
		return;
	snprintf(out, size, "%s", text.data);
}

const char *s3_error_shown_key(const char *key, char out[S3_SHOWN_KEY_SIZE])
{
	static const char ELLIPSIS[] = "…";
	size_t length = strlen(key), limit = S3_SHOWN_KEY_SIZE - sizeof(ELLIPSIS);
	if (length < S3_SHOWN_KEY_SIZE)
		return memcpy(out, key, length + 1);
	while (limit && ((unsigned char)key[limit] & 0xC0) == 0x80)
		limit--;
	memcpy(out, key, limit);
	memcpy(out + limit, ELLIPSIS, sizeof(ELLIPSIS));
	return out;
}

int s3_error_translate(const struct http_reply *reply, const struct s3_subject *subject, struct s3_error *out,
	struct error *err)
{
	struct s3_xml content;
	char text[120] = "", key[S3_SHOWN_KEY_SIZE];
	*out = (struct s3_error){.status = http_reply_status(reply)};
	if (find_error(reply, &content) == 1) {
		read_text(content, "Code", out->code, sizeof(out->code));
		read_text(content, "Message", text, sizeof(text));
	}
	const struct meaning *meaning = meaning_of(out, subject);
	out->transient = meaning->transient;
	if (meaning->about == ABOUT_OBJECT && subject->key)
		error_set(err, meaning->code, "object %s %s", s3_error_shown_key(subject->key, key),
			meaning->predicate);
	else
		error_set(err, meaning->code, "bucket %s %s", subject->bucket, meaning->predicate);
	return error_add_cause(
		err, "S3 %s: %d %s%s%s", subject->method, out->status, out->code, *text ? ": " : "", text);
}
