/* SPDX-License-Identifier: MIT */
#include "domain/record_copy.h"

#include "common/arena.h"
#include "db/media_move.h"
#include "db/store_repo.h"
#include "domain/copies.h"

#include <inttypes.h>
#include <string.h>

/* --- steps */

int record_copy_step(struct record *record, struct error *err)
{
	if (record->job.kind != JOB_COPY && record->job.kind != JOB_MOVE)
		return 0;
	const char *next = copies_next_phase(&record->spec, record->result->kind);
	if (!next)
		return 0;
	struct job_spec spec = record->spec;
	spec.phase = next;
	spec.source_url = record->result->url;
	record->outcome = RECORD_POSTPONED;
	return job_continue(record->conn, record->job.id, record->job.attempt, 0,
		       job_spec_print(&spec, record->arena), err) < 0
		       ? -1
		       : 1;
}

int record_copy_restart(struct record *record, struct error *err)
{
	if ((record->job.kind != JOB_COPY && record->job.kind != JOB_MOVE) || !record->spec.phase)
		return 0;
	record->spec.phase = record->spec.source_url = NULL;
	return job_set_spec(record->conn, record->job.id, job_spec_print(&record->spec, record->arena), err) <
			       0
		       ? -1
		       : 0;
}

/* --- ends */

/* Where the bytes are now is in a process's memory only if the target is. */
static int target_holder(struct record *record, const char **holder, struct error *err)
{
	struct store_descriptor to;
	*holder = NULL;
	int found = store_find(record->conn, record->job.to_store_pk, record->arena, &to, err);
	if (found == 1 && to.type == STORE_DICT)
		*holder = record->result->holder;
	return found < 0 ? -1 : 0;
}

static int delete_target(struct record *record, int64_t delay_ms, struct error *err)
{
	return record_delete(record, record->job.to_store_pk, record->job.to_key, delay_ms, err);
}

int record_copy_done(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	struct media_bytes bytes = {
		.media_pk = job->media_pk,
		.expected_key = job->to_key,
		.store_key = job->to_key,
		.size = record->spec.size,
		.sha256 = record->spec.sha256,
		.crc32c = record->spec.crc32c,
		.md5 = record->spec.md5,
	};
	if (target_holder(record, &bytes.holder, err))
		return -1;
	int attached = media_finish_put(record->conn, &bytes, &record->actor, err);
	if (attached < 0)
		return -1;
	record->outcome = attached ? RECORD_DONE : RECORD_SUPERSEDED;
	return attached ? 0 : delete_target(record, 0, err);
}

int record_copy_failed(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	if (media_fail_put(record->conn, job->media_pk, job->to_key, &record->actor, err) < 0)
		return -1;
	return delete_target(record, RECORD_GRACE_MS, err);
}

static struct media_object object_of(const struct record *record)
{
	const struct job_row *job = &record->job;
	return (struct media_object){job->media_pk, job->store.pk, job->store_key, record->spec.sha256};
}

/* The media names the new place, and the old object goes once its last readers are done, in one transaction.
 * Whoever has changed the media meanwhile has come first. */
int record_move_done(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	const struct media_object object = object_of(record);
	const char *holder;
	struct error why;
	if (target_holder(record, &holder, err))
		return -1;
	int moved =
		media_move(record->conn, &object, job->to_store_pk, job->to_key, holder, &record->actor, err);
	if (moved < 0)
		return -1;
	record->outcome = moved ? RECORD_DONE : RECORD_FAILED;
	if (moved)
		return job_succeed(record->conn, job->id, job->attempt, NULL, err) < 0
			       ? -1
			       : record_delete(record, job->store.pk, job->store_key, RECORD_GRACE_MS, err);
	error_set(&why, ERROR_CONFLICT,
		"the media has changed while its bytes were moved: it stays where it is");
	record->failure = why;
	return job_fail(record->conn, job->id, job->attempt, &why, err) < 0 ? -1
									    : delete_target(record, 0, err);
}

/* The source was not what the row says: somebody has to look. */
static int doubt_source(struct record *record, struct error *err)
{
	struct media_row media;
	if (record->failure.code != ERROR_NOT_FOUND && record->failure.code != ERROR_CHECKSUM)
		return 0;
	int found =
		media_find_by_pk(record->conn, record->job.media_pk, DB_NO_LOCK, record->arena, &media, err);
	if (found <= 0)
		return found;
	bool same =
		media.store.pk == record->job.store.pk && strcmp(media.store_key, record->job.store_key) == 0;
	return same ? copies_doubt(record->conn, &media, &record->actor, record->arena, err) : 0;
}

int record_move_failed(struct record *record, struct error *err)
{
	return doubt_source(record, err) ? -1 : delete_target(record, RECORD_GRACE_MS, err);
}

/* --- verifications */

static const char *verdict_of(const struct record *record, bool fits, enum media_status *status)
{
	enum error_code code = record->result->code;
	if (code == ERROR_NONE && fits) {
		*status = MEDIA_READY;
		return "intact";
	}
	if (code == ERROR_NONE || code == ERROR_CHECKSUM) {
		*status = MEDIA_CORRUPT;
		return "corrupt";
	}
	*status = MEDIA_LOST;
	return code == ERROR_NOT_FOUND ? "missing" : NULL;
}

int record_fixity(struct record *record, bool fits, struct error *err)
{
	const struct job_row *job = &record->job;
	enum media_status status;
	if (job->kind != JOB_VERIFY || !record->spec.phase || strcmp(record->spec.phase, COPIES_FIXITY) != 0)
		return 0;
	const char *verdict = verdict_of(record, fits, &status);
	if (!verdict)
		return 0;
	const struct media_object object = object_of(record);
	const char *holder = status == MEDIA_READY ? record->result->holder : NULL;
	const char *text = arena_printf(record->arena, "{\"verdict\":\"%s\",\"size\":%" PRId64 "%s%.64s%s}",
		verdict, record->result->size, record->result->sha256 ? ",\"sha256\":\"" : "",
		record->result->sha256 ? record->result->sha256 : "", record->result->sha256 ? "\"" : "");
	if (media_note_fixity(record->conn, &object, status, holder, &record->actor, err) < 0 ||
		job_succeed(record->conn, job->id, job->attempt, text, err) < 0)
		return -1;
	record->outcome = RECORD_DONE;
	return 1;
}
