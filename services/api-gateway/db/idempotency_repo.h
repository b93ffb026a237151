/* SPDX-License-Identifier: MIT */
#ifndef DB_IDEMPOTENCY_REPO_H
#define DB_IDEMPOTENCY_REPO_H

/* Which requests with an Idempotency-Key are being carried out, and what was answered. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct idempotency_key {
	int64_t user_pk;
	const char *key;
	const char *fingerprint_hex; /* of the whole request */
};

struct idempotency_row {
	bool same;          /* the fingerprint */
	int status;         /* 0: being carried out */
	const char *answer; /* NULL: not kept */
};

/* 1: the request is ours, under this claim (a UUID), for lease_ms: nobody had it, who had it is gone
 * (or said to be: seize), or it is older than retention_ms · 0: it is another's or finished · -1. *effect: what who had it had noted, or
 * NULL. */
MUST_CHECK int idempotency_claim(struct db_conn *conn, const struct idempotency_key *key, const char *claim,
	bool seize, int64_t lease_ms, int64_t retention_ms, struct arena *arena, const char **effect,
	struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int idempotency_find(struct db_conn *conn, const struct idempotency_key *key, struct arena *arena,
	struct idempotency_row *out, struct error *err);
/* Puts off the end of the leases of these claims. */
MUST_CHECK int idempotency_renew(
	struct db_conn *conn, const char *const *claims, size_t count, int64_t lease_ms, struct error *err);
/* 1 / 0 the claim is another's by now / -1. */
MUST_CHECK int idempotency_finish(struct db_conn *conn, const struct idempotency_key *key, const char *claim,
	int status, const char *answer, struct error *err);
/* Notes what the claim has begun. 1 / 0 the claim is another's by now / -1. */
MUST_CHECK int idempotency_note_effect(
	struct db_conn *conn, const char *claim, const char *effect, struct error *err);
/* As if it had never come. 1 / 0 / -1 as above. */
MUST_CHECK int idempotency_forget(
	struct db_conn *conn, const struct idempotency_key *key, const char *claim, struct error *err);
/* Deletes at most `limit` of those that are older. */
MUST_CHECK int idempotency_delete_old(
	struct db_conn *conn, int64_t retention_ms, int64_t limit, int64_t *deleted, struct error *err);

#endif
