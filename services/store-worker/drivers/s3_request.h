/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_REQUEST_H
#define DRIVERS_S3_REQUEST_H

/*
 * One signed request to an S3 server, tried again where that can help. Bodies to send are whole in memory
 * and hashed beforehand (their SHA-256 is signed, so the server refuses what was damaged on the way),
 * which makes every repetition safe.
 */

#include "common/error.h"
#include "common/http_client.h"
#include "common/sigv4.h"
#include "drivers/s3_error.h"

#include <stddef.h>
#include <stdint.h>

/* A bucket and the way to it. Never changed once made, so any number of threads use it. */
struct s3_bucket {
	struct http_client *http; /* borrowed */
	char *url, *name;
	char *region, *access_key, *secret_key;
	int64_t stall_timeout_ms;
};

/* A run of bytes of an open file, whose SHA-256 is known. */
struct s3_file_body {
	int fd;
	int64_t offset;
	const char *sha256; /* hex */
};

struct s3_request {
	const char *method;
	const char *key;                /* NULL: the bucket itself */
	const struct sigv4_pair *query; /* raw; NULL: none */
	const struct sigv4_pair *
		headers; /* sent and signed; lower-case names, values without control characters; NULL: none */
	const void *body;
	size_t length;                   /* of the body, or of `file` */
	const struct s3_file_body *file; /* a body that is read from a file; NULL: none */
	/* As in http_client.h; without write() the reply keeps its body. */
	int (*head)(void *context, const struct http_reply *reply, struct error *err);
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	int (*move)(void *context, struct http_stream *stream, struct error *err);
	void *context;
};

/* What came of it. Release it in either case. */
struct s3_answer {
	struct http_reply *reply; /* NULL when none came */
	struct s3_error error;    /* on failure */
};

void s3_answer_release(struct s3_answer *answer); /* for CLEANUP() */

/* One attempt: 0 for a 2xx without an error in its body, else -1, also for an error of the callbacks
 * (which is not transient). */
MUST_CHECK int s3_request_once(const struct s3_bucket *bucket, const struct s3_request *request,
	struct s3_answer *answer, struct error *err);
/* Attempts as s3_retry.h allows, while the failures are transient. */
MUST_CHECK int s3_request_run(const struct s3_bucket *bucket, const struct s3_request *request,
	struct s3_answer *answer, struct error *err);
/* As s3_request_run, with the whole 2xx body (at most `limit` bytes: UNAVAILABLE beyond) in `body`.
 * request->head and ->write are not used. *refusal (may be NULL) is what the server said on failure. */
MUST_CHECK int s3_request_collect(const struct s3_bucket *bucket, const struct s3_request *request,
	size_t limit, struct buf *body, struct s3_error *refusal, struct error *err);

#endif
