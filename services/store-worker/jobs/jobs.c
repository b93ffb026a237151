/* SPDX-License-Identifier: MIT */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "metrics.h"
#include "store/cache.h"

/* The job table. Two kinds are no work on a store: `deliver`, and `hold`, which the consumer of the RAM queues answers
 * (holder.h). */
static const struct {
	enum job_kind kind;
	int (*run)(struct job *job, struct error *err);
} JOBS[] = {
	{JOB_PUT, job_put},
	{JOB_GET, job_get},
	{JOB_STAT, job_stat},
	{JOB_DELETE, job_delete},
	{JOB_COPY, job_copy},
	{JOB_VERIFY, job_verify},
	{JOB_LIST, job_list},
	{JOB_MULTIPART, job_multipart},
};

static int run_on_store(struct job *job, struct error *err)
{
	for (size_t i = 0; i < sizeof(JOBS) / sizeof(JOBS[0]); i++) {
		if (JOBS[i].kind != job->message->kind)
			continue;
		struct store_cache *stores = job->environment->stores;
		if (store_cache_acquire(stores, &job->message->store, &job->store, err) != 0)
			return -1;
		int result = JOBS[i].run(job, err);
		store_cache_release(stores, job->store);
		job->store = NULL;
		return result;
	}
	return error_set(err, ERROR_UNSUPPORTED, "this worker does not do jobs of kind %s",
		job_kind_name(job->message->kind));
}

static int run(struct job *job, struct error *err)
{
	int64_t deadline = job->message->deadline_unix_ms;
	if (job->watch && job->watch->cancelled)
		return error_set(err, ERROR_CANCELLED, "the job was cancelled");
	if (deadline && clock_unix_ms() >= deadline)
		return error_set_cause(err, ERROR_DEADLINE, "the job came after its deadline");
	return job->message->kind == JOB_DELIVER ? job_deliver(job, err) : run_on_store(job, err);
}

static void record_error(const struct job *job, const struct error *err)
{
	struct result_message *result = job->result;
	result->code = err->code;
	result->retryable = error_is_retryable(err->code);
	result->message = arena_strdup(job->arena, err->message);
	result->cause = err->cause[0] ? arena_strdup(job->arena, err->cause) : NULL;
	result->inline_bytes = NULL;
	result->url = NULL;
}

/* Whose memory has the bytes now: where they were stored is what a copy is about. */
static const char *holder_of(const struct job *job)
{
	const struct job_message *message = job->message;
	const struct store_descriptor *store = message->kind == JOB_COPY ? &message->to : &message->store;
	return store->type == STORE_DICT ? job->environment->holder : NULL;
}

static void count(const struct result_message *result)
{
	metric_add(result->code == ERROR_NONE ? &jobs_done : &jobs_failed, result->kind, 1);
	metric_observe_ms(&job_duration, result->kind, result->elapsed_ms);
	if (result->code == ERROR_NONE && result->kind == JOB_PUT)
		metric_add(&job_bytes_in, 0, result->size);
	if (result->inline_bytes)
		metric_add(&job_bytes_out, 0, (int64_t)result->inline_length);
}

static void write_log(const struct job *job)
{
	const struct job_message *message = job->message;
	const struct result_message *result = job->result;
	log_at(result->code == ERROR_NONE ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "job",
		LOG_STR("job_id", message->id), LOG_STR("request_id", message->request_id),
		LOG_STR("pid", message->pid), LOG_INT("store", message->store.pk),
		LOG_STR("op", job_kind_name(message->kind)), LOG_INT("attempt", message->attempt),
		LOG_INT("size", result->size), LOG_INT("ms", result->elapsed_ms),
		LOG_STR("code", error_wire_name(result->code)), LOG_STR("message", result->message),
		LOG_STR("cause", result->cause), LOG_STR("traceparent", job->traceparent));
}

void jobs_run(struct job *job, struct result_message *result)
{
	const struct job_message *message = job->message;
	int64_t begun = clock_monotonic_ms();
	struct error err;
	*result = (struct result_message){
		.job_id = message->id,
		.kind = message->kind,
		.attempt = message->attempt,
		.worker = job->environment->worker,
		.code = ERROR_NONE,
		.size = -1,
		.holder = holder_of(job),
	};
	job->result = result;
	job->store = NULL;
	if (run(job, &err) != 0)
		record_error(job, &err);
	result->elapsed_ms = clock_monotonic_ms() - begun;
	count(result);
	write_log(job);
}
