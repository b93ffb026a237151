/* SPDX-License-Identifier: MIT */
#include "db/store_repo.h"

#include "db/repo.h"

#include <inttypes.h>

enum { COUNTED = 1000 };

static const struct db_statement FIND_BY_KEY = {"store_find_by_key",
	"SELECT pk FROM store WHERE type = $1 AND bucket = $2 AND s3_config IS NOT DISTINCT FROM $3::bigint"
	" AND site = coalesce($4, 'default')"};
static const struct db_statement DESCRIBE_BY_KEY = {"store_describe_by_key",
	"SELECT" STORE_COLUMNS "FROM store s LEFT JOIN s3_config c ON c.pk = s.s3_config WHERE s.type = $1"
	" AND s.bucket = $2 AND s.s3_config IS NOT DISTINCT FROM $3::bigint AND s.site = coalesce($4, "
	"'default')"};
static const struct db_statement CREATE = {"store_create",
	"WITH who AS MATERIALIZED ("
	"SELECT set_config('mediastore.actor', coalesce($5, current_setting('mediastore.actor', true), ''), "
	"true),"
	" set_config('mediastore.request_id',"
	" coalesce($6, current_setting('mediastore.request_id', true), ''), true))"
	" INSERT INTO store (type, bucket, s3_config, site)"
	" SELECT $1, $2, $3::bigint, coalesce($4, 'default') FROM who"
	" ON CONFLICT ON CONSTRAINT store_identity_key DO NOTHING RETURNING pk"};
static const struct db_statement FIND = {"store_find",
	"SELECT" STORE_COLUMNS "FROM store s LEFT JOIN s3_config c ON c.pk = s.s3_config WHERE s.pk = $1"};
static const struct db_statement READ_JSON = {"store_read_json",
	"SELECT store_json(s, c) FROM store s LEFT JOIN s3_config c ON c.pk = s.s3_config WHERE s.pk = $1"};
static const struct db_statement LIST_JSON = {"store_list_json",
	"SELECT store_json(s, c) FROM store s LEFT JOIN s3_config c ON c.pk = s.s3_config ORDER BY s.pk"};
/* Media are counted no further than COUNTED: the sentence needs no more. */
static const struct db_statement DELETE = {"store_delete",
	"WITH use AS MATERIALIZED (SELECT"
	"	(SELECT count(*) FROM (SELECT FROM media WHERE store = $1 LIMIT $2) m) AS media,"
	"	(SELECT count(*) FROM job WHERE (store = $1 OR to_store = $1) AND state IN ('queued', "
	"'running')) AS jobs),"
	" gone AS (DELETE FROM store WHERE pk = $1 AND (SELECT media + jobs = 0 FROM use) RETURNING pk)"
	" SELECT use.media, use.jobs, EXISTS (SELECT FROM gone) AS gone FROM store, use WHERE pk = $1"};

/* Three statements, each with a fresh view: whoever loses the race to insert finds the winner's row in
 * the third. */
int store_find_or_create(struct db_conn *conn, const struct store_key *key, int64_t *pk, struct error *err)
{
	const struct db_actor *maker = key->maker ? key->maker : &(struct db_actor){NULL, NULL};
	const struct db_param params[] = {DB_TEXT(store_type_name(key->type)), DB_TEXT(key->bucket),
		DB_INT_OR_NULL(key->s3_config, 0), DB_TEXT(key->site), {DB_PARAM_END, NULL, 0}};
	int found = repo_int(conn, &FIND_BY_KEY, params, pk, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	int created = repo_int(conn, &CREATE,
		DB_PARAMS(params[0], params[1], params[2], params[3], DB_TEXT(maker->name),
			DB_TEXT(maker->request_id)),
		pk, err);
	if (created != 0)
		return created;
	found = repo_int(conn, &FIND_BY_KEY, params, pk, err);
	if (found == 0)
		return error_set(err, ERROR_CONFLICT, "the store was deleted at the same moment");
	return found < 0 ? -1 : 0;
}

void store_from_row(const struct db_result *result, int row, struct store_descriptor *out)
{
	const char *type = db_text(result, row, "store_type");
	int known = type ? store_type_from_name(type) : -1;
	*out = (struct store_descriptor){
		.pk = db_int(result, row, "store_pk"),
		.type = known < 0 ? STORE_TYPE_COUNT : (enum store_type)known,
		.bucket = db_text(result, row, "store_bucket"),
		.site = db_text(result, row, "store_site"),
		.s3_url = db_text(result, row, "s3_url"),
		.s3_region = db_text(result, row, "s3_region"),
		.s3_access_key = db_text(result, row, "s3_access_key"),
		.s3_secret_sealed = db_text(result, row, "s3_secret"),
	};
}

static int describe(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct store_descriptor *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, statement, params, arena, &row, err);
	if (found == 1)
		store_from_row(row, 0, out);
	return found;
}

int store_find(struct db_conn *conn, int64_t pk, struct arena *arena, struct store_descriptor *out,
	struct error *err)
{
	return describe(conn, &FIND, DB_PARAMS(DB_INT(pk)), arena, out, err);
}

int store_find_by_key(struct db_conn *conn, const struct store_key *key, struct arena *arena,
	struct store_descriptor *out, struct error *err)
{
	return describe(conn, &DESCRIBE_BY_KEY,
		DB_PARAMS(DB_TEXT(store_type_name(key->type)), DB_TEXT(key->bucket),
			DB_INT_OR_NULL(key->s3_config, 0), DB_TEXT(key->site)),
		arena, out, err);
}

int store_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **out, struct error *err)
{
	return repo_text(conn, &READ_JSON, DB_PARAMS(DB_INT(pk)), arena, out, err);
}

int store_list_json(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &LIST_JSON, DB_NO_PARAMS, visit, context, err);
}

static int in_use(int64_t media, int64_t jobs, struct error *err)
{
	return error_set(err, ERROR_CONFLICT,
		"the store is in use: %" PRId64 "%s media and %" PRId64 " unfinished jobs", media,
		media >= COUNTED ? " or more" : "", jobs);
}

int store_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	int known = db_query_one(conn, &DELETE, DB_PARAMS(DB_INT(pk), DB_INT(COUNTED)), &row, err);
	if (known < 0 && db_error_constraint(conn)[0])
		return error_set(
			err, ERROR_CONFLICT, "the store is in use: a media was created in it just now");
	if (known == 1 && !db_bool(row, 0, "gone"))
		return in_use(db_int(row, 0, "media"), db_int(row, 0, "jobs"), err);
	return known;
}
