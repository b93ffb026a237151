/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_DUTY_H
#define BACKGROUND_DUTY_H

/*
 * What one of all gateways does: elected by an advisory lock that the session of a connection of its own
 * holds. When that session ends, however it ends, the next gateway that asks has the duty. One thread's.
 */

#include "db/outbox_repo.h"

struct db_conn;
struct db_pool;

enum { DUTY_STATEMENT_MS = 30000, DUTY_ASK_AGAIN_MS = 1000 };

struct duty {
	struct db_pool *pool; /* borrowed */
	enum outbox_duty which;
	const char *what;     /* "relaying events", for the log */
	struct db_conn *conn; /* NULL: none yet */
	bool has;
};

/* 1 it is ours, and duty->conn may work for DUTY_STATEMENT_MS / 0 another gateway's / -1. */
MUST_CHECK int duty_take(struct duty *duty, struct error *err);
/* Lets another gateway have it. */
void duty_leave(struct duty *duty);

#endif
