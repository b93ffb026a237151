/* SPDX-License-Identifier: MIT */
/*
 * The end of an upload: its bytes become the media's. Nobody waits for the store, which may take long: a
 * background job does it, and the client looks at the media, at the upload or at the job.
 */
#include "domain/upload_parts.h"

#include "common/arena.h"
#include "common/clock.h"
#include "config.h"
#include "db/job_repo.h"
#include "domain/job_spec.h"
#include "domain/mediadata.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <strings.h>

enum { POLL_MS = 50 };

struct finish {
	struct upload_turn *turn;
	const cJSON *media; /* NULL: a part, which becomes nothing by itself */
	struct mediadata data;
	struct transfer_put put;
	char sha256[DIGEST_HEX_SIZE], state[SHA256_STATE_SIZE], job_id[RANDOM_UUID_SIZE];
};

static void delete_json(cJSON **json)
{
	cJSON_Delete(*json);
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

const char *upload_pid(const struct upload_row *upload, struct arena *arena)
{
	CLEANUP(delete_json) cJSON *media = upload->media ? cJSON_Parse(upload->media) : NULL;
	const char *pid = text_of(media, "pid");
	return pid ? arena_strdup(arena, pid) : NULL;
}

static int check_sha256(const struct finish *finish, struct error *err)
{
	const char *expected = text_of(finish->media, "sha256");
	if (!expected || strcasecmp(expected, finish->sha256) == 0)
		return 0;
	return error_set(
		err, ERROR_CHECKSUM, "the upload's SHA-256 is %s, not what was announced", finish->sha256);
}

static int resolve(struct finish *finish, struct db_conn *conn, struct error *err)
{
	const cJSON *media = finish->media;
	struct upload_turn *turn = finish->turn;
	bool can_create = cJSON_GetObjectItemCaseSensitive(media, "store_config") != NULL;
	if (can_create && mediadata_resolve(conn, media, turn->row.media, &turn->caller->actor, turn->arena,
				  &finish->data, err))
		return -1;
	finish->put = (struct transfer_put){
		.pid = text_of(media, "pid"),
		.create = can_create ? &finish->data.media : NULL,
		.existing = TRANSFER_ADD_BYTES,
		.if_match = turn->row.if_match,
		.content_type = text_of(media, "content_type"),
		.filename = text_of(media, "filename"),
	};
	return 0;
}

/* In the caller's transaction. */
static int begin_put(struct finish *finish, struct db_conn *conn, struct error *err)
{
	struct upload_turn *turn = finish->turn;
	struct transfer_claim claim;
	if (transfer_claim(conn, &finish->put, 0, &turn->caller->actor, turn->arena, &claim, err))
		return -1;
	random_uuid(finish->job_id);
	struct job_spec spec = {
		.size = turn->received,
		.sha256 = finish->sha256,
		.content_type = finish->put.content_type,
		.spool = turn->row.id,
		.spool_url = spool_url(turn->transfer->parts.spool),
		.actor = turn->caller->actor.name,
	};
	struct job_new job = {
		.id = finish->job_id,
		.kind = JOB_PUT,
		.class = JOB_BACKGROUND,
		.media_pk = claim.media.pk,
		.pid = finish->put.pid,
		.store_pk = claim.media.store.pk,
		.store_key = claim.key,
		.replaces_key = claim.replaces_key,
		.spec = job_spec_print(&spec, turn->arena),
		.request_id = turn->caller->actor.request_id,
	};
	return job_insert(conn, &job, err);
}

static int commit(struct finish *finish, struct db_conn *conn, struct error *err)
{
	struct upload_turn *turn = finish->turn;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err) || (finish->media && begin_put(finish, conn, err)))
		return -1;
	struct upload_progress progress = {
		.id = turn->row.id,
		.before = turn->row.received,
		.received = turn->received,
		.hash = finish->state,
		.length = turn->row.length,
		.finished = true,
		.job = finish->media ? finish->job_id : NULL,
		.lifetime_ms = turn->transfer->parts.config->upload_expiry_ms,
	};
	int advanced = upload_advance(conn, &progress, err);
	if (advanced < 0)
		return -1;
	if (!advanced)
		return error_set(err, ERROR_CONFLICT, "this upload has changed meanwhile");
	return db_commit(&tx, err);
}

int upload_turn_finish(struct upload_turn *turn, struct error *err)
{
	CLEANUP(delete_json) cJSON *media = turn->row.media ? cJSON_Parse(turn->row.media) : NULL;
	struct finish finish = {.turn = turn, .media = media};
	sha256_state_hex(&turn->hash, finish.sha256);
	sha256_state_print(&turn->hash, finish.state);
	if (check_sha256(&finish, err))
		return -1;
	if (media ? spool_file_name(turn->transfer->parts.spool, &turn->file, err)
		  : spool_file_sync(&turn->file, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(turn->transfer, err);
	if (!conn || (media && resolve(&finish, conn, err)) || commit(&finish, conn, err))
		return -1;
	turn->row.received = turn->received;
	turn->row.state = UPLOAD_FINISHED;
	turn->row.hash = arena_strdup(turn->arena, finish.state);
	turn->row.job = media ? arena_strdup(turn->arena, finish.job_id) : NULL;
	return 0;
}

/* NULL: not known. */
static const char *outcome_now(struct transfer *transfer, const char *job_id, struct arena *arena)
{
	static const char *const MEANINGS[] = {
		[JOB_QUEUED] = "PENDING",
		[JOB_RUNNING] = "PENDING",
		[JOB_SUCCEEDED] = "READY",
		[JOB_FAILED] = "FAILED",
		[JOB_DEAD] = "FAILED",
		[JOB_CANCELLED] = "FAILED",
	};
	struct error err;
	struct job_row job;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, &err);
	if (!conn || job_find(conn, job_id, DB_NO_LOCK, arena, &job, &err) != 1)
		return NULL;
	return MEANINGS[job.state];
}

const char *upload_outcome(
	struct transfer *transfer, const struct upload_row *upload, int64_t wait_ms, struct arena *arena)
{
	if (!upload->job)
		return NULL;
	int64_t until = clock_monotonic_ms() + wait_ms;
	for (;;) {
		const char *outcome = outcome_now(transfer, upload->job, arena);
		bool waiting = outcome && strcmp(outcome, "PENDING") == 0;
		if (!waiting || clock_monotonic_ms() >= until)
			return outcome;
		clock_sleep_ms(POLL_MS);
	}
}
