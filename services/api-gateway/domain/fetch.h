/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_FETCH_H
#define DOMAIN_FETCH_H

/*
 * Uploads whose bytes a worker fetches from somebody else's URL: a durable job, tried again like any other.
 * Whether the URL may be read is looked at here first and by the worker at last (common/url_list.h). An
 * s3 URL becomes a presigned one each time the job is handed over, so that no worker needs the credentials.
 */

#include "common/error.h"
#include "common/seal.h"
#include "domain/transfer.h"

struct db_conn;
struct job_message;
struct job_spec;
struct url_list;

struct fetch_wish {
	const char *url;
	const char *s3_url; /* with an s3 URL: the server; NULL: the only one that is known */
	const char *sha256; /* what the bytes must have; NULL: anything */
};

/* Makes the media as `put` says (or takes it over), PENDING, and its job: *job_id. In the caller's
 * transaction, if there is one. INVALID, FORBIDDEN: the URL; CONFLICT: the media. */
MUST_CHECK int fetch_begin(struct db_conn *conn, const struct url_list *sources,
	const struct transfer_put *put, const struct fetch_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);

/* The source of such a job, for the worker. NOT_FOUND: the S3 server is known no more. */
MUST_CHECK int fetch_compose(struct db_conn *conn, const unsigned char secret_key[SEAL_KEY_SIZE],
	const struct job_spec *spec, struct arena *arena, struct job_message *job, struct error *err);

#endif
