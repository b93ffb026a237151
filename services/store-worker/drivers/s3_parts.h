/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_PARTS_H
#define DRIVERS_S3_PARTS_H

/*
 * Parts of one multipart upload on their way, several at once: each has a buffer of its own, and a thread while it
 * is sent. So one part is read from the source while others travel, and never more of the object is in memory than
 * `parallel` parts. With one, it is sent by the caller, and nothing is read meanwhile.
 */

#include "common/digest.h"
#include "common/error.h"
#include "drivers/s3_multipart.h"
#include "drivers/s3_request.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { S3_PARALLEL_MAX = 16 };

struct s3_parts {
	struct s3_multipart *multipart; /* borrowed */
	int parallel;
	struct s3_part {
		const struct s3_multipart *multipart;
		pthread_t thread;
		bool sent; /* the thread runs, or waits to be joined */
		int number, result;
		unsigned char *bytes;
		struct s3_file_body file;
		char sha256[DIGEST_HEX_SIZE]; /* of the file's part */
		size_t length, capacity;
		char etag[S3_ETAG_SIZE];
		struct error error;
	} parts[S3_PARALLEL_MAX];
	int next, number; /* whose turn it is; of the part sent last */
};

/* Sends `*length` bytes of `*bytes` (a heap block of that capacity) as the next part. The block is taken, and another
 * one, which may be NULL, is given for it: that of a part which has arrived. TOO_LARGE after S3_PARTS_MAX; the failure
 * of an earlier part. */
MUST_CHECK int s3_parts_send(
	struct s3_parts *parts, unsigned char **bytes, size_t length, size_t *capacity, struct error *err);
/* The same with bytes that stay in a file, open until the parts are finished or released; no block is needed. */
MUST_CHECK int s3_parts_send_file(struct s3_parts *parts, int fd, int64_t offset, size_t length,
	const char sha256[DIGEST_HEX_SIZE], struct error *err);
/* Waits for all of them. */
MUST_CHECK int s3_parts_finish(struct s3_parts *parts, struct error *err);
/* Waits too, whatever became of them, and frees the blocks. */
void s3_parts_release(struct s3_parts *parts);

#endif
