/* SPDX-License-Identifier: MIT */
#include "domain/multipart.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sigv4.h"
#include "config.h"
#include "db/job_repo.h"
#include "db/multipart_repo.h"
#include "domain/presign.h"
#include "domain/transfer_parts.h"
#include "messaging/job_post.h"

#include <inttypes.h>
#include <string.h>

enum { MIB = 1 << 20, STEP_LASTS_MS = 30000, OVER_BATCH = 100 };

/* --- steps that a worker does */

struct step {
	enum job_step step;
	enum job_class class;
	int64_t lasts_ms;
	const char **answer; /* the upload's id, or the list of its parts; NULL: none */
};

static int take_answer(
	const struct step *step, const struct result_message *result, struct arena *arena, struct error *err)
{
	if (result->code != ERROR_NONE) {
		error_set(err, result->code, "%s",
			result->message ? result->message : error_default_text(result->code));
		return result->cause ? error_add_cause(err, "%s", result->cause) : -1;
	}
	if (!step->answer)
		return 0;
	if (step->step == STEP_LIST && result->inline_bytes)
		*step->answer = arena_memdup(arena, result->inline_bytes, result->inline_length);
	else if (result->upload_id)
		*step->answer = arena_strdup(arena, result->upload_id);
	else
		return error_set_cause(err, ERROR_INTERNAL, "the worker's answer has nothing in it");
	return 0;
}

static int do_step(struct transfer *transfer, const struct multipart_row *upload, const struct step *step,
	const struct caller *caller, struct arena *arena, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	const struct job_message job = {
		.id = id,
		.kind = JOB_MULTIPART,
		.class = step->class,
		.attempt = 1,
		.request_id = caller->actor.request_id,
		.deadline_unix_ms = clock_unix_ms() + step->lasts_ms,
		.store = upload->store,
		.key = upload->key,
		.size = upload->size,
		.range_last = -1,
		.multipart = {step->step, upload->upload_id ? upload->upload_id : ""},
	};
	struct bus_delivery *delivery;
	struct result_message result;
	if (job_post_and_wait(
		    transfer->parts.post, &job, caller->traceparent, arena, &delivery, &result, err))
		return -1;
	int taken = take_answer(step, &result, arena, err);
	bus_delivery_settle(delivery, BUS_ACK);
	return taken;
}

/* --- begin */

static int choose_part_size(const struct multipart_wish *wish, int64_t *out, struct error *err)
{
	int64_t size = wish->part_size;
	if (wish->size > MULTIPART_SIZE_MAX)
		return error_set(err, ERROR_INVALID, "an object has 5 TiB at most");
	if (!size) {
		int64_t least = wish->size > 0 ? (wish->size - 1) / MULTIPART_PARTS_MAX + 1 : 0;
		size = least > MULTIPART_PART_DEFAULT ? (least + MIB - 1) / MIB * MIB
						      : MULTIPART_PART_DEFAULT;
	}
	if (size < MULTIPART_PART_MIN || size > MULTIPART_PART_MAX)
		return error_set(err, ERROR_INVALID, "a part has from 5 MiB to 5 GiB");
	if (wish->size > size * MULTIPART_PARTS_MAX)
		return error_set(err, ERROR_INVALID, "%" PRId64 " bytes are more than %d parts of %" PRId64,
			wish->size, MULTIPART_PARTS_MAX, size);
	*out = size;
	return 0;
}

