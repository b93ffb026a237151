/* SPDX-License-Identifier: MIT */
#include "db/media_bulk.h"

#include "common/arena.h"
#include "common/buf.h"
#include "db/media_statements.h"
#include "db/repo.h"

#include <inttypes.h>

/* Inserted in the order of pids, so that two requests never wait for each other in a circle, with pks in
 * the order of the list, which is the one that listings show. */
static const struct db_statement CREATE_MANY = {"media_create_many", MEDIA_WHO
	", given AS MATERIALIZED (SELECT e.*, nextval('media_pk_seq') AS pk FROM who,"
	" ROWS FROM (jsonb_array_elements($3::jsonb), unnest($4::bigint[]), unnest($5::text[]))"
	" WITH ORDINALITY AS e(doc, store, store_key, place) WHERE e.store IS NOT NULL),"
	" made AS (INSERT INTO media AS m (pk, pid, pid_type, store, store_key, identifiers, metadata, tags)"
	" OVERRIDING SYSTEM VALUE SELECT pk, doc ->> 'pid', doc ->> 'pid_type', store, store_key,"
	" document_object(doc, 'identifiers') - (doc ->> 'pid_type'), document_object(doc, 'metadata'),"
	" document_tags(doc) FROM given ORDER BY doc ->> 'pid', place"
	" ON CONFLICT ON CONSTRAINT media_pid_key DO NOTHING RETURNING m)"
	" SELECT given.place, media_json(made.m, s, c) FROM given JOIN made ON (made.m).pk = given.pk"
	" JOIN store s ON s.pk = given.store LEFT JOIN s3_config c ON c.pk = s.s3_config ORDER BY "
	"given.place"};
static const struct db_statement CHANGE_MANY = {"media_change_many",
	"SELECT place, error, msg FROM media_update_many($1, $2, $3, $4::jsonb, $5::bigint[], $6::text[])"};
/* What lies in an archive cannot be removed from it: those elements become a pid that nobody can have, and their
 * failure is told as what it is. */
static const struct db_statement DELETE_MANY = {"media_delete_many",
	"WITH asked AS MATERIALIZED (SELECT a.place, a.pid,"
	" coalesce(s.type = 'ZipStore' AND m.store_status = 'READY', false) AS kept"
	" FROM jsonb_array_elements_text($3::jsonb) WITH ORDINALITY AS a(pid, place)"
	" LEFT JOIN media m ON m.pid = a.pid LEFT JOIN store s ON s.pk = m.store)"
	" SELECT f.place, CASE WHEN a.kept THEN 'conflict' ELSE f.error END AS error,"
	" CASE WHEN a.kept THEN 'the bytes cannot be removed: a ZipStore deletes nothing' ELSE f.msg END AS "
	"msg"
	" FROM media_delete_many($1, $2, (SELECT coalesce(jsonb_agg(CASE WHEN kept THEN '' ELSE pid END"
	" ORDER BY place), '[]') FROM asked), $4::text[]) f LEFT JOIN asked a ON a.place = f.place"
	" ORDER BY f.place"};
static const struct db_statement REPOINT = {"media_repoint",
	MEDIA_WHO " UPDATE media SET store = $5, store_key = $6, size = $7, sha256 = $8, holder = $9"
		  " FROM who WHERE pk = $3 AND version = $4 AND store_status = 'READY'"};
static const struct db_statement SEARCH_TAGS = {
	"media_search_tags", "SELECT media_json(m, s, c) FROM media m" STORE_JOIN(
				     "m.store") "WHERE m.tags && $1::text[] ORDER BY m.pk"};
static const struct db_statement FIND_MANY = {"media_find_many",
	"SELECT" MEDIA_COLUMNS ", CASE WHEN m.pk IS NOT NULL THEN media_json(m, s, c) END AS json"
	" FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS asked(pid, place)"
	" LEFT JOIN media m ON m.pid = asked.pid LEFT JOIN store s ON s.pk = m.store"
	" LEFT JOIN s3_config c ON c.pk = s.s3_config ORDER BY asked.place"};
static const struct db_statement IDENTIFIERS = {"media_visit_identifiers",
	"SELECT pid FROM media WHERE pid_type = $1"
	" UNION ALL SELECT identifiers ->> $1 FROM media WHERE identifiers ? $1"};

static const char *const KINDS[] = {
	[MEDIA_ADD_TAGS] = "tags.add",
	[MEDIA_SET_TAGS] = "tags.set",
	[MEDIA_SET_IDENTIFIERS] = "identifiers.set",
	[MEDIA_SET_METADATA] = "metadata.set",
	[MEDIA_MERGE_METADATA] = "metadata.merge",
	[MEDIA_REMOVE_METADATA] = "metadata.remove",
	[MEDIA_CHANGE_STORE_KEY] = "storekey",
	[MEDIA_CHANGE_IDENTITY] = "identity",
};

/* --- writing */

