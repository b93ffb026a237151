/* SPDX-License-Identifier: MIT */
#ifndef DB_UPLOAD_REPO_H
#define DB_UPLOAD_REPO_H

/*
 * Resumable uploads. Each change of what was received names what had been received before, so that of two
 * that write at once one finds nothing to change. Strings are lent by the arena.
 */

#include "db/query.h"

enum upload_kind { UPLOAD_WHOLE, UPLOAD_PARTIAL, UPLOAD_FINAL };
enum upload_state { UPLOAD_RECEIVING, UPLOAD_JOINING, UPLOAD_FINISHED };

struct upload_row {
	const char *id; /* UUID; also the name of the spool file */
	int64_t user_pk;
	enum upload_kind kind;
	enum upload_state state;
	int64_t length; /* -1: not known yet */
	int64_t received;
	const char *hash;     /* sha256_state_print() */
	const char *parts;    /* final: ids with commas between; else NULL */
	const char *metadata; /* NULL: none */
	const char *media;    /* JSON text; NULL: a part */
	const char *if_match; /* NULL: none */
	const char *job;      /* NULL: none yet */
	const char *username; /* of user_pk */
	int64_t expires_unix_ms;
	bool expired;
};

/* received, job and expired are not looked at; a `final` one is born joining. */
MUST_CHECK int upload_insert(
	struct db_conn *conn, const struct upload_row *upload, int64_t lifetime_ms, struct error *err);
/* 1 / 0 no such upload, or another user's / -1. A text that is no UUID is 0. user_pk 0: anybody's. */
MUST_CHECK int upload_find(struct db_conn *conn, const char *id, int64_t user_pk, struct arena *arena,
	struct upload_row *out, struct error *err);
/* Those of a list of ids (text, commas between) that are complete parts of this user's, in the order of the
 * list. */
MUST_CHECK int upload_find_parts(struct db_conn *conn, const char *ids, int64_t user_pk, struct arena *arena,
	struct upload_row **out, size_t *count, struct error *err);
/* One that is to be joined and that nobody has worked on for idle_ms: 1 / 0 none / -1 */
MUST_CHECK int upload_find_joining(struct db_conn *conn, int64_t idle_ms, struct arena *arena,
	struct upload_row *out, struct error *err);

struct upload_progress {
	const char *id;
	int64_t before, received;
	const char *hash;
	int64_t length; /* -1: leaves it */
	bool finished;
	const char *job; /* finished, and not a part: the put */
	int64_t lifetime_ms;
};
/* 1 / 0 something else was received meanwhile, or it has ended / -1 */
MUST_CHECK int upload_advance(
	struct db_conn *conn, const struct upload_progress *progress, struct error *err);

/* 1 / 0 / -1 */
MUST_CHECK int upload_delete(struct db_conn *conn, const char *id, struct error *err);
/* Ids of at most `limit` that have expired a minute ago or more, and are deleted with this: until then they
 * are known to be gone, not unknown. */
MUST_CHECK int upload_delete_expired(struct db_conn *conn, int limit, struct arena *arena, const char ***ids,
	size_t *count, struct error *err);

#endif
