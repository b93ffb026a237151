/* SPDX-License-Identifier: MIT */
#ifndef DB_REQUEST_REPLY_REPO_H
#define DB_REQUEST_REPLY_REPO_H

/* Who is to be told over the bus how a job goes on and ends. Strings of rows are lent by the arena. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct request_reply {
	int64_t pk;
	const char *job;
	const char *reply_to, *correlation_id, *kind, *message_id,
		*request_id; /* correlation_id, message_id may be NULL */
	bool packed;
};

/* A reply whose job has something new to tell. */
struct request_reply_due {
	struct request_reply reply;
	const char *pid;
	const char *state; /* of the job */
	bool ended;
	int64_t attempt;
	const char *progress;                   /* JSON text; NULL: none */
	const char *error_code, *error_message; /* NULL: none */
	const char *news;                       /* for request_reply_told() */
};

MUST_CHECK int request_reply_add(struct db_conn *conn, const struct request_reply *reply, struct error *err);
/* Locked FOR UPDATE SKIP LOCKED: needs a transaction, in which they are told and then noted or removed. */
MUST_CHECK int request_reply_list_due(struct db_conn *conn, int limit, struct arena *arena,
	struct request_reply_due **out, size_t *count, struct error *err);
/* Each: 1 / 0 no such reply / -1. */
MUST_CHECK int request_reply_told(struct db_conn *conn, int64_t pk, const char *news, struct error *err);
MUST_CHECK int request_reply_remove(struct db_conn *conn, int64_t pk, struct error *err);

#endif
