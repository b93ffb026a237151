/* SPDX-License-Identifier: MIT */
#include "db/s3_config_repo.h"

#include "db/repo.h"

#define COLUMNS "SELECT pk, url, access_key, secret_key, region FROM s3_config "

static const struct db_statement CREATE = {"s3_config_create",
	"INSERT INTO s3_config (url, access_key, secret_key, region) VALUES ($1, $2, $3, coalesce($4, "
	"'us-east-1'))"
	" RETURNING pk"};
static const struct db_statement FIND = {"s3_config_find", COLUMNS "WHERE pk = $1"};
static const struct db_statement FIND_BY_URL = {"s3_config_find_by_url", COLUMNS "WHERE url = $1"};
static const struct db_statement FIND_ONLY = {
	"s3_config_find_only", COLUMNS "WHERE (SELECT count(*) FROM s3_config) = 1"};
static const struct db_statement UPDATE = {"s3_config_update",
	"UPDATE s3_config SET url = $2, access_key = $3, secret_key = $4, region = coalesce($5, region), "
	"updated = now()"
	" WHERE pk = $1"};
static const struct db_statement DELETE = {"s3_config_delete", "DELETE FROM s3_config WHERE pk = $1"};
static const struct db_statement USERS = {"s3_config_users",
	"SELECT coalesce(string_agg(format('%s (bucket %s)', pk, bucket), ', ' ORDER BY pk), '')"
	" FROM (SELECT pk, bucket FROM store WHERE s3_config = $1 ORDER BY pk LIMIT 3) s"};
static const struct db_statement LIST = {
	"s3_config_list", "SELECT json_build_object('pk', pk, 'url', url) FROM s3_config ORDER BY pk"};

int s3_config_create(struct db_conn *conn, const struct s3_config_row *row, int64_t *pk, struct error *err)
{
	int made = repo_int(conn, &CREATE,
		DB_PARAMS(DB_TEXT(row->url), DB_TEXT(row->access_key), DB_TEXT(row->secret_sealed),
			DB_TEXT(row->region)),
		pk, err);
	return made == 1 ? 0 : -1;
}

static int find(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct s3_config_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, statement, params, arena, &row, err);
	if (found == 1)
		*out = (struct s3_config_row){
			.pk = db_int(row, 0, "pk"),
			.url = db_text(row, 0, "url"),
			.access_key = db_text(row, 0, "access_key"),
			.secret_sealed = db_text(row, 0, "secret_key"),
			.region = db_text(row, 0, "region"),
		};
	return found;
}

int s3_config_find(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct s3_config_row *out, struct error *err)
{
	return find(conn, &FIND, DB_PARAMS(DB_INT(pk)), arena, out, err);
}

int s3_config_find_by_url(struct db_conn *conn, const char *url, struct arena *arena,
	struct s3_config_row *out, struct error *err)
{
	return find(conn, &FIND_BY_URL, DB_PARAMS(DB_TEXT(url)), arena, out, err);
}

int s3_config_find_only(
	struct db_conn *conn, struct arena *arena, struct s3_config_row *out, struct error *err)
{
	return find(conn, &FIND_ONLY, DB_NO_PARAMS, arena, out, err);
}

int s3_config_update(struct db_conn *conn, const struct s3_config_row *row, struct error *err)
{
	return repo_change(conn, &UPDATE,
		DB_PARAMS(DB_INT(row->pk), DB_TEXT(row->url), DB_TEXT(row->access_key),
			DB_TEXT(row->secret_sealed), DB_TEXT(row->region)),
		err);
}

/* One that comes to use it after this is left to the foreign key, which is a CONFLICT too. */
static int refuse_used(struct db_conn *conn, int64_t pk, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query(conn, &USERS, DB_PARAMS(DB_INT(pk)), &row, err))
		return -1;
	const char *users = db_text_at(row, 0, 0);
	return *users ? error_set(err, ERROR_CONFLICT, "stores use this S3 configuration: %.150s", users) : 0;
}

int s3_config_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	int used = refuse_used(conn, pk, err);
	return used ? used : repo_change(conn, &DELETE, DB_PARAMS(DB_INT(pk)), err);
}

int s3_config_list_json(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &LIST, DB_NO_PARAMS, visit, context, err);
}
