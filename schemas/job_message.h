/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_JOB_MESSAGE_H
#define SCHEMAS_JOB_MESSAGE_H

/*
 * The job that a gateway sends to store-workers, on the wire a msgpack map as schemas/amqp/job.json says.
 * Unpacked strings are lent by the arena; the inline bytes by the message body, which must stay. Unknown
 * fields are ignored. Beyond the schema, unpacking checks what a kind needs: a key (all but list, hold), a
 * source (put), to and to_key (copy), multipart (multipart), and for a BucketStore s3_url, s3_access_key and s3_secret_sealed.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum job_kind {
	JOB_PUT,
	JOB_GET,
	JOB_STAT,
	JOB_DELETE,
	JOB_COPY,
	JOB_VERIFY,
	JOB_LIST,
	JOB_MOVE,      /* rows only: its messages are copies and so on */
	JOB_AUDIT,     /* rows only: its messages are lists */
	JOB_MULTIPART, /* a step of an upload whose parts a client sends */
	JOB_DELIVER,   /* of an event to a webhook: no work on a store */
	JOB_HOLD       /* RAM: see holder below */
};
enum job_step { STEP_BEGIN, STEP_LIST, STEP_COMPLETE, STEP_ABORT };
enum job_class { JOB_QUICK, JOB_STREAM, JOB_BACKGROUND };

enum store_type {
	STORE_BUCKET,
	STORE_FILESYSTEM,
	STORE_HASHDIR,
	STORE_SQLITE,
	STORE_ZIP,
	STORE_DICT,
	STORE_TYPE_COUNT
};

/* "BucketStore" ... */
const char *store_type_name(enum store_type type);
/* Whether an object under an existing key can be replaced, and removed: not in a ZipStore. */
bool store_type_replaces(enum store_type type);
bool store_type_deletes(enum store_type type);
/* -1: no such type */
int store_type_from_name(const char *name);
const char *job_kind_name(enum job_kind kind);    /* "put" ... */
const char *job_class_name(enum job_class class); /* "quick" ... */

/* What a worker needs to open a store. */
struct store_descriptor {
	int64_t pk;
	enum store_type type;
	const char *
		bucket; /* BucketStore: the bucket's name; path stores: a path below MEDIASTORE_STORE_ROOT; DictStore: any name */
	const char *site;
	const char *s3_url, *s3_region, *s3_access_key; /* BucketStore only, else NULL */
	const char *s3_secret_sealed;                   /* seal.h, context "s3_config:" + s3_url */
};

enum { JOB_BLOCK_SIZE = 8 << 20, JOB_BLOCK_SUM_SIZE = 32 };

/* Where a put's bytes are: inline, at a path and url, or to be fetched. */
struct job_source {
	const void *inline_bytes; /* with inline_length; not NULL when inline, even for 0 bytes */
	size_t inline_length;
	/* A spool file, when the worker shares the directory; url is then set too, for workers that do not see it. */
	const char *path;
	/* The state (file_id.h) of the file at path in which it was read and had size and sha256; NULL: it was not. */
	const char *compared;
	/* The SHA-256, JOB_BLOCK_SUM_SIZE bytes, of each JOB_BLOCK_SIZE bytes of that file; NULL: unknown. */
	const void *blocks;
	size_t blocks_length;
	const char *url; /* ticket on a gateway, or presigned by one */
	const char *
		fetch; /* URL of somebody else's, to be read if the worker's settings allow it; with url only where that is presigned for it */
};

/* Which objects a list tells of. */
struct job_page {
	const char *after;                            /* only keys after that one, by bytes; "": all */
	int64_t limit;                                /* objects; the worker may give fewer */
	bool hash;                                    /* each is read, and its SHA-256 told */
	int64_t bytes_per_second, objects_per_second; /* no faster than that; 0: as fast as it goes */
};

