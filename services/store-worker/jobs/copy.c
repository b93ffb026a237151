/* SPDX-License-Identifier: MIT */
/* copy: from one store to another through a bounded pipe, hashed on the way and read back from the target; between files of
 * one file system without writing, where that can be. */
#include "jobs/jobs.h"

#include "common/cleanup.h"
#include "store/cache.h"
#include "store/pulled_source.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { PEER_PATIENCE = 4 /* times the stall timeout */ };

struct origin {
	struct store *store;
	const char *key;
};

static int push_object(void *context, struct sink *sink, struct error *err)
{
	struct origin *origin = context;
	return store_get(origin->store, origin->key, 0, -1, sink, err);
}

/* Puts the object into the target, and says what passed. */
static int transfer(struct job *job, struct store *target, int64_t size, char sha256[65], struct error *err)
{
	const struct job_message *message = job->message;
	struct origin origin = {job->store, message->key};
	struct pulled_source pulled;
	struct hashing_source hashing;
	pulled_source_init(
		&pulled, push_object, &origin, size, PEER_PATIENCE * job->environment->stall_timeout_ms);
	CLEANUP(cleanup_fd) int file = store_open_file(job->store, message->key);
	if (file >= 0)
		pulled.base.file = &file;
	hashing_source_init(&hashing, &pulled.base, message->sha256, message->deadline_unix_ms);
	hashing.watch = job->watch;
	int result = store_put(target, message->to_key, &hashing.base, message->content_type, err);
	memcpy(sha256, hashing.sha256, sizeof(hashing.sha256));
	hashing_source_release(&hashing);
	pulled_source_release(&pulled);
	return result;
}

/* Reads the target back. What is not what passed is removed again. */
static int read_back(struct job *job, struct store *target, const char *passed, struct error *err)
{
	if (job_hash_object(
		    job, target, job->message->to_key, &job->result->sha256, &job->result->size, err) != 0)
		return error_prefix(err, "reading the copy back: ");
	if (strcasecmp(passed, job->result->sha256) == 0)
		return 0;
	struct error removal;
	if (store_remove(target, job->message->to_key, &removal) != 0)
		return error_set_cause(
			err, ERROR_CHECKSUM, "the copy differs and stays: %s", removal.message);
	return error_set_cause(err, ERROR_CHECKSUM, "the copy differed and was removed");
}

static bool is_same_object(const struct job_message *message)
{
	return message->store.pk == message->to.pk && strcmp(message->key, message->to_key) == 0;
}

static int copy_to(struct job *job, struct store *target, struct error *err)
{
	char passed[65];
	struct object_info info;
	if (store_stat(job->store, job->message->key, &info, err) != 0)
		return -1;
	if (job->watch)
		job->watch->total = 2 * info.size; /* there, and back to be compared */
	if (transfer(job, target, info.size, passed, err) != 0)
		return -1;
	return read_back(job, target, passed, err);
}

int job_copy(struct job *job, struct error *err)
{
	if (is_same_object(job->message))
		return job_verify(job, err);
	struct store *target;
	if (store_cache_acquire(job->environment->stores, &job->message->to, &target, err) != 0)
		return error_prefix(err, "the target: ");
	job_end_leftovers(job, target, job->message->to_key);
	int result = copy_to(job, target, err);
	store_cache_release(job->environment->stores, target);
	return result;
}
