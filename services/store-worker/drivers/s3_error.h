/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_ERROR_H
#define DRIVERS_S3_ERROR_H

/*
 * The one place that knows what an S3 server's refusal means.
 *
 * Only the server's own "NoSuchKey" (or a bodiless 404 to HEAD) is NOT_FOUND. A missing bucket, a wrong
 * secret, a forbidden action or an address where no S3 server lives are faults of the store's
 * configuration: UNAVAILABLE with the reason, never the absence of the object, because somebody may delete
 * a record on the strength of that.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct http_reply;

enum { S3_CODE_SIZE = 64 };

struct s3_error {
	int status;              /* 0: no reply at all */
	char code[S3_CODE_SIZE]; /* the server's, "" when it gave none */
	bool transient;          /* the same request may succeed in a moment: 5xx, 429, RequestTimeout */
};

/* What the request was about, for the messages. */
struct s3_subject {
	const char *method, *bucket;
	const char *key; /* NULL: the bucket itself */
};

/* Whether the reply is a refusal: not 2xx, or 2xx with an <Error> in its (kept) body, as
 * CompleteMultipartUpload may answer. */
bool s3_error_is_in(const struct http_reply *reply);
/* Translates a refusal. Returns -1. */
int s3_error_translate(const struct http_reply *reply, const struct s3_subject *subject, struct s3_error *out,
	struct error *err);

enum { S3_SHOWN_KEY_SIZE = 132 };
/* The key as messages show it: cut between characters, with an ellipsis, when it is long. */
const char *s3_error_shown_key(const char *key, char out[S3_SHOWN_KEY_SIZE]);

#endif
