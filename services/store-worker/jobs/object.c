/* SPDX-License-Identifier: MIT */
/* The jobs that move no bytes between services: stat, delete, verify. */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/digest.h"
#include "common/log.h"
#include "store/multipart.h"

#include <strings.h>

int job_hash_object(const struct job *job, struct store *store, const char *key, const char **sha256,
	int64_t *size, struct error *err)
{
	struct hashing_sink sink;
	char hex[DIGEST_HEX_SIZE];
	hashing_sink_init(&sink, job->message->deadline_unix_ms);
	sink.watch = job->watch;
	int result = store_get(store, key, 0, -1, &sink.base, err);
	if (result == 0) {
		hashing_sink_finish(&sink, hex);
		*sha256 = arena_strdup(job->arena, hex);
		*size = sink.count;
	}
	hashing_sink_release(&sink);
	return result;
}

int job_stat(struct job *job, struct error *err)
{
	struct object_info info;
	if (store_stat(job->store, job->message->key, &info, err) != 0)
		return -1;
	job->result->size = info.size;
	job->result->modified_unix_ms = info.modified_unix_ms;
	return 0;
}

bool job_is_repeated(const struct job *job)
{
	return job->again || job->message->attempt > 1;
}

void job_end_leftovers(const struct job *job, struct store *store, const char *key)
{
	struct error err;
	bool needed = job_is_repeated(job) || job->message->kind == JOB_DELETE;
	if (needed && store_takes_parts(store) && store_multipart_abort(store, key, NULL, &err) != 0)
		log_warn("what an upload has left in a bucket stays", LOG_STR("job_id", job->message->id),
			LOG_ERROR(&err));
}

int job_delete(struct job *job, struct error *err)
{
	job_end_leftovers(job, job->store, job->message->key);
	return store_remove(job->store, job->message->key, err);
}

/* The result names the checksum also when it is another than expected. */
int job_verify(struct job *job, struct error *err)
{
	const char *expected = job->message->sha256;
	if (job_hash_object(
		    job, job->store, job->message->key, &job->result->sha256, &job->result->size, err) != 0)
		return -1;
	if (expected && strcasecmp(expected, job->result->sha256) != 0)
		return error_set(err, ERROR_CHECKSUM, "the stored bytes do not match their checksum");
	return 0;
}
