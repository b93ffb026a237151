/* SPDX-License-Identifier: MIT */
#include "domain/upload_parts.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/memory.h"
#include "config.h"
#include "db/job_repo.h"

#include <string.h>

enum { CHECKPOINT = 32 * 1024 * 1024, CHECKPOINT_MS = 2000 };

static int look(struct transfer *transfer, const char *id, int64_t user_pk, struct arena *arena,
	struct upload_row *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	int found = conn ? upload_find(conn, id, user_pk, arena, out, err) : -1;
	if (found < 0)
		return -1;
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no such upload");
}

int upload_look(struct transfer *transfer, const char *id, int64_t user_pk, struct arena *arena,
	struct upload_row *out, struct error *err)
{
	if (look(transfer, id, user_pk, arena, out, err))
		return -1;
	return out->expired ? error_set(err, ERROR_GONE, "this upload has expired") : 0;
}

/* --- a turn */

static bool has_file(const struct upload_row *row)
{
	return row->state != UPLOAD_FINISHED || row->kind == UPLOAD_PARTIAL;
}

int upload_turn_begin(
	struct upload_turn *turn, const char *id, int64_t user_pk, enum upload_state state, struct error *err)
{
	struct spool *spool = turn->transfer->parts.spool;
	/* before the lock for its name, after it for what it says */
	if (upload_look(turn->transfer, id, user_pk, turn->arena, &turn->row, err))
		return -1;
	if (has_file(&turn->row) && spool_file_lock(spool, turn->row.id, &turn->file, err))
		return err->code == ERROR_NOT_FOUND
			       ? error_set(err, ERROR_UNAVAILABLE,
					 "this gateway does not see the bytes of the upload: they are in "
					 "another one's spool")
			       : -1;
	if (upload_look(turn->transfer, id, user_pk, turn->arena, &turn->row, err))
		return -1;
	if (turn->row.state != state)
		return error_set(err, ERROR_CONFLICT, "this upload is not being received");
	if (sha256_state_parse(turn->row.hash, &turn->hash))
		return error_set_cause(err, ERROR_INTERNAL, "the hash of an upload cannot be read");
	if (spool_file_continue(&turn->file, turn->row.received, err))
		return -1;
	turn->received = turn->row.received;
	turn->told_ms = clock_monotonic_ms();
	turn->buffer = memory_alloc(UPLOAD_PIECE);
	return 0;
}

void upload_turn_end(struct upload_turn *turn)
{
	spool_file_close(&turn->file);
	free(turn->buffer);
	turn->buffer = NULL;
}

int upload_turn_write(struct upload_turn *turn, const void *bytes, size_t length, struct error *err)
{
	if (spool_file_write(&turn->file, bytes, length, err))
		return -1;
	sha256_state_update(&turn->hash, bytes, length);
	turn->received += (int64_t)length;
	return 0;
}