/* The rows, before anything is at the server. */
static int announce(struct transfer *transfer, const struct multipart_wish *wish, const struct caller *caller,
	struct arena *arena, struct multipart_row *out, struct error *err)
{
	int64_t expires = clock_unix_ms() + wish->expiry_ms;
	const struct transfer_presign wanted = {
		.expiry_ms = wish->expiry_ms, .size = wish->size, .sha256 = wish->sha256};
	const struct transfer_put put = {.pid = wish->pid, .existing = TRANSFER_ADD_BYTES};
	struct transfer_claim claim;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || db_begin(conn, &tx, err) ||
		transfer_claim(conn, &put, expires, &caller->actor, arena, &claim, err))
		return -1;
	if (claim.media.store.type != STORE_BUCKET)
		return error_set(err, ERROR_UNSUPPORTED, "a %s has no uploads in parts",
			store_type_name(claim.media.store.type));
	*out = (struct multipart_row){
		.store = claim.media.store,
		.key = arena_strdup(arena, claim.key),
		.media_pk = claim.media.pk,
		.part_size = out->part_size,
		.size = wish->size,
		.sha256 = wish->sha256,
		.expires_unix_ms = expires,
	};
	if (multipart_insert(conn, out, err) ||
		transfer_begin_watch(conn, &claim, &wanted, expires, caller, arena, err))
		return -1;
	return db_commit(&tx, err);
}

/* What has been announced will not come: the media is FAILED, and its watch looks a last time. */
static int give_up(struct transfer *transfer, const struct multipart_row *upload, const struct caller *caller,
	struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || db_begin(conn, &tx, err) ||
		media_fail_put(conn, upload->media_pk, upload->key, &caller->actor, err) < 0 ||
		job_end_watch(conn, upload->media_pk, upload->key, err) < 0)
		return -1;
	return db_commit(&tx, err);
}

static int note_id(struct transfer *transfer, const struct multipart_row *upload, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	int noted =
		conn ? multipart_note_id(conn, upload->store.pk, upload->key, upload->upload_id, err) : -1;
	if (noted == 0)
		return error_set(err, ERROR_CONFLICT, "the upload was ended at the same moment");
	return noted < 0 ? -1 : 0;
}

int multipart_begin(struct transfer *transfer, const struct multipart_wish *wish, const struct caller *caller,
	struct arena *arena, struct multipart_row *out, struct error *err)
{
	struct error ignored;
	*out = (struct multipart_row){0};
	if (choose_part_size(wish, &out->part_size, err) || announce(transfer, wish, caller, arena, out, err))
		return -1;
	const struct step begin = {STEP_BEGIN, JOB_QUICK, STEP_LASTS_MS, &out->upload_id};
	if (do_step(transfer, out, &begin, caller, arena, err) == 0 && note_id(transfer, out, err) == 0)
		return 0;
	(void)give_up(transfer, out, caller, &ignored); /* else the reconciler and the watch will */
	return -1;
}

/* --- while it goes on */

static int no_upload(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "this media waits for no upload in parts");
}

int multipart_read(struct transfer *transfer, const char *pid, struct arena *arena, struct multipart_row *out,
	struct error *err)
{
	struct media_row media;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn || transfer_find(conn, pid, DB_NO_LOCK, arena, &media, err))
		return -1;
	int found = media.status == MEDIA_PENDING
			    ? multipart_find(conn, media.store.pk, media.store_key, arena, out, err)
			    : 0;
	if (found < 0)
		return -1;
	return found && out->upload_id ? 0 : no_upload(err);
}

int multipart_parts(struct transfer *transfer, const struct multipart_row *upload,
	const struct caller *caller, struct arena *arena, const char **json, struct error *err)
{
	const struct step list = {STEP_LIST, JOB_QUICK, STEP_LASTS_MS, json};
	return do_step(transfer, upload, &list, caller, arena, err);
}

int multipart_count(const struct multipart_row *upload)
{
	if (upload->size < 0)
		return 0;
	return upload->size ? (int)((upload->size - 1) / upload->part_size + 1) : 1;
}

