/* SPDX-License-Identifier: MIT */
#include "drivers/s3_request.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/http_stream.h"
#include "drivers/file_io.h"
#include "drivers/s3_retry.h"

#include <errno.h>
#include <string.h>

/* A request whose body moves no faster than this has failed, even if a byte comes through now and then. */
enum { SLOWEST_BYTES_PER_MS = 16 };

void s3_answer_release(struct s3_answer *answer)
{
	http_reply_free(answer->reply);
	*answer = (struct s3_answer){0};
}

/* Tells a failure of the caller's own callbacks from one of the connection. */
struct callbacks {
	const struct s3_request *request;
	bool failed;
	int64_t given; /* bytes of a file body */
};

static ssize_t give_file(void *context, void *out, size_t size, struct error *err)
{
	struct callbacks *callbacks = context;
	const struct s3_file_body *file = callbacks->request->file;
	size_t left = callbacks->request->length - (size_t)callbacks->given;
	ssize_t got = file_read_at(file->fd, out, size < left ? size : left, file->offset + callbacks->given);
	if (got > 0 || left == 0) {
		callbacks->given += got;
		return got;
	}
	callbacks->failed = true;
	return error_set_cause(err, ERROR_SOURCE_FAILED, "read a part: %s",
		got == 0 ? "the file became shorter" : strerror(errno));
}

static int rewind_file(void *context)
{
	((struct callbacks *)context)->given = 0;
	return 0;
}

static int pass_head(void *context, const struct http_reply *reply, struct error *err)
{
	struct callbacks *callbacks = context;
	const struct s3_request *request = callbacks->request;
	if (http_reply_status(reply) / 100 != 2 || !request->head)
		return 0;
	if (request->head(request->context, reply, err) == 0)
		return 0;
	callbacks->failed = true;
	return -1;
}

static int pass_bytes(void *context, const void *bytes, size_t length, struct error *err)
{
	struct callbacks *callbacks = context;
	if (callbacks->request->write(callbacks->request->context, bytes, length, err) == 0)
		return 0;
	callbacks->failed = true;
	return -1;
}

static int pass_stream(void *context, struct http_stream *stream, struct error *err)
{
	struct callbacks *callbacks = context;
	if (callbacks->request->move(callbacks->request->context, stream, err) == 0)
		return 0;
	callbacks->failed = !stream->failed;
	return -1;
}

static void append_headers(const struct s3_bucket *bucket, const struct s3_request *request,
	const struct sigv4_request *signing, struct buf *out)
{
	const struct sigv4_credentials credentials = {bucket->access_key, bucket->secret_key, bucket->region};
	for (const struct sigv4_pair *pair = request->headers; pair && pair->name; pair++)
		buf_printf(out, "%s: %s\n", pair->name, pair->value);
	sigv4_sign(&credentials, signing, out);
}

static int send_request(const struct s3_bucket *bucket, const struct s3_request *request,
	const char *payload_sha256, struct callbacks *callbacks, struct s3_answer *answer, struct error *err)
{
	CLEANUP(buf_release) struct buf url = {0}, headers = {0};
	const struct sigv4_request signing = {.method = request->method,
		.endpoint = bucket->url,
		.bucket = bucket->name,
		.key = request->key,
		.query = request->query,
		.headers = request->headers,
		.payload_sha256 = payload_sha256,
		.now_unix_ms = clock_unix_ms()};
	sigv4_url(&signing, &url);
	append_headers(bucket, request, &signing, &headers);

	struct http_call call = {.method = request->method,
		.url = url.data,
		.headers = headers.data,
		.body = request->body,
		.body_length = (int64_t)request->length,
		.head = pass_head,
		.write = request->write ? pass_bytes : NULL,
		.move = request->move ? pass_stream : NULL,
		.write_context = callbacks,
		.read = request->file ? give_file : NULL,
		.rewind = request->file ? rewind_file : NULL,
		.read_context = callbacks,
		.stall_timeout_ms = bucket->stall_timeout_ms};
	/* a streamed answer takes as long as its reader needs; everything else has an end */
	if (!request->write)
		call.deadline_ms = clock_monotonic_ms() + 4 * bucket->stall_timeout_ms +
				   (int64_t)(request->length / SLOWEST_BYTES_PER_MS);
	return http_client_run(bucket->http, &call, &answer->reply, err);
}

static int attempt(const struct s3_bucket *bucket, const struct s3_request *request,
	const char *payload_sha256, struct s3_answer *answer, struct error *err)
{
	struct callbacks callbacks = {.request = request};
	s3_answer_release(answer);
	if (send_request(bucket, request, payload_sha256, &callbacks, answer, err) == -1) {
		answer->error.transient = !callbacks.failed && error_is_retryable(err->code);
		return callbacks.failed ? -1 : error_prefix(err, "bucket %s: ", bucket->name);
	}
	if (!s3_error_is_in(answer->reply))
		return 0;
	const struct s3_subject subject = {request->method, bucket->name, request->key};
	return s3_error_translate(answer->reply, &subject, &answer->error, err);
}

static const char *hash_body(const struct s3_request *request, char out[DIGEST_HEX_SIZE])
{
	if (request->file)
		return request->file->sha256;
	digest_sha256_hex(request->body ? request->body : "", request->body ? request->length : 0, out);
	return out;
}

int s3_request_once(const struct s3_bucket *bucket, const struct s3_request *request,
	struct s3_answer *answer, struct error *err)
{
	char sha256[DIGEST_HEX_SIZE];
	return attempt(bucket, request, hash_body(request, sha256), answer, err);
}

int s3_request_run(const struct s3_bucket *bucket, const struct s3_request *request, struct s3_answer *answer,
	struct error *err)
{
	char hash[DIGEST_HEX_SIZE];
	const char *sha256 = hash_body(request, hash);
	for (struct s3_retry retry = {0};;) {
		if (attempt(bucket, request, sha256, answer, err) == 0)
			return 0;
		if (!answer->error.transient || !s3_retry_pause(&retry, bucket->stall_timeout_ms))
			return -1;
	}
}

struct collection {
	struct buf *body;
	size_t limit;
};

/* Each attempt begins with an empty body. */
static int begin_collection(void *context, const struct http_reply *reply, struct error *err)
{
	(void)reply;
	(void)err;
	buf_clear(((struct collection *)context)->body);
	return 0;
}

static int add_to_collection(void *context, const void *bytes, size_t length, struct error *err)
{
	struct collection *collection = context;
	if (length > collection->limit - collection->body->length)
		return error_set_cause(
			err, ERROR_UNAVAILABLE, "S3 answer of more than %zu bytes", collection->limit);
	buf_append(collection->body, bytes, length);
	return 0;
}

int s3_request_collect(const struct s3_bucket *bucket, const struct s3_request *request, size_t limit,
	struct buf *body, struct s3_error *refusal, struct error *err)
{
	struct collection collection = {body, limit};
	struct s3_request collecting = *request;
	collecting.head = begin_collection;
	collecting.write = add_to_collection;
	collecting.context = &collection;
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	int result = s3_request_run(bucket, &collecting, &answer, err);
	if (refusal)
		*refusal = answer.error;
	return result;
}