int upload_turn_tell(struct upload_turn *turn, struct error *err)
{
	char hash[SHA256_STATE_SIZE];
	struct upload_progress progress = {
		.id = turn->row.id,
		.before = turn->row.received,
		.received = turn->received,
		.hash = hash,
		.length = turn->row.length,
		.lifetime_ms = turn->transfer->parts.config->upload_expiry_ms,
	};
	sha256_state_print(&turn->hash, hash);
	if (spool_file_sync(&turn->file, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(turn->transfer, err);
	int advanced = conn ? upload_advance(conn, &progress, err) : -1;
	if (advanced < 0)
		return -1;
	if (!advanced)
		return error_set(err, ERROR_CONFLICT, "this upload has changed meanwhile");
	turn->row.received = turn->received;
	turn->told_ms = clock_monotonic_ms();
	return 0;
}

int upload_turn_tell_if_due(struct upload_turn *turn, struct error *err)
{
	int64_t untold = turn->received - turn->row.received;
	if (untold >= CHECKPOINT || (untold && clock_monotonic_ms() - turn->told_ms >= CHECKPOINT_MS))
		return upload_turn_tell(turn, err);
	return 0;
}

/* --- a piece */

struct reception {
	struct upload_turn *turn;
	const struct upload_piece *piece;
	struct digest *digest; /* NULL: no checksum was given */
	int64_t end;           /* the upload cannot go beyond that */
};

static int take_bytes(struct reception *reception, struct error *err)
{
	struct upload_turn *turn = reception->turn;
	const struct upload_piece *piece = reception->piece;
	for (;;) {
		int64_t left = reception->end - turn->received;
		size_t want = left < UPLOAD_PIECE ? (size_t)left : UPLOAD_PIECE;
		ssize_t got = piece->read(piece->context, turn->buffer, want ? want : 1, err);
		if (got <= 0)
			return (int)got;
		if (!want)
			return error_set(
				err, ERROR_TOO_LARGE, "there are more bytes than Upload-Length says");
		if (upload_turn_write(turn, turn->buffer, (size_t)got, err))
			return -1;
		if (reception->digest)
			digest_update(reception->digest, turn->buffer, (size_t)got);
		else if (upload_turn_tell_if_due(turn, err))
			return -1;
	}
}

static int check_piece(const struct reception *reception, struct error *err)
{
	unsigned char sum[DIGEST_MAX_SIZE];
	const struct upload_piece *piece = reception->piece;
	if (!reception->digest)
		return 0;
	size_t size = digest_finish(reception->digest, sum);
	if (size == piece->checksum_size && memcmp(sum, piece->checksum, size) == 0)
		return 0;
	return error_set(err, ERROR_CHUNK_CHECKSUM, NULL);
}

static int set_length(struct upload_turn *turn, int64_t length, struct error *err)
{
	if (length < 0)
		return 0;
	if (turn->row.length >= 0 && turn->row.length != length)
		return error_set(err, ERROR_INVALID, "Upload-Length was another before, and cannot change");
	if (length < turn->received)
		return error_set(err, ERROR_INVALID, "Upload-Length is less than was received");
	if (length > turn->transfer->parts.config->object_max)
		return error_set(err, ERROR_TOO_LARGE, NULL);
	turn->row.length = length;
	return 0;
}

/* -1: the error that ended the piece remains the answer. */
static int keep_what_came(struct upload_turn *turn, bool whole_or_not, struct error *err)
{
	struct error why;
	if (!whole_or_not && turn->received > turn->row.received && upload_turn_tell(turn, &why))
		return error_add_cause(err, "and what came of it was lost: %.120s", why.message);
	return -1;
}

static int receive(struct upload_turn *turn, const struct upload_piece *piece, struct error *err)
{
	int64_t object_max = turn->transfer->parts.config->object_max;
	if (piece->offset != turn->received)
		return error_set(err, ERROR_CONFLICT,
			"%lld bytes were received, so Upload-Offset is not %lld", (long long)turn->received,
			(long long)piece->offset);
	if (set_length(turn, piece->length, err))
		return -1;
	CLEANUP(digest_cleanup)
	struct digest *digest = piece->checksum ? digest_create(piece->checksum_kind) : NULL;
	struct reception reception = {
		turn, piece, digest, turn->row.length >= 0 ? turn->row.length : object_max};
	if (piece->size > reception.end - turn->received)
		return error_set(err, ERROR_TOO_LARGE, "there are more bytes than Upload-Length says");
	int taken = take_bytes(&reception, err);
	if (taken == 0)
		taken = check_piece(&reception, err);
	if (taken)
		return keep_what_came(turn, digest != NULL, err);
	return turn->received == turn->row.length ? upload_turn_finish(turn, err)
						  : upload_turn_tell(turn, err);
}

/* A finished upload takes nothing more, but whoever asks with its end is told that all is well. */
static int answer_finished(const struct upload_row *row, const struct upload_piece *piece, struct error *err)
{
	if (row->kind == UPLOAD_FINAL)
		return error_set(err, ERROR_FORBIDDEN, "a final upload takes no bytes of its own");
	if (piece->offset != row->received || piece->size > 0)
		return error_set(err, ERROR_CONFLICT, "this upload is finished");
	return 0;
}

int upload_receive(struct transfer *transfer, const char *id, int64_t user_pk,
	const struct upload_piece *piece, const struct caller *caller, struct arena *arena,
	struct upload_row *out, struct error *err)
{
	if (upload_look(transfer, id, user_pk, arena, out, err))
		return -1;
	if (out->state != UPLOAD_RECEIVING)
		return answer_finished(out, piece, err);
	CLEANUP(upload_turn_end)
	struct upload_turn turn = {
		.transfer = transfer, .caller = caller, .arena = arena, .file = {.fd = -1}};
	if (upload_turn_begin(&turn, id, user_pk, UPLOAD_RECEIVING, err) || receive(&turn, piece, err))
		return -1;
	*out = turn.row;
	return 0;
}

/* --- begin and end */

static ssize_t read_nothing(void *context, void *out, size_t size, struct error *err)
{
	(void)context;
	(void)out;
	(void)size;
	(void)err;
	return 0;
}

static int insert(struct transfer *transfer, struct upload_row *upload, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	return conn ? upload_insert(conn, upload, transfer->parts.config->upload_expiry_ms, err) : -1;
}

int upload_begin(struct transfer *transfer, const struct upload_row *upload, const struct caller *caller,
	struct arena *arena, struct upload_row *out, struct error *err)
{
	struct spool *spool = transfer->parts.spool;
	struct spool_file file;
	struct sha256_state nothing;
	char hash[SHA256_STATE_SIZE];
	struct upload_row row = *upload;
	if (row.length > transfer->parts.config->object_max)
		return error_set(err, ERROR_TOO_LARGE, "larger than Tus-Max-Size");
	sha256_state_init(&nothing);
	sha256_state_print(&nothing, hash);
	row.hash = hash;
	if (spool_file_create(spool, &file, err))
		return -1;
	row.id = arena_strdup(arena, file.name);
	if (spool_file_leave(spool, &file, err) || insert(transfer, &row, err)) {
		spool_remove(spool, row.id);
		return -1;
	}
	struct upload_piece piece = {.length = -1, .read = read_nothing};
	if (row.length == 0 && row.kind != UPLOAD_FINAL)
		return upload_receive(transfer, row.id, row.user_pk, &piece, caller, arena, out, err);
	return upload_look(transfer, row.id, row.user_pk, arena, out, err);
}

int upload_drop(
	struct transfer *transfer, const char *id, int64_t user_pk, struct arena *arena, struct error *err)
{
	struct upload_row row;
	if (upload_look(transfer, id, user_pk, arena, &row, err))
		return -1;
	struct spool *spool = transfer->parts.spool;
	CLEANUP(spool_file_close) struct spool_file file = {.fd = -1};
	if (has_file(&row) && spool_file_lock(spool, row.id, &file, err) && err->code != ERROR_NOT_FOUND)
		return -1;
	/* once more, behind the lock: the file of one that was finished meanwhile is its job's */
	if (upload_look(transfer, id, user_pk, arena, &row, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn || upload_delete(conn, row.id, err) < 0)
		return -1;
	if (has_file(&row))
		spool_remove(spool, row.id);
	return 0;
}
