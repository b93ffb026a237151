/* SPDX-License-Identifier: MIT */
/*
 * SqliteStore: one database file with one table objects(key, data), an object a row. Bytes go in and come out
 * through incremental blob I/O, so memory stays flat; SQLite bounds a row, and so an object.
 *
 * A put is one transaction. The source is brought near first (staging.h), because a transaction locks out the
 * writers of all workers, in whatever process. A get reads one snapshot, whatever is written meanwhile.
 */
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/sqlite_pool.h"
#include "drivers/staging.h"
#include "store/key.h"
#include "store/store_driver.h"

#include <string.h>
#include <time.h>

enum { ROW_OVERHEAD = 64, SHRINK_FROM = 64 * 1024 * 1024 };

struct sqlite_store {
	struct store base;
	struct sqlite_pool pool;
};

/* One call's use of a connection. */
struct session {
	struct sqlite_pool *pool;
	struct sqlite_connection *connection;
	sqlite3_blob *blob;
	bool writing; /* holds pool->writer */
};

static void session_end(struct session *session)
{
	sqlite3_blob_close(session->blob);
	sqlite_pool_give(session->pool, session->connection);
	if (session->writing)
		pthread_mutex_unlock(&session->pool->writer);
}

static int session_begin(struct session *session, struct store *base, bool make, struct error *err)
{
	*session = (struct session){.pool = &((struct sqlite_store *)base)->pool};
	return sqlite_pool_take(session->pool, make, &session->connection, err);
}

static int failed(const struct session *session, int result, const char *operation, struct error *err)
{
	return sqlite_pool_error(session->connection->handle, result, operation, err);
}

/* --- open, close */

static void sqlite_close(struct store *base)
{
	sqlite_pool_release(&((struct sqlite_store *)base)->pool);
	free(base);
}

static int sqlite_open(const struct store_environment *environment, const struct store_descriptor *descriptor,
	struct store **out, struct error *err)
{
	struct place place;
	if (place_init(&place, environment->store_root, descriptor->bucket, err) != 0 || !*place.bucket) {
		bool unnamed = !*place.bucket;
		place_release(&place);
		return unnamed ? error_set(err, ERROR_INVALID, "the store's path names no file") : -1;
	}
	struct sqlite_store *store = memory_alloc(sizeof(*store));
	store->base.driver = &sqlite_driver;
	sqlite_pool_init(
		&store->pool, place, environment->sqlite_rollback_journal, environment->stall_timeout_ms);
	struct session session;
	int result = session_begin(&session, &store->base, true, err);
	session_end(&session);
	if (result != 0) {
		sqlite_close(&store->base);
		return -1;
	}
	const char *leaf;
	CLEANUP(cleanup_fd) int parent = place_open_parent(&store->pool.place, false, &leaf, err);
	if (parent >= 0)
		temporary_clean(parent);
	*out = &store->base;
	return 0;
}

/* --- statements */

/* Runs one that is bound to the key: 1 with *rowid, 0 no row (any more), -1. */
static int step_key(const struct session *session, sqlite3_stmt *statement, const char *key,
	sqlite3_int64 *rowid, struct error *err)
{
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*rowid = sqlite3_column_int64(statement, 0);
	else if (result != SQLITE_DONE)
		failed(session, result, "step", err);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : -1;
}

static int open_blob(struct session *session, sqlite3_int64 rowid, bool writable, struct error *err)
{
	int result = sqlite3_blob_open(
		session->connection->handle, "main", "objects", "data", rowid, writable, &session->blob);
	if (result == SQLITE_OK)
		return 0;
	failed(session, result, "open blob", err);
	if (result == SQLITE_ERROR) {
		err->code = ERROR_UNSUPPORTED;
		snprintf(err->message, sizeof(err->message), "what stands under this key is no bytes");
	}
	return -1;
}

/* Opens the key's blob in a transaction of its own, so that row and blob are of one snapshot. */
static int open_object(struct session *session, struct store *base, const char *key, struct error *err)
{
	sqlite3_int64 rowid;
	if (session_begin(session, base, false, err) != 0 ||
		sqlite_pool_run(session->connection, "BEGIN", err) != 0)
		return -1;
	int found = step_key(session, session->connection->find, key, &rowid, err);
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, NULL);
	return found < 0 ? -1 : open_blob(session, rowid, false, err);
}

/* --- put */

static int copy_into_blob(const struct session *session, struct source *source, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	int at = 0, size = sqlite3_blob_bytes(session->blob);
	for (;;) {
		ssize_t got = source->read(source, piece, STREAM_BUFFER_SIZE, err);
		if (got < 0)
			return -1;
		if (got == 0 && at == size)
			return 0;
		if (got == 0 || got > size - at)
			return error_set_cause(
				err, ERROR_SOURCE_FAILED, "the source's size is another than announced");
		int result = sqlite3_blob_write(session->blob, piece, (int)got, at);
		if (result != SQLITE_OK)
			return failed(session, result, "write blob", err);
		at += (int)got;
	}
}

static int write_row(struct session *session, const char *key, struct source *source, struct error *err)
{
	struct sqlite_connection *connection = session->connection;
	sqlite3_int64 ignored;
	if (step_key(session, connection->remove, key, &ignored, err) < 0)
		return -1;
	sqlite3_bind_int64(connection->insert, 2, source->size);
	if (step_key(session, connection->insert, key, &ignored, err) < 0 ||
		open_blob(session, sqlite3_last_insert_rowid(connection->handle), true, err) != 0 ||
		copy_into_blob(session, source, err) != 0)
		return -1;
	int result = sqlite3_blob_close(TAKE(session->blob));
	return result == SQLITE_OK ? 0 : failed(session, result, "close blob", err);
}