int multipart_url(struct transfer *transfer, const struct multipart_row *upload, int64_t number,
	int64_t expiry_ms, struct arena *arena, const char **url, struct error *err)
{
	int count = multipart_count(upload) ? multipart_count(upload) : MULTIPART_PARTS_MAX;
	int64_t left_ms = upload->expires_unix_ms - clock_unix_ms();
	if (number < 1 || number > count)
		return error_set(
			err, ERROR_INVALID, "there is no part %" PRId64 ": they are 1 to %d", number, count);
	if (left_ms < 1000)
		return no_upload(err);
	const struct sigv4_pair query[] = {{"partNumber", arena_printf(arena, "%" PRId64, number)},
		{"uploadId", upload->upload_id}, {NULL, NULL}};
	return presign_url(transfer->parts.secret_key, &upload->store, "PUT", upload->key,
		expiry_ms < left_ms ? expiry_ms : left_ms, query, arena, url, err);
}

/* --- its end */

static void forget(struct transfer *transfer, const struct multipart_row *upload)
{
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, &err);
	if (!conn || multipart_delete(conn, upload->store.pk, upload->key, &err) < 0)
		log_warn("the reconciler will forget an upload in parts", LOG_ERROR(&err));
}

/* The object is made, now or earlier: what is it? */
static int verify(struct transfer *transfer, const char *pid, const struct multipart_row *upload,
	const struct caller *caller, struct arena *arena, struct error *err)
{
	struct media_row media;
	struct error ignored;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn || transfer_find(conn, pid, DB_NO_LOCK, arena, &media, err))
		return -1;
	db_release(&conn);
	if (transfer_complete(transfer, &media, caller, arena, err) == 0) {
		forget(transfer, upload);
		return 0;
	}
	if (err->code ==
		ERROR_CHECKSUM) /* no other part can come: the watch sees the same at once, and removes it */
		(void)give_up(transfer, upload, caller, &ignored);
	return -1;
}

int multipart_complete(struct transfer *transfer, const char *pid, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	struct multipart_row upload;
	struct media_row media;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn || transfer_find(conn, pid, DB_NO_LOCK, arena, &media, err))
		return -1;
	db_release(&conn);
	if (media.status == MEDIA_READY)
		return 0;
	if (multipart_read(transfer, pid, arena, &upload, err))
		return -1;
	const struct step complete = {
		STEP_COMPLETE, JOB_STREAM, transfer->parts.config->transfer_deadline_ms, NULL};
	if (do_step(transfer, &upload, &complete, caller, arena, err) && err->code != ERROR_NOT_FOUND)
		return -1;
	return verify(transfer, pid, &upload, caller, arena, err);
}

static int end_at_server(struct transfer *transfer, const struct multipart_row *upload,
	const struct caller *caller, struct arena *arena, struct error *err)
{
	const struct step abort = {STEP_ABORT, JOB_QUICK, STEP_LASTS_MS, NULL};
	if (do_step(transfer, upload, &abort, caller, arena, err))
		return -1;
	forget(transfer, upload);
	return 0;
}

int multipart_abort(struct transfer *transfer, const char *pid, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	struct multipart_row upload;
	struct error late;
	if (multipart_read(transfer, pid, arena, &upload, err) || give_up(transfer, &upload, caller, err))
		return -1;
	if (end_at_server(transfer, &upload, caller, arena, &late))
		log_warn("the reconciler will end an upload in parts", LOG_STR("pid", pid), LOG_ERROR(&late));
	return 0;
}

void multipart_reconcile(struct transfer *transfer)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	const struct caller nobody = {0};
	struct multipart_row *uploads;
	struct error err;
	size_t count = 0;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, &err);
	if (!conn || multipart_list_over(conn, OVER_BATCH, arena, &uploads, &count, &err)) {
		log_warn("uploads in parts are not looked at", LOG_ERROR(&err));
		return;
	}
	db_release(&conn);
	int64_t away = 0; /* a store that does not answer is not asked again this time */
	for (size_t i = 0; i < count; i++) {
		int64_t store = uploads[i].store.pk;
		if (store == away || end_at_server(transfer, &uploads[i], &nobody, arena, &err) == 0)
			continue;
		log_warn("an upload in parts was not ended", LOG_INT("store", store), LOG_ERROR(&err));
		away = store;
	}
}
