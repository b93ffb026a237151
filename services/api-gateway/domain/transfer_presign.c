/* SPDX-License-Identifier: MIT */
/*
 * Presigned transfers: no worker sees the bytes, and nobody tells us when the client has put them. A
 * durable job, the watch, looks after every presigned PUT until it has been verified or its URL has
 * expired.
 */
#include "domain/transfer_parts.h"

#include "common/arena.h"
#include "common/clock.h"
#include "config.h"
#include "db/job_repo.h"
#include "domain/job_spec.h"
#include "domain/presign.h"
#include "domain/record.h"
#include "messaging/job_post.h"

#include <strings.h>

enum { FIRST_LOOK_MS = 5000, WATCH_ATTEMPTS = 1000000 };

int transfer_begin_watch(struct db_conn *conn, const struct transfer_claim *claim,
	const struct transfer_presign *wanted, int64_t expires_unix_ms, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	struct job_spec spec = {.size = wanted->size,
		.sha256 = wanted->sha256,
		.actor = caller->actor.name,
		.expires_unix_ms = expires_unix_ms};
	struct job_new job = {
		.id = id,
		.kind = JOB_VERIFY,
		.class = JOB_BACKGROUND,
		.media_pk = claim->media.pk,
		.pid = claim->media.pid,
		.store_pk = claim->media.store.pk,
		.store_key = claim->key,
		.max_attempts = WATCH_ATTEMPTS,
		.delay_ms = FIRST_LOOK_MS,
		.spec = job_spec_print(&spec, arena),
		.request_id = caller->actor.request_id,
	};
	return job_insert(conn, &job, err);
}

int transfer_presign_put(struct transfer *transfer, const struct transfer_put *put,
	const struct transfer_presign *wanted, const struct caller *caller, struct arena *arena,
	const char **url, struct error *err)
{
	int64_t expires = clock_unix_ms() + wanted->expiry_ms;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn)
		return -1;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct transfer_claim claim;
	if (db_begin(conn, &tx, err) ||
		transfer_claim(conn, put, expires, &caller->actor, arena, &claim, err) ||
		presign_url(transfer->parts.secret_key, &claim.media.store, "PUT", claim.key,
			wanted->expiry_ms, NULL, arena, url, err) ||
		transfer_begin_watch(conn, &claim, wanted, expires, caller, arena, err))
		return -1;
	return db_commit(&tx, err);
}

int transfer_presign_get(struct transfer *transfer, const struct media_row *media,
	const struct transfer_presign *wanted, struct arena *arena, const char **url, struct error *err)
{
	return presign_url(transfer->parts.secret_key, &media->store, "GET", media->store_key,
		wanted->expiry_ms, wanted->query, arena, url, err);
}

int transfer_verify(struct transfer *transfer, const struct media_row *media, const struct caller *caller,
	struct arena *arena, struct bus_delivery **delivery, struct result_message *result, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	struct job_message job = {
		.id = id,
		.kind = JOB_VERIFY,
		.class = JOB_STREAM,
		.attempt = 1,
		.request_id = caller->actor.request_id,
		.pid = media->pid,
		.deadline_unix_ms = clock_unix_ms() + transfer->parts.config->transfer_deadline_ms,
		.store = media->store,
		.key = media->store_key,
		.size = -1,
		.range_last = -1,
	};
	return job_post_and_wait(
		transfer->parts.post, &job, caller->traceparent, arena, delivery, result, err);
}

static int make_ready(struct transfer *transfer, const struct media_row *media,
	const struct result_message *result, const struct caller *caller, struct error *err)
{
	struct media_bytes bytes = {
		.media_pk = media->pk,
		.expected_key = media->store_key,
		.store_key = media->store_key,
		.size = result->size,
		.sha256 = result->sha256,
		.holder = result->holder,
	};
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn)
		return -1;
	int finished = media_finish_put(conn, &bytes, &caller->actor, err);
	if (finished < 0)
		return -1;
	return finished ? 0 : error_set(err, ERROR_CONFLICT, "another change of this media came first");
}

/* What the client has said it would put, when it asked for the URL. */
static int check_announced(struct transfer *transfer, const struct media_row *media,
	const struct result_message *result, struct arena *arena, struct error *err)
{
	struct job_row watch;
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	int found = conn ? job_find_watch(conn, media->pk, media->store_key, arena, &watch, err) : -1;
	if (found <= 0)
		return found;
	struct job_spec spec = job_spec_parse(watch.spec, arena);
	if (spec.size >= 0 && spec.size != result->size)
		return error_set(err, ERROR_CHECKSUM, "there are %lld bytes, not the %lld announced",
			(long long)result->size, (long long)spec.size);
	if (spec.sha256 && result->sha256 && strcasecmp(spec.sha256, result->sha256) != 0)
		return error_set(
			err, ERROR_CHECKSUM, "the SHA-256 of the bytes there is not the one announced");
	return 0;
}

int transfer_complete(struct transfer *transfer, const struct media_row *media, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	if (media->status == MEDIA_READY)
		return 0;
	if (media->status == MEDIA_FAILED) /* whatever is there is about to be removed */
		return error_set(
			err, ERROR_CONFLICT, "the upload of this media has failed: it is to be sent again");
	struct bus_delivery *delivery;
	struct result_message result;
	if (transfer_verify(transfer, media, caller, arena, &delivery, &result, err))
		return -1;
	int made = -1;
	if (result.code == ERROR_NONE)
		made = check_announced(transfer, media, &result, arena, err)
			       ? -1
			       : make_ready(transfer, media, &result, caller, err);
	else if (result.code == ERROR_NOT_FOUND)
		error_set(err, ERROR_CONFLICT, "the bytes of this media are not there yet");
	else
		error_set(err, result.code, "%s", result.message ? result.message : "the store failed");
	bus_delivery_settle(delivery, BUS_ACK);
	return made;
}
