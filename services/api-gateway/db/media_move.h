/* SPDX-License-Identifier: MIT */
#ifndef DB_MEDIA_MOVE_H
#define DB_MEDIA_MOVE_H

/* What copies, moves and verifications do to media. Each statement names the object it is about: bytes that
 * were replaced, moved or deleted meanwhile are left alone. */

#include "db/media_repo.h"

/* A PENDING media with the names and documents of another, but for its identifiers: they name the original. */
struct media_copy {
	int64_t source_pk;
	const char *pid;
	const char *pid_type; /* NULL: the source's */
	int64_t store_pk;
	const char *store_key;
};
/* *pk is the new media's. 1 / 0 the source is gone / -1; CONFLICT: the pid exists. */
MUST_CHECK int media_copy_row(struct db_conn *conn, const struct media_copy *copy,
	const struct db_actor *actor, int64_t *pk, struct error *err);

struct media_object { /* the bytes of a media, as somebody has seen them */
	int64_t media_pk, store_pk;
	const char *store_key, *sha256;
};

/* A READY media's bytes are at another place, compared. 1 / 0 it has changed / -1 */
MUST_CHECK int media_move(struct db_conn *conn, const struct media_object *object, int64_t to_store_pk,
	const char *to_key, const char *holder /* NULL but for DictStores */, const struct db_actor *actor,
	struct error *err);

/* What a look at the object of a READY, LOST or CORRUPT media has found. 1 / 0 it is known to be so, or has
 * changed / -1 */
MUST_CHECK int media_note_fixity(struct db_conn *conn, const struct media_object *object,
	enum media_status found, const char *holder, const struct db_actor *actor, struct error *err);

/* Whether a media's bytes are there, or may come there: 1 / 0 / -1. What has FAILED never comes back to its key. */
MUST_CHECK int media_key_in_use(
	struct db_conn *conn, int64_t store_pk, const char *store_key, struct error *err);

#endif
