/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_UPLOAD_PARTS_H
#define DOMAIN_UPLOAD_PARTS_H

/* What the upload*.c files share; nobody else includes it. */

#include "common/sha256_state.h"
#include "domain/transfer_parts.h"
#include "domain/upload.h"

enum { UPLOAD_PIECE = 256 * 1024 };

/* One turn at an upload: its file is locked, its row was read after that. */
struct upload_turn {
	struct transfer *transfer;
	const struct caller *caller;
	struct arena *arena;
	struct upload_row row;
	struct spool_file file;
	struct sha256_state hash;
	int64_t received; /* with what the row does not say yet */
	int64_t told_ms;
	char *buffer; /* UPLOAD_PIECE */
};

/* NOT_FOUND, GONE, LOCKED; CONFLICT when it is not in that state. user_pk 0: anybody's. */
MUST_CHECK int upload_turn_begin(struct upload_turn *turn, const char *id, int64_t user_pk,
	enum upload_state state, struct error *err);
void upload_turn_end(struct upload_turn *turn); /* for CLEANUP() */
MUST_CHECK int upload_turn_write(
	struct upload_turn *turn, const void *bytes, size_t length, struct error *err);
/* Makes what was written count. */
MUST_CHECK int upload_turn_tell(struct upload_turn *turn, struct error *err);
/* The same when it is time for that. */
MUST_CHECK int upload_turn_tell_if_due(struct upload_turn *turn, struct error *err);
/* All bytes are here: makes them count, and the media's. */
MUST_CHECK int upload_turn_finish(struct upload_turn *turn, struct error *err);

#endif