static void append_stores(const struct media_new_list *list, struct buf *out)
{
	buf_append_text(out, "{");
	for (size_t i = 0; i < list->count; i++) {
		buf_append_text(out, i ? "," : "");
		if (list->store_pk[i])
			buf_printf(out, "%" PRId64, list->store_pk[i]);
		else
			buf_append_text(out, "NULL");
	}
	buf_append_text(out, "}");
}

int media_create_many(struct db_conn *conn, const struct media_new_list *list, const struct db_actor *actor,
	struct arena *arena, struct media_created *out, struct error *err)
{
	CLEANUP(buf_release) struct buf stores = {0};
	CLEANUP(buf_release) struct buf keys = {0};
	const struct db_result *rows = NULL;
	append_stores(list, &stores);
	db_text_array(&keys, list->store_key, list->count);
	if (repo_rows(conn, &CREATE_MANY,
		    DB_PARAMS(MEDIA_ACTOR(actor), DB_TEXT(list->documents), DB_TEXT(stores.data),
			    DB_TEXT(keys.data)),
		    arena, &rows, err))
		return -1;
	for (size_t i = 0; i < list->count; i++)
		out[i] = (struct media_created){0};
	for (int row = 0; row < db_rows(rows); row++) {
		struct media_created *created = &out[db_int_at(rows, row, 0) - 1];
		*created = (struct media_created){db_text_at(rows, row, 1), db_length_at(rows, row, 1)};
	}
	return 0;
}

/* Rows of (place, error, msg). */
static int take_failures(
	const struct db_result *rows, struct arena *arena, struct media_failures *out, struct error *err)
{
	struct media_failures failures = {NULL, (size_t)db_rows(rows)};
	failures.items = arena_alloc(arena, (failures.count + 1) * sizeof(*failures.items));
	for (size_t i = 0; i < failures.count; i++) {
		int64_t place = db_int_at(rows, (int)i, 0);
		if (place == 0)
			return error_set(err, ERROR_PRECONDITION_FAILED,
				"the media has another version than If-Match names");
		failures.items[i] = (struct media_failure){(size_t)place - 1,
			error_code_from_wire(db_text_at(rows, (int)i, 1)), db_text_at(rows, (int)i, 2)};
	}
	*out = failures;
	return 0;
}

int media_change_many(struct db_conn *conn, const struct media_change_list *list,
	const struct db_actor *actor, struct arena *arena, struct media_failures *failures, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &CHANGE_MANY,
		    DB_PARAMS(MEDIA_ACTOR(actor), DB_TEXT(KINDS[list->change]), DB_TEXT(list->updates),
			    DB_TEXT(list->skipped), DB_TEXT(list->wanted)),
		    arena, &rows, err))
		return -1;
	return take_failures(rows, arena, failures, err);
}

int media_delete_many(struct db_conn *conn, const char *pids, const char *wanted,
	const struct db_actor *actor, struct arena *arena, struct media_failures *failures, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &DELETE_MANY, DB_PARAMS(MEDIA_ACTOR(actor), DB_TEXT(pids), DB_TEXT(wanted)),
		    arena, &rows, err))
		return -1;
	return take_failures(rows, arena, failures, err);
}

int media_repoint(struct db_conn *conn, const struct media_row *media, const struct media_place *place,
	const struct db_actor *actor, struct error *err)
{
	return repo_change(conn, &REPOINT,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(media->pk), DB_INT(media->version),
			DB_INT(place->store_pk), DB_TEXT(place->store_key), DB_INT(place->size),
			DB_TEXT(place->sha256), DB_TEXT(place->holder)),
		err);
}

/* --- reading */

int media_search_tags(
	struct db_conn *conn, const char *tags, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &SEARCH_TAGS, DB_PARAMS(DB_TEXT(tags)), visit, context, err);
}

int media_find_many(struct db_conn *conn, const char *pids, struct arena *arena, struct media_found **out,
	size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &FIND_MANY, DB_PARAMS(DB_TEXT(pids)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (size_t i = 0; i < *count; i++) {
		struct media_found *found = &(*out)[i];
		found->json = db_text(rows, (int)i, "json");
		if (found->json)
			media_from_row(rows, (int)i, &found->row);
	}
	return 0;
}

struct value_visitor {
	int (*visit)(const char *value, void *context, struct error *err);
	void *context;
};

static int visit_value(const struct db_result *row, void *context, struct error *err)
{
	const struct value_visitor *visitor = context;
	return visitor->visit(db_text_at(row, 0, 0), visitor->context, err);
}

int media_visit_identifiers(struct db_conn *conn, const char *type,
	int (*visit)(const char *value, void *context, struct error *err), void *context, struct error *err)
{
	struct value_visitor visitor = {visit, context};
	return db_stream(conn, &IDENTIFIERS, DB_PARAMS(DB_TEXT(type)), visit_value, &visitor, err);
}
