/* SPDX-License-Identifier: MIT */
#include "db/multipart_repo.h"

#include "common/arena.h"
#include "db/repo.h"
#include "db/store_repo.h"

#define SELECT                                                                                               \
	"SELECT u.store_key, u.media, u.upload_id, u.part_size, u.size, u.sha256, unix_ms(u.expires) AS "    \
	"expires," STORE_COLUMNS "FROM multipart u" STORE_JOIN("u.store")

static const struct db_statement INSERT = {"multipart_insert",
	"INSERT INTO multipart (store, store_key, media, part_size, size, sha256, expires)"
	" VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::bigint / 1000.0))"};
static const struct db_statement NOTE_ID = {
	"multipart_note_id", "UPDATE multipart SET upload_id = $3 WHERE store = $1 AND store_key = $2"};
static const struct db_statement FIND = {"multipart_find", SELECT "WHERE u.store = $1 AND u.store_key = $2"};
static const struct db_statement LIST_OVER = {"multipart_list_over",
	SELECT "LEFT JOIN media m ON m.pk = u.media AND m.store = u.store AND m.store_key = u.store_key"
	       " AND m.store_status = 'PENDING'"
	       " WHERE m.pk IS NULL OR u.expires <= now()"
	       " OR (u.upload_id IS NULL AND u.created < now() - interval '15 minutes')"
	       " ORDER BY u.created LIMIT $1"};
static const struct db_statement DELETE = {
	"multipart_delete", "DELETE FROM multipart WHERE store = $1 AND store_key = $2"};

static void from_row(const struct db_result *result, int row, struct multipart_row *out)
{
	*out = (struct multipart_row){
		.key = db_text(result, row, "store_key"),
		.media_pk = db_int(result, row, "media"),
		.upload_id = db_text(result, row, "upload_id"),
		.part_size = db_int(result, row, "part_size"),
		.size = db_int_or(result, row, "size", -1),
		.sha256 = db_text(result, row, "sha256"),
		.expires_unix_ms = db_int(result, row, "expires"),
	};
	store_from_row(result, row, &out->store);
}

int multipart_insert(struct db_conn *conn, const struct multipart_row *row, struct error *err)
{
	return db_execute(conn, &INSERT,
		DB_PARAMS(DB_INT(row->store.pk), DB_TEXT(row->key), DB_INT(row->media_pk),
			DB_INT(row->part_size), DB_INT_OR_NULL(row->size, -1), DB_TEXT(row->sha256),
			DB_INT(row->expires_unix_ms)),
		NULL, err);
}

int multipart_note_id(
	struct db_conn *conn, int64_t store_pk, const char *key, const char *upload_id, struct error *err)
{
	return repo_change(
		conn, &NOTE_ID, DB_PARAMS(DB_INT(store_pk), DB_TEXT(key), DB_TEXT(upload_id)), err);
}

int multipart_find(struct db_conn *conn, int64_t store_pk, const char *key, struct arena *arena,
	struct multipart_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND, DB_PARAMS(DB_INT(store_pk), DB_TEXT(key)), arena, &row, err);
	if (found == 1)
		from_row(row, 0, out);
	return found;
}

int multipart_list_over(struct db_conn *conn, int limit, struct arena *arena, struct multipart_row **out,
	size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &LIST_OVER, DB_PARAMS(DB_INT(limit)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		from_row(rows, (int)i, &(*out)[i]);
	return 0;
}

int multipart_delete(struct db_conn *conn, int64_t store_pk, const char *key, struct error *err)
{
	return repo_change(conn, &DELETE, DB_PARAMS(DB_INT(store_pk), DB_TEXT(key)), err);
}
