/* SPDX-License-Identifier: MIT */
#include "domain/audits.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/random.h"
#include "db/audit_repo.h"
#include "db/store_repo.h"
#include "domain/job_spec.h"
#include "domain/record_parts.h"
#include "domain/retry.h"

#include <string.h>

enum {
	PAGE_OBJECTS = 5000,
	GRACE_MS = 3600 * 1000, /* an object that young may belong to an upload that is under way */
};

int audits_begin(struct db_conn *conn, const struct audit_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	struct store_descriptor store;
	int found = store_find(conn, wish->store_pk, arena, &store, err);
	if (found <= 0)
		return found ? -1 : error_set(err, ERROR_NOT_FOUND, "no store has this pk");
	random_uuid(id);
	struct job_spec spec = {
		.size = -1,
		.actor = caller->actor.name,
		.cursor = "",
		.phase = wish->content ? "content" : NULL,
		.bytes_per_second = wish->bytes_per_second,
		.objects_per_second = wish->objects_per_second,
	};
	struct job_new job = {
		.id = id,
		.kind = JOB_AUDIT,
		.class = JOB_BACKGROUND,
		.store_pk = wish->store_pk,
		.max_attempts = retry_attempts(JOB_AUDIT),
		.spec = job_spec_print(&spec, arena),
		.request_id = caller->actor.request_id,
	};
	if (job_insert(conn, &job, err)) {
		if (err->code == ERROR_CONFLICT)
			error_set(err, ERROR_CONFLICT, "this store is being audited already");
		return -1;
	}
	*job_id = arena_strdup(arena, id);
	return 0;
}

void audits_compose(const struct job_spec *spec, struct job_message *message)
{
	message->kind = JOB_LIST;
	message->page = (struct job_page){
		.after = spec->cursor ? spec->cursor : "",
		.limit = PAGE_OBJECTS,
		.hash = spec->phase != NULL,
		.bytes_per_second = spec->bytes_per_second,
		.objects_per_second = spec->objects_per_second,
	};
}

int audits_record(struct record *record, struct error *err)
{
	const struct job_row *job = &record->job;
	const struct result_message *result = record->result;
	const char *counts;
	if (result->kind != JOB_LIST || !result->inline_bytes)
		return 0; /* not what was asked for */
	const struct audit_page page = {
		.job_id = job->id,
		.store_pk = job->store.pk,
		.after = record->spec.cursor ? record->spec.cursor : "",
		.last = result->next,
		.objects = arena_memdup(record->arena, result->inline_bytes, result->inline_length),
		.begun_unix_ms = job->begun_unix_ms,
		.grace_ms = GRACE_MS,
	};
	if (audit_note_page(record->conn, &page, record->arena, &counts, err))
		return -1;
	record->outcome = result->next ? RECORD_POSTPONED : RECORD_DONE;
	if (!result->next)
		return job_succeed(record->conn, job->id, job->attempt, counts, err) < 0 ? -1 : 0;
	struct job_spec spec = record->spec;
	spec.cursor = result->next;
	return job_continue(
		       record->conn, job->id, job->attempt, 0, job_spec_print(&spec, record->arena), err) < 0
		       ? -1
		       : 0;
}
