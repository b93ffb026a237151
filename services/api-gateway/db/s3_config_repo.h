/* SPDX-License-Identifier: MIT */
#ifndef DB_S3_CONFIG_REPO_H
#define DB_S3_CONFIG_REPO_H

/* S3 servers and their credentials; the secret is sealed (seal.h, context "s3_config:" + url) before it
 * comes here. Strings are lent by the arena. */

#include "common/error.h"
#include "db/query.h"

#include <stdint.h>

struct arena;
struct db_conn;

struct s3_config_row {
	int64_t pk;
	const char *url, *access_key, *secret_sealed, *region;
};

/* region NULL: "us-east-1". CONFLICT: the url is there already. */
MUST_CHECK int s3_config_create(
	struct db_conn *conn, const struct s3_config_row *row, int64_t *pk, struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int s3_config_find(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct s3_config_row *out, struct error *err);
MUST_CHECK int s3_config_find_by_url(struct db_conn *conn, const char *url, struct arena *arena,
	struct s3_config_row *out, struct error *err);
/* The one that there is: 0 too when there are several. */
MUST_CHECK int s3_config_find_only(
	struct db_conn *conn, struct arena *arena, struct s3_config_row *out, struct error *err);
/* Replaces the row with row->pk (region NULL: as it was). 1 / 0 / -1: CONFLICT as above. */
MUST_CHECK int s3_config_update(struct db_conn *conn, const struct s3_config_row *row, struct error *err);
/* 1 / 0 / -1: CONFLICT while stores use it. */
MUST_CHECK int s3_config_delete(struct db_conn *conn, int64_t pk, struct error *err);
/* Each as {pk, url}, by pk. */
MUST_CHECK int s3_config_list_json(
	struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);

#endif
