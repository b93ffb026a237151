/* SPDX-License-Identifier: MIT */
#include "domain/jobs.h"

#include "common/arena.h"
#include "common/log.h"
#include "db/delivery_repo.h"
#include "db/job_repo.h"
#include "domain/caller.h"
#include "domain/job_spec.h"
#include "domain/object_key.h"
#include "domain/record.h"
#include "domain/spool.h"
#include "messaging/job_control.h"

#include <string.h>
#include <unistd.h>

int jobs_cancel(struct db_conn *conn, struct spool *spool, struct bus_publisher *publisher,
	const char *job_id, struct error *err)
{
	struct error why;
	if (record_cancel(conn, spool, job_id, err))
		return -1;
	if (publisher && job_control_cancel(publisher, job_id, &why))
		log_warn("no worker was told that a job is cancelled", LOG_STR("job_id", job_id),
			LOG_ERROR(&why));
	return 0;
}

/* --- running again */

static int moved_on(struct error *err)
{
	return error_set(err, ERROR_CONFLICT, "the media has changed since; nothing is left to be done");
}

/* The media waits for the bytes again, under a key of their own: the old one is being deleted. */
static int prepare_put(struct db_conn *conn, struct spool *spool, const struct job_row *job,
	const struct db_actor *actor, struct arena *arena, char key[OBJECT_KEY_SIZE], struct error *err)
{
	struct job_spec spec = job_spec_parse(job->spec, arena);
	struct media_row media;
	if (!spec.spool || access(spool_path(spool, arena, spec.spool), F_OK) != 0)
		return error_set(
			err, ERROR_CONFLICT, "the bytes of this upload were not kept; send them again");
	int found = job->media_pk ? media_find_by_pk(conn, job->media_pk, DB_LOCK, arena, &media, err) : 0;
	if (found < 0)
		return -1;
	object_key_make(job->pid, key);
	if (job->replaces_key)
		return found && strcmp(media.store_key, job->replaces_key) == 0 ? 0 : moved_on(err);
	if (!found || media.status != MEDIA_FAILED || strcmp(media.store_key, job->store_key) != 0)
		return moved_on(err);
	struct media_put put = {.media_pk = media.pk, .store_key = key};
	int begun = media_begin_put(conn, &put, actor, err);
	if (begun < 0)
		return -1;
	return begun ? 0 : moved_on(err);
}

int jobs_rerun(struct db_conn *conn, struct spool *spool, const char *job_id, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct job_row job;
	char key[OBJECT_KEY_SIZE] = "";
	if (db_begin(conn, &tx, err))
		return -1;
	int found = job_find(conn, job_id, DB_LOCK, arena, &job, err);
	if (found <= 0)
		return found ? -1 : error_set(err, ERROR_NOT_FOUND, "no job has this id");
	if (job.state != JOB_DEAD && job.state != JOB_FAILED)
		return error_set(err, ERROR_CONFLICT,
			"this job is %s; only what is dead or failed can be run again",
			job_state_name(job.state));
	if (job.kind == JOB_PUT && prepare_put(conn, spool, &job, &caller->actor, arena, key, err))
		return -1;
	if (job.kind == JOB_DELIVER && delivery_reopen(conn, job_id, err))
		return -1;
	int queued = job_rerun(conn, job_id, *key ? key : NULL, err);
	if (queued <= 0)
		return queued ? -1 : error_set(err, ERROR_CONFLICT, "this job has changed meanwhile");
	return db_commit(&tx, err);
}
