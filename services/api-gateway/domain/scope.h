/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_SCOPE_H
#define DOMAIN_SCOPE_H

/* What every rule needs while it serves one caller: a way to the database, until when, and memory that lives as long as the request. */

#include "db/pool.h"

struct arena;

struct scope {
	struct db_pool *pool;
	int64_t deadline_ms; /* monotonic */
	struct arena *arena;
};

/* db_acquire() by the scope's terms. */
MUST_CHECK struct db_conn *scope_acquire(const struct scope *scope, struct error *err);

#endif
