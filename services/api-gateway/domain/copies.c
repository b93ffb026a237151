/* SPDX-License-Identifier: MIT */
#include "domain/copies.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/random.h"
#include "db/media_move.h"
#include "db/store_repo.h"
#include "domain/entity_tag.h"
#include "domain/identifier_types.h"
#include "domain/job_spec.h"
#include "domain/object_key.h"
#include "domain/retry.h"
#include "domain/store_choices.h"
#include "schemas/bus_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TICKET_MS = 24 * 3600 * 1000 };

static const char PULL[] = "pull", COMPARE[] = "compare";
const char COPIES_FIXITY[] = "fixity";

/* --- beginning */

static bool is_wanted(const char *if_match, const struct media_row *media)
{
	char version[32], content[80];
	snprintf(version, sizeof(version), "\"%" PRId64 "\"", media->version);
	snprintf(content, sizeof(content), "\"%.64s\"", media->sha256 ? media->sha256 : "");
	return !if_match || entity_tag_in_list_strongly(if_match, version) ||
	       entity_tag_in_list_strongly(if_match, content);
}

/* Locks the media. */
static int find(struct db_conn *conn, const struct copy_wish *wish, struct arena *arena,
	struct media_row *out, struct error *err)
{
	int found = media_find(conn, wish->pid, DB_LOCK, arena, out, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	if (!is_wanted(wish->if_match, out))
		return error_set(err, ERROR_PRECONDITION_FAILED,
			"the media has another version, or other content, than If-Match names");
	return 0;
}

static int find_ready(struct db_conn *conn, const struct copy_wish *wish, struct arena *arena,
	struct media_row *out, struct error *err)
{
	if (find(conn, wish, arena, out, err))
		return -1;
	if (out->status != MEDIA_READY)
		return error_set(
			err, ERROR_CONFLICT, "this media is %s, not READY", media_status_name(out->status));
	return 0;
}

static int find_store(struct db_conn *conn, const struct copy_wish *wish, const struct media_row *media,
	const struct db_actor *actor, struct arena *arena, const struct store_descriptor **out,
	struct error *err)
{
	*out = &media->store;
	if (!wish->store_config)
		return 0;
	return store_choices_resolve(store_choices_create(arena, actor), conn, wish->store_config, out, err);
}

static int insert(struct db_conn *conn, struct job_new job, const struct media_row *media, const char *phase,
	const struct db_actor *actor, struct arena *arena, const char **job_id, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	struct job_spec spec = {
		.size = media->size,
		.sha256 = media->sha256,
		.crc32c = media->crc32c,
		.md5 = media->md5,
		.content_type = media->content_type,
		.phase = phase,
		.actor = actor->name,
	};
	job.id = id;
	job.class = JOB_BACKGROUND;
	job.store_pk = media->store.pk;
	job.store_key = media->store_key;
	job.max_attempts = retry_attempts(job.kind);
	job.spec = job_spec_print(&spec, arena);
	job.request_id = actor->request_id;
	if (job_insert(conn, &job, err))
		return -1;
	*job_id = arena_strdup(arena, id);
	return 0;
}

static int check_new_pid(struct db_conn *conn, const struct copy_wish *wish, const struct media_row *source,
	struct arena *arena, struct error *err)
{
	struct identifier_names *names = identifier_names_create(arena);
	struct identifier_types *types;
	const char *type = wish->new_pid_type ? wish->new_pid_type : source->pid_type;
	identifier_names_add(names, type);
	return identifier_names_load(names, conn, &types, err)
		       ? -1
		       : identifier_types_check(types, "pid_type", type, wish->new_pid, err);
}

int copies_copy(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct media_row source;
	const struct store_descriptor *store;
	char key[OBJECT_KEY_SIZE];
	int64_t pk = 0;
	object_key_make(wish->new_pid, key);
	if (db_begin(conn, &tx, err) || find_ready(conn, wish, arena, &source, err) ||
		check_new_pid(conn, wish, &source, arena, err) ||
		find_store(conn, wish, &source, &caller->actor, arena, &store, err))
		return -1;
	const struct media_copy copy = {source.pk, wish->new_pid, wish->new_pid_type, store->pk, key};
	if (media_copy_row(conn, &copy, &caller->actor, &pk, err) < 0)
		return -1;
	struct job_new job = {.kind = JOB_COPY,
		.media_pk = pk,
		.pid = wish->new_pid,
		.to_store_pk = store->pk,
		.to_key = key};
	if (insert(conn, job, &source, NULL, &caller->actor, arena, job_id, err))
		return -1;
	return db_commit(&tx, err);
}

int copies_move(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct media_row media;
	const struct store_descriptor *store;
	char key[OBJECT_KEY_SIZE];
	object_key_make(wish->pid, key);
	if (db_begin(conn, &tx, err) || find_ready(conn, wish, arena, &media, err) ||
		find_store(conn, wish, &media, &caller->actor, arena, &store, err))
		return -1;
	if (store->pk == media.store.pk)
		return error_set(err, ERROR_CONFLICT, "this media is in that store");
	struct job_new job = {.kind = JOB_MOVE,
		.media_pk = media.pk,
		.pid = media.pid,
		.to_store_pk = store->pk,
		.to_key = key};
	if (insert(conn, job, &media, NULL, &caller->actor, arena, job_id, err))
		return -1;
	return db_commit(&tx, err);
}

static int verify(struct db_conn *conn, const struct media_row *media, const struct db_actor *actor,
	struct arena *arena, const char **job_id, struct error *err)
{
	struct job_new job = {.kind = JOB_VERIFY, .media_pk = media->pk, .pid = media->pid};
	return insert(conn, job, media, COPIES_FIXITY, actor, arena, job_id, err);
}

int copies_verify(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct media_row media;
	if (db_begin(conn, &tx, err) || find(conn, wish, arena, &media, err))
		return -1;
	if (media.status == MEDIA_PENDING || media.status == MEDIA_FAILED || !media.sha256)
		return error_set(err, ERROR_CONFLICT, "this media is %s: there is nothing to be compared",
			media_status_name(media.status));
	if (verify(conn, &media, &caller->actor, arena, job_id, err))
		return -1;
	return db_commit(&tx, err);
}

int copies_doubt(struct db_conn *conn, const struct media_row *media, const struct db_actor *actor,
	struct arena *arena, struct error *err)
{
	const char *job_id;
	return media->sha256 ? verify(conn, media, actor, arena, &job_id, err) : 0;
}

/* --- the steps */

const char *copies_next_phase(const struct job_spec *spec, enum job_kind done)
{
	if (!spec->phase && done == JOB_GET)
		return PULL;
	return spec->phase && strcmp(spec->phase, PULL) == 0 && done == JOB_PUT ? COMPARE : NULL;
}

/* At the target: nothing there knows where the bytes come from. */
static void compose_at_target(const struct job_spec *spec, const struct store_descriptor *to,
	const struct job_row *job, struct job_message *message)
{
	bool pulls = strcmp(spec->phase, PULL) == 0;
	message->kind = pulls ? JOB_PUT : JOB_VERIFY;
	message->store = *to;
	message->key = job->to_key;
	if (pulls)
		message->source.url = spec->source_url;
}

int copies_compose(struct db_conn *conn, const struct job_row *job, const struct job_spec *spec,
	struct arena *arena, struct job_message *message, struct error *err)
{
	struct store_descriptor to;
	int found = job->to_store_pk ? store_find(conn, job->to_store_pk, arena, &to, err) : 0;
	if (found < 0)
		return -1;
	if (!found || !job->store.bucket)
		return error_set(err, ERROR_NOT_FOUND, "a store of this job was deleted");
	if (spec->phase) {
		compose_at_target(spec, &to, job, message);
		return 0;
	}
	message->kind = JOB_COPY;
	message->to = to;
	message->to_key = job->to_key;
	if (bus_reaches_both(&job->store, &to))
		return 0;
	message->kind = JOB_GET; /* with inline_max 0: a ticket, which lives as long as this says */
	message->deadline_unix_ms = clock_unix_ms() + TICKET_MS;
	message->to = (struct store_descriptor){0};
	message->to_key = NULL;
	return 0;
}
