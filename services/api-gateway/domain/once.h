/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_ONCE_H
#define DOMAIN_ONCE_H

/*
 * A request that carries an Idempotency-Key is carried out once, on whichever gateway it comes again: its
 * key is claimed in the database before, and its answer is kept there after. A claim is a lease that is
 * renewed while the request is at work, so that one whose gateway died is free again after ONCE_LEASE_MS.
 * Effect and answer are one transaction (once_enter, once_commit): a gateway that dies leaves both or neither. What
 * cannot be one, because others must see it before the answer is known (an upload's job), is noted with the claim
 * in the transaction that begins it (once_note_effect), and whoever claims next is told. Either fails when
 * the lease has lapsed and the claim is another's. Thread-safe.
 */

#include "common/error.h"
#include "common/random.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db_conn;
struct db_pool;
struct once;

enum { ONCE_KEY_MAX = 255, ONCE_LEASE_MS = 30000, ONCE_RENEW_MS = 10000 };

struct once_options {
	struct db_pool *pool;
	int64_t timeout_ms;            /* of the database */
	const unsigned char *seal_key; /* SEAL_KEY_SIZE bytes; answers are kept sealed */
	int64_t wait_ms;               /* how long one waits for another that is carrying the same out */
	int64_t retention_ms;          /* how long answers are kept */
	int64_t answer_max;            /* bytes; larger ones are not kept */
};

struct once_request {
	int64_t user_pk;
	const char *key; /* 1 to ONCE_KEY_MAX visible ASCII characters */
	char fingerprint_hex[65];
	bool seize; /* whoever has the claim is said to be gone: it is taken over before its lease ends. If he
		       is not, he commits nothing. */
};

/* Belongs to the request that has it, until once_finish() or once_forget(). */
struct once_claim {
	struct once_request request; /* its key is borrowed */
	char id[RANDOM_UUID_SIZE];
	const char *effect; /* noted by the claim before, whose gateway died; NULL: nothing */
	/* the module's own */
	struct once_claim *next, **link;
	bool kept;                /* by once_commit() */
	struct db_conn *conn;     /* between once_enter() and once_commit() or once_leave() */
	struct db_pool *enclosed; /* that connection's */
};

struct once_answer {
	int status;
	const char *text; /* what the caller wants to have again; NULL: not kept */
};

struct once *once_create(const struct once_options *options);
void once_free(struct once *once); /* NULL is accepted; no claim may be left */

/* 1: *claim is ours, carry it out · 0: it was carried out, *answer is as it was given (in the arena) · -1:
 * INVALID (the key came with another request), CONFLICT (it is still being carried out), or the
 * database's. */
MUST_CHECK int once_begin(struct once *once, const struct once_request *request, struct arena *arena,
	struct once_claim *claim, struct once_answer *answer, struct error *err);
/* From now on one transaction is around all that is done with the connections of *pool, whose owner stays the claim
 * (db_enclose). once_commit() keeps the answer and ends it; CONFLICT: the claim is another's by now, and nothing was
 * done. once_leave() takes back what was not committed. */
MUST_CHECK int once_enter(
	struct once *once, struct once_claim *claim, struct db_pool **pool, struct error *err);
MUST_CHECK int once_commit(
	struct once *once, struct once_claim *claim, const struct once_answer *answer, struct error *err);
void once_leave(struct once_claim *claim);

/* In the transaction that begins it. claim_id NULL: no claim, nothing to note. CONFLICT as above. */
MUST_CHECK int once_note_effect(
	struct db_conn *conn, const char *claim_id, const char *effect, struct error *err);

/* It was carried out; text may be NULL. What cannot be kept is logged: the request has succeeded all the
 * same. */
void once_finish(struct once *once, struct once_claim *claim, const struct once_answer *answer);
/* It failed in a way that may not last: whoever tries again shall run. */
void once_forget(struct once *once, struct once_claim *claim);

/* Renews the leases of what is at work; to be called every ONCE_RENEW_MS. */
MUST_CHECK int once_renew(struct once *once, struct error *err);

#endif
