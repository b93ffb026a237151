/* SPDX-License-Identifier: MIT */
#ifndef DB_RECONNECT_H
#define DB_RECONNECT_H

/*
 * Inside db/: how connections are made and made again. One `struct reconnect` per pool knows the server and whether it is
 * away: while it is, one caller at a time tries, spaced by a backoff, and the others wait for what comes of it, as
 * long as the outage is short (DB_PATIENCE_MS) and their deadlines allow. Thread-safe.
 */

#include "common/error.h"

struct db_conn;
struct db_pool_options;
struct reconnect;

/* Copies the options and fills in their defaults. */
struct reconnect *reconnect_create(const struct db_pool_options *options);
void reconnect_free(struct reconnect *reconnect);

/* A live connection where it is allowed to replace a dead one: neither in a transaction nor when it is dedicated and was open
 * before. -1: UNAVAILABLE. */
MUST_CHECK int connection_revive(struct db_conn *conn, struct error *err);

#endif
