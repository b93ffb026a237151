/* SPDX-License-Identifier: MIT */
#ifndef DB_REPLAY_REPO_H
#define DB_REPLAY_REPO_H

/* Replays of events: what was asked for, how far it has come, and who works on it until when. */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct replay_row {
	int64_t pk;              /* not of a new one */
	int64_t after, until;    /* the events with after < seq <= until */
	int64_t done;            /* up to which it has come; not of a new one */
	const char *pattern;     /* of routing keys; NULL: all */
	const char *exchange;    /* "": the broker's own, by names of queues */
	const char *routing_key; /* NULL: of each event its own */
	const char *actor;       /* who asked */
};

MUST_CHECK int replay_insert(struct db_conn *conn, const struct replay_row *row, struct arena *arena,
	const char **json, struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int replay_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err);
/* The latest `limit`, latest first. */
MUST_CHECK int replay_list_json(
	struct db_conn *conn, int limit, struct arena *arena, const char **json, struct error *err);
/* One that nobody works on, for lease_ms: 1 / 0 there is none / -1. */
MUST_CHECK int replay_take(struct db_conn *conn, int64_t lease_ms, struct arena *arena,
	struct replay_row *out, struct error *err);
/* It has come to `done`, having published so many more; taken for lease_ms from now. */
MUST_CHECK int replay_advance(struct db_conn *conn, int64_t pk, int64_t done, int64_t published,
	int64_t lease_ms, struct error *err);
/* error NULL: it has succeeded. */
MUST_CHECK int replay_end(struct db_conn *conn, int64_t pk, const char *error, struct error *err);
/* Deletes those that ended longer ago than that. */
MUST_CHECK int replay_delete_old(struct db_conn *conn, int64_t age_ms, struct error *err);

#endif