/* What is to be done with an upload in parts. */
struct job_multipart {
	enum job_step step;
	const char
		*upload_id; /* what the store calls it; "": begin has none; abort: all uploads of the key */
};

/* Where a deliver goes. The secrets are sealed (seal.h) with the context "webhook:" + seal_id. */
struct job_webhook {
	const char *url;
	const char *message_id; /* the event's, the same in every attempt */
	const char *seal_id, *secret_sealed;
	const char *old_secret_sealed; /* the one before, which receivers may still check with; NULL: none */
};

struct job_message {
	const char *id; /* UUID */
	enum job_kind kind;
	enum job_class class;
	int64_t attempt;          /* from 1; a result of a superseded attempt is ignored */
	const char *request_id;   /* of the HTTP request that caused it; joins log lines */
	const char *pid;          /* for log lines only */
	int64_t deadline_unix_ms; /* not begun, and not committed, after that; 0: none */
	struct store_descriptor store;
	const char *key;                 /* NULL for list, hold */
	int64_t size;                    /* put: of the source; -1 unknown */
	const char *sha256;              /* put: hex, to be compared; NULL: none. verify: expected */
	const char *content_type;        /* put to a BucketStore; NULL: none */
	struct job_source source;        /* put */
	int64_t range_first, range_last; /* get: inclusive; last -1: to the end */
	int64_t inline_max;             /* get: up to this size the bytes come in the result, else a ticket */
	struct store_descriptor to;     /* copy */
	const char *to_key;             /* copy; NULL otherwise */
	struct job_page page;           /* list */
	struct job_multipart multipart; /* multipart; size: complete, all parts together */
	struct job_webhook webhook;     /* deliver: what is sent is source.inline */
};

void job_message_pack(const struct job_message *job, struct buf *out);
/* INVALID for what does not fit the schema. */
MUST_CHECK int job_message_unpack(
	const void *bytes, size_t length, struct arena *arena, struct job_message *out, struct error *err);

/*
 * The result of a job, as schemas/amqp/result.json says. Strings and bytes are lent like a job's. A code
 * from a newer worker is INTERNAL; message and cause are repaired where they are no UTF-8. A hold result
 * needs holder and site, but no job_id.
 */
struct result_message {
	const char *job_id;
	enum job_kind kind;
	int64_t attempt;
	const char *worker;   /* which instance */
	enum error_code code; /* ERROR_NONE: ok */
	bool retryable;
	const char *message;      /* of the error, for the client */
	const char *cause;        /* of the error, for the log */
	int64_t size;             /* of the whole object; -1 unknown */
	const char *sha256;       /* put, verify: as hashed by the worker; NULL: not hashed */
	const void *inline_bytes; /* get: NULL when not inline */
	size_t inline_length;
	/* list: the inline bytes are JSON: [{key, size, modified, sha256?, code?}], by key */
	/* multipart, list: they are [{number, size, etag}], by number */
	const char *upload_id; /* multipart, begin */
	const char *next;      /* list: the page after this one begins after that key; NULL: there is none */
	const char *url;       /* get: ticket on the worker, when not inline */
	/* get, beside url: the object is this file below the worker's store root, for who sees that directory and finds
	 * it the same (file_id.h) */
	const char *path, *file_id;
	int64_t modified_unix_ms; /* stat; 0 unknown */
	/* DictStore: the process that holds the bytes; also the whole content of a hold result */
	const char *holder;
	const char *site;   /* hold: the site that `holder` now owns */
	bool anew;          /* hold: jobs that had been sent to it before may be lost */
	int64_t status;     /* deliver: the HTTP status of the answer; 0: there was none */
	const char *answer; /* deliver: how its body begins; NULL: none */
	int64_t elapsed_ms;
};

void result_message_pack(const struct result_message *result, struct buf *out);
MUST_CHECK int result_message_unpack(
	const void *bytes, size_t length, struct arena *arena, struct result_message *out, struct error *err);

#endif
