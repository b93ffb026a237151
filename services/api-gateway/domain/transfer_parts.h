/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_TRANSFER_PARTS_H
#define DOMAIN_TRANSFER_PARTS_H

/* What the transfer_*.c files share; nobody else includes it. */

#include "common/bus.h"
#include "db/pool.h"
#include "domain/object_key.h"
#include "domain/transfer.h"

struct transfer {
	struct transfer_parts parts;
};

/* A connection with the deadline of the settings. NULL and *err. For CLEANUP(db_release). */
MUST_CHECK struct db_conn *transfer_connect(const struct transfer *transfer, struct error *err);
/* Media, or NOT_FOUND. */
MUST_CHECK int transfer_find(struct db_conn *conn, const char *pid, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err);

/* Has a worker read the object that the row names, now: size and SHA-256. *delivery lends the result and
 * is to be settled. */
MUST_CHECK int transfer_verify(struct transfer *transfer, const struct media_row *media,
	const struct caller *caller, struct arena *arena, struct bus_delivery **delivery,
	struct result_message *result, struct error *err);

/* A row that can take bytes, as transfer_claim() has left it. */
struct transfer_claim {
	struct media_row media;
	char key[OBJECT_KEY_SIZE]; /* to be written */
	const char *replaces_key;  /* of a READY row; else NULL */
	bool created;
};
/* In the caller's transaction: makes the media, takes it over, or prepares its replacement, as `put` asks,
 * under a new key. */
MUST_CHECK int transfer_claim(struct db_conn *conn, const struct transfer_put *put,
	int64_t presign_expires_unix_ms, const struct db_actor *actor, struct arena *arena,
	struct transfer_claim *out, struct error *err);

/* In the same transaction: the job that looks whether the client has put what was claimed, until it expires. */
MUST_CHECK int transfer_begin_watch(struct db_conn *conn, const struct transfer_claim *claim,
	const struct transfer_presign *wanted, int64_t expires_unix_ms, const struct caller *caller,
	struct arena *arena, struct error *err);

#endif
