/* SPDX-License-Identifier: MIT */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

/*
 * What a worker does when it is asked to: one function per kind of job, listed in the table of jobs.c. Jobs
 * are safe to repeat, since the broker delivers at least once. A function returns 0 with the result filled,
 * or -1 with the error; what both share is jobs_run()'s.
 */

#include "common/error.h"
#include "schemas/job_message.h"
#include "store/store.h"

struct arena;
struct http_client;
struct store_cache;
struct url_list;

enum { JOB_INLINE_LIMIT = 1024 * 1024 /* whatever a job says */ };

/* Of all jobs of a process; nothing in it changes. */
struct job_environment {
	struct store_cache *stores;
	struct http_client *http;
	const struct url_list *sources;  /* what may be fetched on somebody's behalf */
	struct http_client *strangers;   /* for it: connects to no address that they do not allow */
	int64_t source_max;              /* bytes of it */
	struct http_client *webhooks;    /* connects only where webhooks may lead */
	int64_t webhook_timeout_ms;      /* of one attempt */
	const unsigned char *secret_key; /* SEAL_KEY_SIZE: of their secrets */
	const char *worker;              /* this instance, for people */
	const char *holder;              /* this process, as the holder of RAM stores */
	const char *spool_dir;           /* NULL: none that is shared with the gateways */
	const char *bytes_url;           /* "http://host:port/internal/bytes/", a ticket follows */
	const char *service_key;         /* signs tickets */
	int64_t stall_timeout_ms;
	int64_t read_back_max; /* bytes up to which what was put is read again and compared */
};

/* One job; the arena lives until its result has been published. */
struct job {
	const struct job_environment *environment;
	struct arena *arena;
	const struct job_message *message;
	const char *traceparent;      /* NULL: none */
	bool again;                   /* the broker has handed it out before */
	struct transfer_watch *watch; /* NULL: nobody watches it */
	struct store *store;          /* of the message's descriptor, open */
	struct result_message *result;
};

/* Runs the job and fills the result, whatever comes of it. Writes the job's log line. job->store and
 * job->result are set here. */
void jobs_run(struct job *job, struct result_message *result);

MUST_CHECK int job_put(struct job *job, struct error *err);
MUST_CHECK int job_get(struct job *job, struct error *err);
MUST_CHECK int job_stat(struct job *job, struct error *err);
MUST_CHECK int job_delete(struct job *job, struct error *err);
MUST_CHECK int job_copy(struct job *job, struct error *err);
MUST_CHECK int job_verify(struct job *job, struct error *err);
MUST_CHECK int job_list(struct job *job, struct error *err);
MUST_CHECK int job_multipart(struct job *job, struct error *err);
MUST_CHECK int job_deliver(struct job *job, struct error *err); /* no work on a store: job->store is NULL */

/* Reads an object whole: its SHA-256 (hex, in the arena) and size. */
MUST_CHECK int job_hash_object(const struct job *job, struct store *store, const char *key,
	const char **sha256, int64_t *size, struct error *err);

/* Whether a run before this one may have done some of it. */
bool job_is_repeated(const struct job *job);
/* Ends what an earlier run of the job may have begun under that key: then nobody uploads to it any more. */
void job_end_leftovers(const struct job *job, struct store *store, const char *key);

#endif
