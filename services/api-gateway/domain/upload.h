/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_UPLOAD_H
#define DOMAIN_UPLOAD_H

/*
 * Uploads that come in pieces, over hours and connections, through any gateway that shares the spool
 * directory. The row says what counts: how many bytes are durable in the spool file, and their hash
 * half-way; what the file holds beyond that never counted. Whoever writes holds the file's lock, so two
 * never do. The row is brought up to date every CHECKPOINT bytes and at the end of each piece, however it
 * ends; that is all that kill -9 can cost. The last bytes, the media's row and the job that brings the
 * bytes to their store are one transaction, after which the spool file is the job's.
 * Uploads belong to the user who began them: for others they are not there.
 */

#include "db/upload_repo.h"
#include "domain/caller.h"
#include "domain/intake.h"

struct arena;
struct transfer;

/* Makes the upload that `upload` describes (its id, hash and received are set here), and its spool file; of
 * a final one also the length. One of no bytes is finished at once. *out is as it stands afterwards. */
MUST_CHECK int upload_begin(struct transfer *transfer, const struct upload_row *upload,
	const struct caller *caller, struct arena *arena, struct upload_row *out, struct error *err);

/* NOT_FOUND; GONE: it has expired. */
MUST_CHECK int upload_look(struct transfer *transfer, const char *id, int64_t user_pk, struct arena *arena,
	struct upload_row *out, struct error *err);

struct upload_piece {
	int64_t offset;
	int64_t length; /* of the whole, if this tells it at last; -1 */
	int64_t size;   /* of this piece, when known; -1 */
	enum digest_kind checksum_kind;
	const unsigned char
		*checksum; /* of this piece; NULL: none. Then it counts as a whole or not at all */
	size_t checksum_size;
	intake_read_fn *read;
	void *context;
};
/* Receives a piece; when it fails midway what came still counts, unless it has a checksum. With the last
 * byte the upload is finished. CONFLICT: not at that offset. LOCKED: another is writing. CHUNK_CHECKSUM.
 * TOO_LARGE. FULL. Of finishing: what transfer_claim() says, then the last piece does not count. */
MUST_CHECK int upload_receive(struct transfer *transfer, const char *id, int64_t user_pk,
	const struct upload_piece *piece, const struct caller *caller, struct arena *arena,
	struct upload_row *out, struct error *err);

/* Removes it with its bytes; of a finished one, what is in its store stays. LOCKED. */
MUST_CHECK int upload_drop(
	struct transfer *transfer, const char *id, int64_t user_pk, struct arena *arena, struct error *err);

/* Goes on joining the parts of a final upload until it is finished or the monotonic time has come. A part
 * that is gone makes it go too: NOT_FOUND. LOCKED. */
MUST_CHECK int upload_join(struct transfer *transfer, const char *id, int64_t until_ms,
	const struct caller *caller, struct arena *arena, struct error *err);

/* How the put of a finished upload stands: "READY", "FAILED" or "PENDING"; waits up to wait_ms for one of
 * the first two. NULL: nothing of the kind. */
const char *upload_outcome(
	struct transfer *transfer, const struct upload_row *upload, int64_t wait_ms, struct arena *arena);

/* Of the media that it is to become, in the arena; NULL: a part. */
const char *upload_pid(const struct upload_row *upload, struct arena *arena);

/* For the reconciler: goes on joining what nobody else does, and removes what has expired. */
void upload_reconcile(struct transfer *transfer);

#endif
