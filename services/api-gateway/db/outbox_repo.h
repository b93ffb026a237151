/* SPDX-License-Identifier: MIT */
#ifndef DB_OUTBOX_REPO_H
#define DB_OUTBOX_REPO_H

/*
 * From outbox to event. Triggers write the outbox in the transaction of a change; one elected relay moves
 * its rows to `event`, giving each the next seq (no gaps), publishes them in that order and notes up to
 * which it came. Delivered at least once, in order, with the same id at every resend.
 *
 * Who has a duty holds a connection of its own (db_open_dedicated), and has it as long as statements on it
 * succeed.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct event_row {
	int64_t seq;
	const char *id;          /* UUID, also the message id */
	const char *routing_key; /* "media.ready.DEFAULT.FilesystemStore" */
	const char *what;        /* "media.ready": the CloudEvents type is made of it */
	const char *subject;     /* pid, for media; NULL: none */
	const char *body;        /* JSON text, with seq */
	size_t body_length;
	int64_t time_unix_ms; /* of the change */
};

enum outbox_duty { OUTBOX_NUMBERS, OUTBOX_PUBLISHES, OUTBOX_DELIVERS };

/* 1 this session has the duty (also when it had already) / 0 another has / -1. Needs a dedicated connection. */
MUST_CHECK int outbox_try_lead(struct db_conn *conn, enum outbox_duty duty, struct error *err);
/* Moves up to `limit` rows, in order, in one transaction; *moved counts. Safe, if wasteful, when two
 * relays do it at once. */
MUST_CHECK int outbox_move(struct db_conn *conn, int limit, int64_t *moved, struct error *err);
/* The seq up to which all events are published. */
MUST_CHECK int event_published(struct db_conn *conn, int64_t *seq, struct error *err);
/* The oldest seq that is kept (one more than the last when none is), and the last that was given. */
MUST_CHECK int event_span(struct db_conn *conn, int64_t *oldest, int64_t *last, struct error *err);
/* Marks all events up to and including seq as published. */
MUST_CHECK int event_mark_published(struct db_conn *conn, int64_t seq, struct error *err);
/* Published or not, after seq, lowest first, at most `limit` and not much more than 4 MiB of bodies. */
MUST_CHECK int event_list_after(struct db_conn *conn, int64_t seq, int limit, struct arena *arena,
	struct event_row **out, size_t *count, struct error *err);
/* Deletes published events older than that, at most `limit`; not those that a webhook is still to be told of. */
MUST_CHECK int event_delete_old(
	struct db_conn *conn, int64_t age_ms, int limit, int64_t *deleted, struct error *err);

#endif
