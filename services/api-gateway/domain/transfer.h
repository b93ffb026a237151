/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_TRANSFER_H
#define DOMAIN_TRANSFER_H

/*
 * Bytes between clients and stores, with the workers doing the work: what is promised to whom, and in which order it is written down.
 *
 *	put	intake (spooled, hashed) -> transaction: row PENDING + job -> job to a worker -> transaction: row READY, job
 *		succeeded (record.h) -> answer. READY therefore means: the bytes are in the store, durable, and compared.
 *	get	row -> job to a worker -> its bytes (inline, or pulled from the worker by ticket) -> client
 *	watch	a presigned upload is followed by a background job that verifies what the client has put, until the URL expires
 *
 * No HTTP and no SQL text here. Thread-safe.
 */

#include "common/seal.h"
#include "db/media_repo.h"
#include "domain/caller.h"
#include "domain/intake.h"

struct arena;
struct http_stream;
struct config;
struct db_pool;
struct http_client;
struct job_post;
struct sigv4_pair;
struct transfer;

struct transfer_parts { /* all borrowed */
	const struct config *config;
	struct db_pool *pool;
	struct job_post *post;
	struct spool *spool;
	struct http_client *http;
	const unsigned char *secret_key; /* SEAL_KEY_SIZE */
};

struct transfer *transfer_create(const struct transfer_parts *parts);
void transfer_free(struct transfer *transfer);

/* UNAVAILABLE when bytes could not be moved anyway: ask before receiving a large body. */
MUST_CHECK int transfer_check(struct transfer *transfer, struct error *err);
/* CONFLICT: the READY media's bytes are in a store that replaces nothing. */
MUST_CHECK int transfer_check_replaceable(const struct media_row *media, struct error *err);
/* Where uploads are received. */
struct spool *transfer_spool(struct transfer *transfer);
struct intake_limits transfer_limits(const struct transfer *transfer);

enum transfer_existing { /* what may happen to a media that is there already */
	TRANSFER_ADD_BYTES, /* not READY: gets its bytes, keeps its metadata. READY: replaced, if `if_match` names its content */
	TRANSFER_TAKE_OVER, /* PENDING or FAILED with the same pid_type: gets metadata and bytes. Others: CONFLICT */
};

struct transfer_put {
	const char *pid;
	const struct media_new *
		create; /* if there is no such media (its store_key is filled in here); NULL: NOT_FOUND then */
	enum transfer_existing existing;
	const char *if_match;     /* value of the header; NULL: none */
	const char *content_type; /* NULL: none given */
	const char *filename;     /* NULL: none given */
};

struct transfer_stored {
	bool ready; /* false: no worker has answered in time; the job goes on */
	bool created;
	const char *sha256;
	const char *job_id;
};

/* Stores what the intake holds as the bytes of a media. The spool file becomes the job's. NOT_FOUND,
 * CONFLICT, PRECONDITION_FAILED, UNAVAILABLE, FULL and what else the store says; after a failure a media
 * that was not READY is FAILED, and one that was READY is as before. */
MUST_CHECK int transfer_put(struct transfer *transfer, const struct transfer_put *put, struct intake *intake,
	const struct caller *caller, struct arena *arena, struct transfer_stored *out, struct error *err);

/* The same, but for whoever does not wait: it returns as soon as bytes (an intake that is `durable`) and rows
 * are safe, broker or not. out->ready is false; the job brings it to an end. */
MUST_CHECK int transfer_put_later(struct transfer *transfer, const struct transfer_put *put,
	struct intake *intake, const struct caller *caller, struct arena *arena, struct transfer_stored *out,
	struct error *err);

/* Brings to its end a put that another gateway had begun before it died (once.h), whether that had sent the job or not.
 * 1: as transfer_put() · 0: it has failed, the bytes are to be put anew · -1. */
MUST_CHECK int transfer_resume(
	struct transfer *transfer, const char *job_id, struct transfer_stored *out, struct error *err);

/* The row of a media that has bytes to give. NOT_FOUND; CONFLICT: it is not READY. */
MUST_CHECK int transfer_find_ready(
	struct db_conn *conn, const char *pid, struct arena *arena, struct media_row *out, struct error *err);

struct transfer_sink {
	/* Called once, before the first byte, when it is certain that the bytes are coming. */
	int (*begin)(void *context, struct error *err);
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	void *context;
	/* In place of write(), where bytes of a file need not pass through memory; NULL: they do. */
	int (*write_file)(void *context, int fd, int64_t first, int64_t length, struct error *err);
	/* The same with bytes that come by a connection, of which it takes all; NULL: they do. */
	int (*write_stream)(void *context, struct http_stream *stream, struct error *err);
};

/* Pushes bytes first..last (inclusive, within media->size) of a READY media. A media whose object is gone
 * becomes LOST: CONFLICT. */
MUST_CHECK int transfer_get(struct transfer *transfer, const struct media_row *media, int64_t first,
	int64_t last, const struct transfer_sink *sink, const struct caller *caller, struct arena *arena,
	struct error *err);

/* Makes or takes over the media as `put` says, without bytes: PENDING. */
MUST_CHECK int transfer_announce(struct transfer *transfer, const struct transfer_put *put,
	const struct caller *caller, struct arena *arena, struct error *err);

/* What a client wants of a presigned URL. */
struct transfer_presign {
	int64_t expiry_ms;
	int64_t size;       /* PUT: of what will be put, compared before it is READY; -1: not told */
	const char *sha256; /* the same, hex; NULL */
	const struct sigv4_pair *query; /* GET: parameters that set headers of the response; NULL: none */
};

/* Makes or takes over (TRANSFER_TAKE_OVER) a PENDING media on a bucket whose bytes the client will put
 * itself: *url. The watch begins. */
MUST_CHECK int transfer_presign_put(struct transfer *transfer, const struct transfer_put *put,
	const struct transfer_presign *wanted, const struct caller *caller, struct arena *arena,
	const char **url, struct error *err);
MUST_CHECK int transfer_presign_get(struct transfer *transfer, const struct media_row *media,
	const struct transfer_presign *wanted, struct arena *arena, const char **url, struct error *err);
/* Looks now whether a client has put the bytes of a PENDING media: READY when it returns 0. CONFLICT when
 * they are not there, CHECKSUM when they are not those that were announced. */
MUST_CHECK int transfer_complete(struct transfer *transfer, const struct media_row *media,
	const struct caller *caller, struct arena *arena, struct error *err);

/* The bytes of a READY media are said to be at another place already: *media is as it was read; when a
 * worker finds them there, the row names that place, with the size and checksum that were found, and
 * *media is as it is now. CONFLICT: they are not there, the place is another media's, or the media has
 * changed. */
MUST_CHECK int transfer_repoint(struct transfer *transfer, struct media_row *media,
	const struct store_descriptor *store, const char *store_key, const struct caller *caller,
	struct arena *arena, struct error *err);

#endif
