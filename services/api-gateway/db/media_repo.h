/* SPDX-License-Identifier: MIT */
#ifndef DB_MEDIA_REPO_H
#define DB_MEDIA_REPO_H

/*
 * Media. Version, mark, history and events are written by triggers (migrations/): no function here can
 * forget them; each that changes something says who does it. Users' documents pass as text between
 * request and jsonb: never through cJSON. Functions run in the caller's transaction, if there is one;
 * alone, each is atomic. Strings are lent by the arena.
 *
 * The life of bytes, as the transfer code composes it:
 *	begin	media_create() with a store_key, or media_find(DB_LOCK) and media_begin_put() to take over a
 *		row without bytes; a READY row is left alone. job_insert() in the same transaction, with the
 *		key to write, and `replaces_key` = the row's present key for a READY row.
 *	finish	job_succeed() and media_finish_put(), which only takes if the row's key is still the one
 *	seen
 *		at begin; then the old key goes.
 *	fail	job_fail() and media_fail_put(), which touches the row only if it still waits for that key;
 *		then the attempted key goes.
 */

#include "db/query.h"
#include "schemas/job_message.h"

enum media_status { MEDIA_PENDING, MEDIA_READY, MEDIA_FAILED, MEDIA_LOST, MEDIA_CORRUPT };
const char *media_status_name(enum media_status status); /* "PENDING" ... */

struct media_row {
	int64_t pk;
	const char *pid, *pid_type;
	struct store_descriptor store;
	const char *store_key;
	enum media_status status;
	int64_t size;                                                         /* -1 unknown */
	const char *content_type, *filename, *sha256, *crc32c, *md5, *holder; /* NULL unknown */
	int64_t version, mark;
	int64_t presign_expires_unix_ms; /* 0 none */
	int64_t created_unix_ms, updated_unix_ms;
	int64_t content_unix_ms; /* when the bytes last became others; whole seconds */
};

struct media_new {
	const char *pid, *pid_type;
	int64_t store_pk;
	const char *store_key;
	const char *content_type, *filename; /* NULL: none */
	int64_t presign_expires_unix_ms;     /* 0: none */
	const char *document; /* JSON text holding identifiers?, metadata?, tags?, checked before; NULL: {} */
};

/* Inserts a PENDING row. *json (may be NULL) is the Media reply, *pk (may be NULL) its key. An identifier
 * of the pid's own type is dropped. CONFLICT: the pid exists (db_error_constraint() "media_pid_key") or
 * the store key is taken ("media_store_store_key_key"); INVALID: unknown pid_type, unknown store, or a
 * document PostgreSQL refuses. */
MUST_CHECK int media_create(struct db_conn *conn, const struct media_new *media, const struct db_actor *actor,
	struct arena *arena, const char **json, int64_t *pk, struct error *err);

/* The Media reply of contract.md as JSON text, and its version: 1 / 0 no such pid / -1. */
MUST_CHECK int media_read(struct db_conn *conn, const char *pid, struct arena *arena, const char **json,
	int64_t *version, struct error *err);
/* The same of many in one round trip: found() is told of each that exists, with its place in pids, in any order. */
MUST_CHECK int media_read_together(struct db_conn *conn, const char *const *pids, size_t count,
	void (*found)(size_t place, const char *json, int64_t version, void *context), void *context,
	struct error *err);
/* The same without the version. */
MUST_CHECK int media_read_json(
	struct db_conn *conn, const char *pid, struct arena *arena, const char **json, struct error *err);
/* Row by row: visit() gets one Media as JSON text; non-zero stops and is returned. Everything, in the
 * order of pk. */
MUST_CHECK int media_dump(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);
/* The media of a JSON array of pids (text), in its order, unknown ones missing. */
MUST_CHECK int media_read_many(struct db_conn *conn, const char *pids_json, db_visit_text_fn *visit,
	void *context, struct error *err);

enum db_lock { DB_NO_LOCK, DB_LOCK /* FOR UPDATE: needs a transaction */ };
/* All that a transfer needs: 1 / 0 / -1. */
MUST_CHECK int media_find(struct db_conn *conn, const char *pid, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err);
MUST_CHECK int media_find_by_pk(struct db_conn *conn, int64_t pk, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err);

struct media_put {
	int64_t media_pk;
	int64_t store_pk;                /* begin: 0 leaves the store as it is */
	const char *store_key;           /* being written */
	const char *content_type;        /* NULL: leaves it */
	const char *filename;            /* NULL: leaves it */
	int64_t presign_expires_unix_ms; /* begin: 0 none */
};
/* Takes over a row that has no bytes (not READY): the row is PENDING, waits for this key, and forgets
 * size, checksum and holder. 1 / 0 the row is gone or READY / -1. */
MUST_CHECK int media_begin_put(
	struct db_conn *conn, const struct media_put *put, const struct db_actor *actor, struct error *err);

/* As media_begin_put, and in one statement also the new document (identifiers, metadata, tags), as POST
 * /upload does with PENDING or FAILED rows of the same pid_type. 1 / 0 the row is not in a state to be
 * taken over / -1. */
MUST_CHECK int media_take_over(struct db_conn *conn, const struct media_new *media,
	const struct db_actor *actor, struct arena *arena, const char **json, int64_t *pk, struct error *err);

struct media_bytes {
	int64_t media_pk;
	const char *expected_key; /* the row's key at begin: the new one itself, or the one it replaces */
	const char *store_key;    /* where the bytes are */
	int64_t size;
	const char *sha256, *crc32c, *md5;   /* the last two NULL: unknown */
	const char *content_type, *filename; /* NULL: leaves it */
	const char *holder;                  /* NULL but for DictStores */
};
/* The row is READY with these bytes. 1 / 0 the row is gone or another put came first (the bytes are
 * nobody's: delete them) / -1. */
MUST_CHECK int media_finish_put(struct db_conn *conn, const struct media_bytes *bytes,
	const struct db_actor *actor, struct error *err);
/* A row that is PENDING with this key becomes FAILED. 1 / 0 nothing to change / -1. */
MUST_CHECK int media_fail_put(struct db_conn *conn, int64_t media_pk, const char *store_key,
	const struct db_actor *actor, struct error *err);

/* 1 / 0 the row is gone or not in `from` / -1. */
MUST_CHECK int media_set_status(struct db_conn *conn, int64_t media_pk, enum media_status from,
	enum media_status to, const struct db_actor *actor, struct error *err);
/* Deletes the row; *out says where its bytes are. 1 / 0 no such pid / -1. */
MUST_CHECK int media_delete(struct db_conn *conn, const char *pid, const struct db_actor *actor,
	struct arena *arena, struct media_row *out, struct error *err);
/* A new process holds the RAM stores of a site: every READY row of its DictStores with another holder is
 * LOST. *lost counts. The holder is remembered; repeating it is harmless. */
MUST_CHECK int media_mark_lost(
	struct db_conn *conn, const char *site, const char *holder, int64_t *lost, struct error *err);

#endif
