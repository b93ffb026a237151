/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_MULTIPART_H
#define DOMAIN_MULTIPART_H

/*
 * An upload of a bucket's object in parts, which the client sends to the S3 server itself, with presigned URLs.
 *
 *	begin	the media is PENDING under a new key, with a watch (transfer.h); a worker begins the upload at the server
 *	urls	for any part, as often as they are asked for
 *	complete	a worker makes the object of the parts that the server has, then it is verified: READY
 *	abort	the media is FAILED, and the parts go
 *
 * A gateway that dies in between leaves a row: the watch makes a completed object READY, and the reconciler ends what
 * nobody waits for any more.
 */

#include "domain/transfer.h"

struct arena;
struct caller;
struct multipart_row;

#define MULTIPART_PART_MIN     (INT64_C(5) << 20) /* S3's, for all parts but the last */
#define MULTIPART_PART_MAX     (INT64_C(5) << 30)
#define MULTIPART_PART_DEFAULT (INT64_C(64) << 20)
enum { MULTIPART_PARTS_MAX = 10000 };
#define MULTIPART_SIZE_MAX (INT64_C(5) << 40)

struct multipart_wish {
	const char *pid;
	int64_t size;       /* of all parts together; -1: not known yet */
	const char *sha256; /* of the object, hex; NULL: not known */
	int64_t part_size;  /* of all parts but the last; 0: to be chosen */
	int64_t expiry_ms;  /* of the whole upload */
};

/* NOT_FOUND; CONFLICT: the media is READY; UNSUPPORTED: its store has no such uploads; INVALID: part_size does not
 * fit the size or S3. */
MUST_CHECK int multipart_begin(struct transfer *transfer, const struct multipart_wish *wish,
	const struct caller *caller, struct arena *arena, struct multipart_row *out, struct error *err);
/* The upload that a PENDING media waits for. NOT_FOUND: no such media, or none that waits for parts. */
MUST_CHECK int multipart_read(struct transfer *transfer, const char *pid, struct arena *arena,
	struct multipart_row *out, struct error *err);
/* The parts that the server has: JSON text, [{number, size, etag}] by number. */
MUST_CHECK int multipart_parts(struct transfer *transfer, const struct multipart_row *upload,
	const struct caller *caller, struct arena *arena, const char **json, struct error *err);
/* How many parts it has; 0 while the size is not known. */
int multipart_count(const struct multipart_row *upload);
/* INVALID: there is no such part. The URL holds no longer than the upload. */
MUST_CHECK int multipart_url(struct transfer *transfer, const struct multipart_row *upload, int64_t number,
	int64_t expiry_ms, struct arena *arena, const char **url, struct error *err);
/* READY when it returns 0; again: the same. CONFLICT: parts are missing or not of the size announced: the upload goes
 * on. CHECKSUM: the object is another than announced; the media becomes FAILED. */
MUST_CHECK int multipart_complete(struct transfer *transfer, const char *pid, const struct caller *caller,
	struct arena *arena, struct error *err);
MUST_CHECK int multipart_abort(struct transfer *transfer, const char *pid, const struct caller *caller,
	struct arena *arena, struct error *err);

/* For the reconciler: ends at the servers what is over here. */
void multipart_reconcile(struct transfer *transfer);

#endif
