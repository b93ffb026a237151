/* SPDX-License-Identifier: MIT */
/*
 * Final uploads (tus: concatenation): parts that were received side by side become one. That takes time in
 * proportion to their size, so it goes on in the background where the request that asked for it ends, from
 * checkpoint to checkpoint like everything here.
 */
#include "domain/upload_parts.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "db/job_repo.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_MS = 5000, BUDGET_MS = 60000, EXPIRED_BATCH = 100 };

struct joining {
	struct upload_turn *turn;
	struct upload_row *parts;
	size_t count;
};

static int find_parts(struct joining *joining, struct error *err)
{
	struct upload_turn *turn = joining->turn;
	int64_t total = 0;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(turn->transfer, err);
	if (!conn || upload_find_parts(conn, turn->row.parts, turn->row.user_pk, turn->arena, &joining->parts,
			     &joining->count, err))
		return -1;
	for (size_t i = 0; i < joining->count; i++)
		total += joining->parts[i].length;
	return total == turn->row.length ? 0
					 : error_set(err, ERROR_NOT_FOUND, "a part of the upload is gone");
}

/* Bytes from..end of the part; less when the time has come. */
static int join_part(struct upload_turn *turn, const struct upload_row *part, int64_t from, int64_t until_ms,
	struct error *err)
{
	CLEANUP(cleanup_fd) int fd = -1;
	if (spool_file_read(turn->transfer->parts.spool, part->id, &fd, err))
		return -1;
	while (from < part->length && clock_monotonic_ms() < until_ms) {
		int64_t left = part->length - from;
		ssize_t got =
			pread(fd, turn->buffer, left < UPLOAD_PIECE ? (size_t)left : UPLOAD_PIECE, from);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "read a part of an upload");
		if (got == 0)
			return error_set(err, ERROR_NOT_FOUND, "a part of the upload is shorter than it was");
		if (upload_turn_write(turn, turn->buffer, (size_t)got, err) ||
			upload_turn_tell_if_due(turn, err))
			return -1;
		from += got;
	}
	return 0;
}

static int join_all(struct joining *joining, int64_t until_ms, struct error *err)
{
	struct upload_turn *turn = joining->turn;
	int64_t begin = 0;
	for (size_t i = 0; i < joining->count; begin += joining->parts[i++].length) {
		int64_t from = turn->received - begin;
		if (from < joining->parts[i].length &&
			join_part(turn, &joining->parts[i], from, until_ms, err))
			return -1;
		if (turn->received < begin + joining->parts[i].length)
			return upload_turn_tell(turn, err); /* another turn goes on */
	}
	return upload_turn_finish(turn, err);
}

/* What they held is in the whole now. */
static void drop_parts(const struct joining *joining)
{
	struct error err;
	const struct upload_turn *turn = joining->turn;
	for (size_t i = 0; i < joining->count; i++)
		if (upload_drop(turn->transfer, joining->parts[i].id, turn->row.user_pk, turn->arena, &err))
			log_warn("a joined part stays until it expires", LOG_ERROR(&err));
}

static int join(struct upload_turn *turn, const char *id, int64_t until_ms, struct error *err)
{
	struct joining joining = {.turn = turn};
	if (upload_turn_begin(turn, id, 0, UPLOAD_JOINING, err) || find_parts(&joining, err) ||
		join_all(&joining, until_ms, err))
		return -1;
	if (turn->row.state == UPLOAD_FINISHED)
		drop_parts(&joining);
	return 0;
}

int upload_join(struct transfer *transfer, const char *id, int64_t until_ms, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	struct upload_turn turn = {
		.transfer = transfer, .caller = caller, .arena = arena, .file = {.fd = -1}};
	int joined = join(&turn, id, until_ms, err);
	upload_turn_end(&turn);
	struct error ignored;
	if (joined && err->code == ERROR_NOT_FOUND && upload_drop(transfer, id, 0, arena, &ignored))
		log_warn("an upload without its parts stays until it expires", LOG_ERROR(&ignored));
	return joined;
}

/* --- for the reconciler */

static void join_one(struct transfer *transfer, struct arena *arena)
{
	struct error err;
	struct upload_row row;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, &err);
	int found = conn ? upload_find_joining(conn, IDLE_MS, arena, &row, &err) : -1;
	db_release(&conn);
	conn = NULL;
	if (found == 0)
		return;
	struct caller caller = {.actor = {.name = found == 1 ? row.username : NULL}};
	if (found < 0 ||
		(upload_join(transfer, row.id, clock_monotonic_ms() + BUDGET_MS, &caller, arena, &err) &&
			err.code != ERROR_LOCKED))
		log_warn("parts of an upload were not joined", LOG_ERROR(&err));
}

static void remove_expired(struct transfer *transfer, struct arena *arena)
{
	struct error err;
	const char **ids;
	size_t count = 0;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, &err);
	if (!conn || upload_delete_expired(conn, EXPIRED_BATCH, arena, &ids, &count, &err)) {
		log_warn("expired uploads were not removed", LOG_ERROR(&err));
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (job_spool_needed(conn, ids[i], &err) == 0)
			spool_remove(transfer->parts.spool, ids[i]);
	if (count)
		log_info("removed expired uploads", LOG_INT("uploads", (int64_t)count));
}

void upload_reconcile(struct transfer *transfer)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	join_one(transfer, arena);
	remove_expired(transfer, arena);
}
