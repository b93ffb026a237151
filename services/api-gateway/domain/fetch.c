/* SPDX-License-Identifier: MIT */
#include "domain/fetch.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/random.h"
#include "common/url_list.h"
#include "db/job_repo.h"
#include "db/s3_config_repo.h"
#include "domain/job_spec.h"
#include "domain/once.h"
#include "domain/presign.h"
#include "domain/retry.h"
#include "domain/transfer_parts.h"

enum { PRESIGNED_MS = 24 * 3600 * 1000 };

/* The server that has an s3 URL's bucket. */
static int find_server(struct db_conn *conn, const char *s3_url, struct arena *arena,
	struct s3_config_row *out, struct error *err)
{
	int found = s3_url ? s3_config_find_by_url(conn, s3_url, arena, out, err)
			   : s3_config_find_only(conn, arena, out, err);
	if (found == 0)
		return error_set(err, ERROR_INVALID,
			s3_url ? "no S3 server with this URL is known"
			       : "source_s3_url is needed: not exactly one S3 server is known");
	return found < 0 ? -1 : 0;
}

static int check(struct db_conn *conn, const struct url_list *sources, const struct fetch_wish *wish,
	struct arena *arena, const char **s3_url, struct error *err)
{
	enum url_scheme scheme;
	struct s3_config_row server;
	*s3_url = NULL;
	if (url_list_check(sources, wish->url, &scheme, err))
		return error_prefix(err, "source: ");
	if (scheme != URL_S3)
		return 0;
	if (find_server(conn, wish->s3_url, arena, &server, err))
		return -1;
	*s3_url = server.url;
	return 0;
}

int fetch_begin(struct db_conn *conn, const struct url_list *sources, const struct transfer_put *put,
	const struct fetch_wish *wish, const struct caller *caller, struct arena *arena, const char **job_id,
	struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	struct transfer_claim claim;
	struct job_spec spec = {.size = -1,
		.sha256 = wish->sha256,
		.content_type = put->content_type,
		.filename = put->filename,
		.fetch_url = wish->url,
		.actor = caller->actor.name};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (check(conn, sources, wish, arena, &spec.fetch_s3, err) || db_begin(conn, &tx, err) ||
		transfer_claim(conn, put, 0, &caller->actor, arena, &claim, err))
		return -1;
	random_uuid(id);
	struct job_new job = {
		.id = id,
		.kind = JOB_PUT,
		.class = JOB_BACKGROUND,
		.media_pk = claim.media.pk,
		.pid = put->pid,
		.store_pk = claim.media.store.pk,
		.store_key = claim.key,
		.replaces_key = claim.replaces_key,
		.max_attempts = retry_attempts(JOB_PUT),
		.spec = job_spec_print(&spec, arena),
		.request_id = caller->actor.request_id,
	};
	if (job_insert(conn, &job, err) || once_note_effect(conn, caller->claim_id, id, err) ||
		db_commit(&tx, err))
		return -1;
	*job_id = arena_strdup(arena, id);
	return 0;
}

static int presign(struct db_conn *conn, const unsigned char secret_key[SEAL_KEY_SIZE],
	const struct job_spec *spec, struct arena *arena, const char **url, struct error *err)
{
	CLEANUP(buf_release) struct buf bucket = {0}, key = {0};
	struct s3_config_row server;
	int found = s3_config_find_by_url(conn, spec->fetch_s3, arena, &server, err);
	if (found <= 0)
		return found < 0 ? -1
				 : error_set(err, ERROR_NOT_FOUND,
					   "the S3 server of the source is known no more");
	url_s3_parts(spec->fetch_url, &bucket, &key);
	struct store_descriptor store = {
		.type = STORE_BUCKET,
		.bucket = bucket.data,
		.s3_url = server.url,
		.s3_region = server.region,
		.s3_access_key = server.access_key,
		.s3_secret_sealed = server.secret_sealed,
	};
	return presign_url(
		secret_key, &store, "GET", key.data ? key.data : "", PRESIGNED_MS, NULL, arena, url, err);
}

int fetch_compose(struct db_conn *conn, const unsigned char secret_key[SEAL_KEY_SIZE],
	const struct job_spec *spec, struct arena *arena, struct job_message *job, struct error *err)
{
	job->source.fetch = spec->fetch_url;
	return spec->fetch_s3 ? presign(conn, secret_key, spec, arena, &job->source.url, err) : 0;
}
