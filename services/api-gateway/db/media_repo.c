/* SPDX-License-Identifier: MIT */
/* Creating, reading and deleting media. What happens to their bytes is in media_put.c. */
#include "db/media_repo.h"

#include "common/arena.h"
#include "common/buf.h"
#include "db/media_statements.h"
#include "db/repo.h"

#include <string.h>

#define JOINED " FROM media m" STORE_JOIN("m.store")
/* One parse for all that is taken from it. */
#define DOCUMENT ", doc AS MATERIALIZED (SELECT $9::jsonb AS d)"
/* identifiers of the pid's own type repeat the pid */
#define DOCUMENT_IDENTIFIERS "document_object(d, 'identifiers') - $4::text"
#define DOCUMENT_METADATA    "document_object(d, 'metadata')"
#define DOCUMENT_TAGS        "document_tags(d)"
#define REPLY                                                                                                \
	" SELECT (r.m).pk, media_json(r.m, s, c) FROM r JOIN store s ON s.pk = (r.m).store"                  \
	" LEFT JOIN s3_config c ON c.pk = s.s3_config"

static const struct db_statement CREATE = {"media_create", MEDIA_WHO DOCUMENT
	", r AS (INSERT INTO media AS m (pid, pid_type, store, store_key, content_type, filename,"
	" presign_expires, identifiers, metadata, tags)"
	" SELECT $3, $4, $5, $6, $7, $8, from_unix_ms($10::bigint)," DOCUMENT_IDENTIFIERS
	"," DOCUMENT_METADATA "," DOCUMENT_TAGS " FROM who, doc RETURNING m)" REPLY};
static const struct db_statement TAKE_OVER = {"media_take_over", MEDIA_WHO DOCUMENT
	", r AS (UPDATE media AS m SET store = $5, store_key = $6, content_type = $7, filename = $8,"
	" presign_expires = from_unix_ms($10::bigint), identifiers = " DOCUMENT_IDENTIFIERS
	", metadata = " DOCUMENT_METADATA ", tags = " DOCUMENT_TAGS
	", store_status = 'PENDING', size = NULL, sha256 = NULL, holder = NULL"
	" FROM who, doc WHERE m.pid = $3 AND m.pid_type = $4 AND m.store_status IN ('PENDING', 'FAILED')"
	" RETURNING m)" REPLY};
static const struct db_statement READ_JSON = {
	"media_read_json", "SELECT media_json(m, s, c), m.version" JOINED "WHERE m.pid = $1"};
static const struct db_statement DUMP = {"media_dump", "SELECT media_json(m, s, c)" JOINED "ORDER BY m.pk"};
static const struct db_statement READ_MANY = {"media_read_many",
	"SELECT media_json(m, s, c) FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS asked(pid, "
	"place)"
	" JOIN media m ON m.pid = asked.pid" STORE_JOIN("m.store") "ORDER BY asked.place"};
static const struct db_statement READ_TOGETHER = {"media_read_together",
	"SELECT asked.place, m.version, media_json(m, s, c)"
	" FROM unnest($1::text[]) WITH ORDINALITY AS asked(pid, place) JOIN media m ON m.pid = "
	"asked.pid" STORE_JOIN("m.store")};
static const struct db_statement FIND = {"media_find", "SELECT" MEDIA_COLUMNS JOINED "WHERE m.pid = $1"};
static const struct db_statement FIND_LOCKED = {
	"media_find_locked", "SELECT" MEDIA_COLUMNS JOINED "WHERE m.pid = $1 FOR UPDATE OF m"};
static const struct db_statement FIND_BY_PK = {
	"media_find_by_pk", "SELECT" MEDIA_COLUMNS JOINED "WHERE m.pk = $1"};
static const struct db_statement FIND_BY_PK_LOCKED = {
	"media_find_by_pk_locked", "SELECT" MEDIA_COLUMNS JOINED "WHERE m.pk = $1 FOR UPDATE OF m"};
static const struct db_statement DELETE = {"media_delete",
	MEDIA_WHO ", gone AS (DELETE FROM media USING who WHERE pid = $3 RETURNING media.*)"
		  " SELECT" MEDIA_COLUMNS "FROM gone m" STORE_JOIN("m.store")};
static const char *const STATUS_NAMES[] = {
	[MEDIA_PENDING] = "PENDING",
	[MEDIA_READY] = "READY",
	[MEDIA_FAILED] = "FAILED",
	[MEDIA_LOST] = "LOST",
	[MEDIA_CORRUPT] = "CORRUPT",
};

const char *media_status_name(enum media_status status)
{
	return STATUS_NAMES[status];
}

static enum media_status status_from_name(const char *name)
{
	int status = MEDIA_PENDING;
	while (strcmp(STATUS_NAMES[status], name) != 0)
		status++; /* ends: the column is checked against the same list */
	return (enum media_status)status;
}