static int lock_writers(struct session *session, struct error *err)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += session->pool->timeout_ms / 1000 + 1;
	if (pthread_mutex_timedlock(&session->pool->writer, &until) != 0)
		return error_set(err, ERROR_UNAVAILABLE, "the store is busy with other writers");
	session->writing = true;
	return 0;
}

static int put_staged(struct session *session, const char *key, struct source *source, struct error *err)
{
	if (lock_writers(session, err) != 0 ||
		sqlite_pool_run(session->connection, "BEGIN IMMEDIATE", err) != 0 ||
		write_row(session, key, source, err) != 0 ||
		sqlite_pool_run(session->connection, "COMMIT", err) != 0)
		return -1;
	if (source->size >=
		SHRINK_FROM) /* the log is as large as the object: give it back if nobody reads it */
		sqlite3_wal_checkpoint_v2(
			session->connection->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return 0;
}

static int sqlite_put(struct store *base, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	(void)content_type;
	const char *leaf;
	CLEANUP(session_end) struct session session;
	if (session_begin(&session, base, true, err) != 0)
		return -1;
	CLEANUP(cleanup_fd) int directory = place_open_parent(&session.pool->place, true, &leaf, err);
	if (directory < 0)
		return -1;
	CLEANUP(staging_release) struct staging staging;
	int64_t limit = session.connection->limit - ROW_OVERHEAD - (int64_t)strlen(key);
	if (staging_fill(&staging, source, directory, limit, err) != 0)
		return -1;
	return put_staged(&session, key, staging.source, err);
}

/* --- get, stat, remove */

static int sqlite_stat(struct store *base, const char *key, struct object_info *out, struct error *err)
{
	CLEANUP(session_end) struct session session;
	if (open_object(&session, base, key, err) != 0)
		return -1;
	*out = (struct object_info){.size = sqlite3_blob_bytes(session.blob)};
	return 0;
}

static int sqlite_get(struct store *base, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	CLEANUP(session_end) struct session session;
	if (open_object(&session, base, key, err) != 0)
		return -1;
	int64_t size = sqlite3_blob_bytes(session.blob);
	bool whole = first == 0 && last == -1;
	if (!whole && first >= size)
		return error_set(err, ERROR_RANGE, NULL);
	int64_t end = last == -1 || last >= size ? size : last + 1;
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	while (first < end) {
		int length = end - first < STREAM_BUFFER_SIZE ? (int)(end - first) : STREAM_BUFFER_SIZE;
		int result = sqlite3_blob_read(session.blob, piece, length, (int)first);
		if (result != SQLITE_OK)
			return failed(&session, result, "read blob", err);
		if (sink->write(sink, piece, (size_t)length, err) != 0)
			return -1;
		first += length;
	}
	return 0;
}

static int sqlite_remove(struct store *base, const char *key, struct error *err)
{
	sqlite3_int64 ignored;
	CLEANUP(session_end) struct session session;
	if (session_begin(&session, base, false, err) != 0 || lock_writers(&session, err) != 0)
		return -1;
	return step_key(&session, session.connection->remove, key, &ignored, err) < 0 ? -1 : 0;
}

/* --- list */

static bool is_key(const char *text)
{
	struct error ignored;
	return text && key_check(text, &ignored) == 0;
}

static int visit_rows(sqlite3_stmt *rows, const struct session *session, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	int result;
	while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(rows, 0);
		if (!is_key(key))
			continue;
		if (strncmp(key, prefix, strlen(prefix)) != 0)
			return 0; /* they come in order */
		const struct object_info info = {.size = sqlite3_column_int64(rows, 1)};
		int verdict = visit(context, key, &info);
		if (verdict != 0)
			return verdict;
	}
	return result == SQLITE_DONE ? 0 : failed(session, result, "list", err);
}

static int sqlite_list(struct store *base, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	/* length() of a blob reads none of it; text is counted in characters */
	static const char LIST[] =
		"SELECT key, CASE typeof(data) WHEN 'blob' THEN length(data)"
		" ELSE length(CAST(data AS BLOB)) END FROM objects"
		" WHERE key >= ?1 AND typeof(data) IN ('blob', 'text') ORDER BY key COLLATE BINARY";
	sqlite3_stmt *rows;
	CLEANUP(session_end) struct session session;
	if (session_begin(&session, base, false, err) != 0)
		return -1;
	int result = sqlite3_prepare_v2(session.connection->handle, LIST, -1, &rows, NULL);
	if (result != SQLITE_OK)
		return failed(&session, result, "prepare", err);
	sqlite3_bind_text(rows, 1, prefix, -1, SQLITE_STATIC);
	int verdict = visit_rows(rows, &session, prefix, visit, context, err);
	sqlite3_finalize(rows);
	return verdict;
}

const struct store_driver sqlite_driver = {
	.type = STORE_SQLITE,
	.capabilities =
		STORE_CAN_REPLACE | STORE_CAN_DELETE | STORE_CAN_RANGE | STORE_CAN_LIST | STORE_IS_DURABLE,
	.open = sqlite_open,
	.close = sqlite_close,
	.put = sqlite_put,
	.get = sqlite_get,
	.stat = sqlite_stat,
	.remove = sqlite_remove,
	.list = sqlite_list,
};
