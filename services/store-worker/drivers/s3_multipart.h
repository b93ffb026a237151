/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_MULTIPART_H
#define DRIVERS_S3_MULTIPART_H

/*
 * A multipart upload: nothing is visible before it is completed, and its parts occupy the server until it
 * is completed or aborted. Whoever begins one ends it with either. What a killed worker leaves behind is
 * ended by whoever takes over its job (store/multipart.h); until then only space is lost.
 */

#include "common/buf.h"
#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct s3_bucket;
struct s3_file_body;
struct s3_object;

enum { S3_PARTS_MAX = 10000 };
#define S3_PART_SIZE_MIN (INT64_C(5) << 20) /* of all parts but the last */
#define S3_PART_SIZE_MAX (INT64_C(5) << 30)

enum { S3_ETAG_SIZE = 257 };

/* Bytes in memory, or in a file. */
struct s3_part_body {
	const void *bytes;
	const struct s3_file_body *file;
	size_t length;
};

struct s3_multipart {
	const struct s3_bucket *bucket;
	const struct s3_object *object;
	struct buf id; /* the server's name for the upload */
	char **etags;  /* of the parts, the first is that of part 1 */
	int count, capacity;
};

/* bucket and object are borrowed until s3_multipart_release(). Fills *multipart, which the caller zeroed. */
MUST_CHECK int s3_multipart_begin(struct s3_multipart *multipart, const struct s3_bucket *bucket,
	const struct s3_object *object, struct error *err);
/* Sends part `number` (from 1) and says what the server calls it. Several threads may send at once. */
MUST_CHECK int s3_multipart_send(const struct s3_multipart *multipart, int number,
	const struct s3_part_body *body, char etag[S3_ETAG_SIZE], struct error *err);
/* The part is on the server: it belongs to the object. In any order, by one thread. */
void s3_multipart_note(struct s3_multipart *multipart, int number, const char *etag);
/* Makes the object of the parts. A failure leaves open whether it was made: only looking tells. */
MUST_CHECK int s3_multipart_complete(struct s3_multipart *multipart, struct error *err);
MUST_CHECK int s3_multipart_abort(struct s3_multipart *multipart, struct error *err);
void s3_multipart_release(struct s3_multipart *multipart); /* memory only; for CLEANUP() */

/* Aborts all uploads of this very key. */
MUST_CHECK int s3_multipart_abort_all(const struct s3_bucket *bucket, const char *key, struct error *err);

#endif