void media_from_row(const struct db_result *result, int row, struct media_row *out)
{
	*out = (struct media_row){
		.pk = db_int(result, row, "pk"),
		.pid = db_text(result, row, "pid"),
		.pid_type = db_text(result, row, "pid_type"),
		.store_key = db_text(result, row, "store_key"),
		.status = status_from_name(db_text(result, row, "store_status")),
		.size = db_int_or(result, row, "size", -1),
		.content_type = db_text(result, row, "content_type"),
		.filename = db_text(result, row, "filename"),
		.sha256 = db_text(result, row, "sha256"),
		.crc32c = db_text(result, row, "crc32c"),
		.md5 = db_text(result, row, "md5"),
		.holder = db_text(result, row, "holder"),
		.version = db_int(result, row, "version"),
		.mark = db_int(result, row, "mark"),
		.presign_expires_unix_ms = db_int(result, row, "presign_expires"),
		.created_unix_ms = db_int(result, row, "created"),
		.updated_unix_ms = db_int(result, row, "updated"),
		.content_unix_ms = db_int(result, row, "content_changed"),
	};
	store_from_row(result, row, &out->store);
}

static int write_new(struct db_conn *conn, const struct db_statement *statement,
	const struct media_new *media, const struct db_actor *actor, struct arena *arena, const char **json,
	int64_t *pk, struct error *err)
{
	const struct db_result *row = NULL;
	int written = repo_row(conn, statement,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_TEXT(media->pid), DB_TEXT(media->pid_type),
			DB_INT(media->store_pk), DB_TEXT(media->store_key), DB_TEXT(media->content_type),
			DB_TEXT(media->filename), DB_TEXT(media->document),
			DB_INT_OR_NULL(media->presign_expires_unix_ms, 0)),
		arena, &row, err);
	if (written != 1)
		return written;
	if (pk)
		*pk = db_int_at(row, 0, 0);
	if (json)
		*json = db_text_at(row, 0, 1);
	return 1;
}

int media_create(struct db_conn *conn, const struct media_new *media, const struct db_actor *actor,
	struct arena *arena, const char **json, int64_t *pk, struct error *err)
{
	return write_new(conn, &CREATE, media, actor, arena, json, pk, err) == 1 ? 0 : -1;
}

int media_take_over(struct db_conn *conn, const struct media_new *media, const struct db_actor *actor,
	struct arena *arena, const char **json, int64_t *pk, struct error *err)
{
	return write_new(conn, &TAKE_OVER, media, actor, arena, json, pk, err);
}

int media_read(struct db_conn *conn, const char *pid, struct arena *arena, const char **json,
	int64_t *version, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &READ_JSON, DB_PARAMS(DB_TEXT(pid)), arena, &row, err);
	if (found == 1) {
		*json = db_text_at(row, 0, 0);
		*version = db_int_at(row, 0, 1);
	}
	return found;
}

int media_read_together(struct db_conn *conn, const char *const *pids, size_t count,
	void (*found)(size_t place, const char *json, int64_t version, void *context), void *context,
	struct error *err)
{
	CLEANUP(buf_release) struct buf array = {0};
	CLEANUP(db_result_cleanup) struct db_result *rows = NULL;
	db_text_array(&array, pids, count);
	if (db_query(conn, &READ_TOGETHER, DB_PARAMS(DB_TEXT(array.data)), &rows, err))
		return -1;
	for (int row = 0; row < db_rows(rows); row++)
		found((size_t)db_int_at(rows, row, 0) - 1, db_text_at(rows, row, 2), db_int_at(rows, row, 1),
			context);
	return 0;
}

int media_read_json(
	struct db_conn *conn, const char *pid, struct arena *arena, const char **json, struct error *err)
{
	return repo_text(conn, &READ_JSON, DB_PARAMS(DB_TEXT(pid)), arena, json, err);
}

int media_dump(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &DUMP, DB_NO_PARAMS, visit, context, err);
}

int media_read_many(struct db_conn *conn, const char *pids_json, db_visit_text_fn *visit, void *context,
	struct error *err)
{
	return db_stream_text(conn, &READ_MANY, DB_PARAMS(DB_TEXT(pids_json)), visit, context, err);
}

static int find(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct media_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, statement, params, arena, &row, err);
	if (found == 1)
		media_from_row(row, 0, out);
	return found;
}

int media_find(struct db_conn *conn, const char *pid, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err)
{
	return find(conn, lock ? &FIND_LOCKED : &FIND, DB_PARAMS(DB_TEXT(pid)), arena, out, err);
}

int media_find_by_pk(struct db_conn *conn, int64_t pk, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err)
{
	return find(conn, lock ? &FIND_BY_PK_LOCKED : &FIND_BY_PK, DB_PARAMS(DB_INT(pk)), arena, out, err);
}

int media_delete(struct db_conn *conn, const char *pid, const struct db_actor *actor, struct arena *arena,
	struct media_row *out, struct error *err)
{
	return find(conn, &DELETE, DB_PARAMS(MEDIA_ACTOR(actor), DB_TEXT(pid)), arena, out, err);
}
