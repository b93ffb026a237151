/* SPDX-License-Identifier: MIT */
#ifndef DB_STORE_REPO_H
#define DB_STORE_REPO_H

/* Stores. A store is unique by (type, bucket, S3 config, site). Strings are lent by the arena. */

#include "db/query.h"
#include "schemas/job_message.h"

struct arena;
struct db_conn;
struct db_result;

struct store_key {
	enum store_type type;
	const char *bucket;
	int64_t s3_config;            /* 0: none (every type but BucketStore) */
	const char *site;             /* NULL: "default" */
	const struct db_actor *maker; /* whoever makes it; NULL: the transaction's (db_act_for()) */
};

/* Race-free: any number of callers at once get the same pk. 1 created / 0 existed / -1; INVALID when the
 * S3 config does not fit the type or does not exist. */
MUST_CHECK int store_find_or_create(
	struct db_conn *conn, const struct store_key *key, int64_t *pk, struct error *err);
/* What a worker needs. 1 / 0 / -1 */
MUST_CHECK int store_find_by_key(struct db_conn *conn, const struct store_key *key, struct arena *arena,
	struct store_descriptor *out, struct error *err);
MUST_CHECK int store_find(struct db_conn *conn, int64_t pk, struct arena *arena, struct store_descriptor *out,
	struct error *err);
/* {pk, type, bucket, s3_url, site}: 1 / 0 / -1 */
MUST_CHECK int store_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **out, struct error *err);
/* Each of those, by pk. */
MUST_CHECK int store_list_json(
	struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);
/* 1 / 0 no such store / -1: CONFLICT, saying how many media or unfinished jobs are in the way. */
MUST_CHECK int store_delete(struct db_conn *conn, int64_t pk, struct error *err);

/* Fills a descriptor from the columns store_pk, store_type, store_bucket, store_site, s3_url, s3_region,
 * s3_access_key, s3_secret of a row, which other repositories select through STORE_COLUMNS and
 * STORE_JOIN. The texts are lent by the result. */
void store_from_row(const struct db_result *result, int row, struct store_descriptor *out);
#define STORE_COLUMNS                                                                                        \
	" s.pk AS store_pk, s.type AS store_type, s.bucket AS store_bucket, s.site AS store_site,"           \
	" c.url AS s3_url, c.region AS s3_region, c.access_key AS s3_access_key, c.secret_key AS s3_secret "
#define STORE_JOIN(column) " JOIN store s ON s.pk = " column " LEFT JOIN s3_config c ON c.pk = s.s3_config "

#endif
