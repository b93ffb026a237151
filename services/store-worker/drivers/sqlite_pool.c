/* SPDX-License-Identifier: MIT */
#include "drivers/sqlite_pool.h"

#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/file_error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { IDLE_MAX = 8 };

/* As the Python library makes it, so that either may have made the file. */
static const char SCHEMA[] = "CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, data BLOB)";
/* The log of a large object goes back to the system; what may wait in memory is bounded. */
static const char SETTINGS[] = "PRAGMA synchronous = EXTRA; PRAGMA journal_size_limit = 67108864;"
			       "PRAGMA cache_size = -4096; PRAGMA cell_size_check = ON";

int sqlite_pool_error(sqlite3 *handle, int result, const char *operation, struct error *err)
{
	static const struct {
		int result;
		enum error_code code;
		const char *message;
	} MEANINGS[] = {
		{SQLITE_BUSY, ERROR_UNAVAILABLE, "the store's file is locked by another writer"},
		{SQLITE_LOCKED, ERROR_UNAVAILABLE, "the store's file is locked by another writer"},
		{SQLITE_FULL, ERROR_FULL, NULL},
		{SQLITE_TOOBIG, ERROR_TOO_LARGE, NULL},
		{SQLITE_CORRUPT, ERROR_INTERNAL, "the store's file is damaged"},
		{SQLITE_NOTADB, ERROR_UNAVAILABLE, "the store's file is no SQLite database"},
		{SQLITE_CANTOPEN, ERROR_UNAVAILABLE, "the store's file cannot be opened"},
		{SQLITE_PERM, ERROR_UNAVAILABLE, "the worker has no access to the store's file"},
		{SQLITE_READONLY, ERROR_UNAVAILABLE, "the store's file is read-only"},
		{SQLITE_NOMEM, ERROR_UNAVAILABLE, NULL},
	};
	int last = errno;
	enum error_code code = ERROR_INTERNAL;
	const char *message = NULL;
	for (size_t i = 0; i < sizeof(MEANINGS) / sizeof(MEANINGS[0]); i++)
		if (MEANINGS[i].result == (result & 0xff)) {
			code = MEANINGS[i].code;
			message = MEANINGS[i].message;
		}
	int reason = handle && (result & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(handle) : 0;
	if (result == SQLITE_IOERR_WRITE && reason == 0)
		reason = last; /* of writes that SQLite did for itself at a commit it keeps none */
	if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
		code = ERROR_FULL;
	error_set(err, code, "%s", message ? message : error_default_text(code));
	return error_add_cause(err, "%s: %s (%d, errno %d)", operation,
		handle ? sqlite3_errmsg(handle) : sqlite3_errstr(result), result, reason);
}

int sqlite_pool_run(struct sqlite_connection *connection, const char *statements, struct error *err)
{
	errno = 0;
	int result = sqlite3_exec(connection->handle, statements, NULL, NULL, NULL);
	return result == SQLITE_OK ? 0 : sqlite_pool_error(connection->handle, result, statements, err);
}

/* --- opening */

/* The real name of what the descriptor stands for, free of links. */
static int read_name(int fd, char out[PATH_MAX], struct error *err)
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, out, PATH_MAX - 1);
	if (length < 0)
		return file_error(err, errno, "readlink");
	out[length] = '\0';
	return 0;
}

/* SQLite wants a path. The kernel says what ours leads to; on that one SQLite follows no more links. O_PATH,
 * because closing any other descriptor of the file would drop SQLite's own locks. */
static int find_file(const struct sqlite_pool *pool, bool make, char out[PATH_MAX], struct error *err)
{
	const char *leaf;
	CLEANUP(cleanup_fd) int parent = place_open_parent(&pool->place, make, &leaf, err);
	if (parent < 0)
		return -1;
	struct stat status;
	CLEANUP(cleanup_fd) int file = beneath_open(parent, leaf, O_PATH, 0);
	if (file >= 0 && fstat(file, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_UNAVAILABLE, "the store's path is no file");
	if (file >= 0)
		return read_name(file, out, err);
	if (errno == ENOENT && !make)
		return error_set(err, ERROR_UNAVAILABLE, "the store's file is not there");
	if (errno != ENOENT)
		return file_error(err, errno, "open database");
	if (read_name(parent, out, err) != 0)
		return -1;
	size_t length = strlen(out);
	if (length + 1 + strlen(leaf) >= PATH_MAX)
		return file_error(err, ENAMETOOLONG, "open database");
	snprintf(out + length, PATH_MAX - length, "/%s", leaf);
	return 0;
}

static void close_connection(struct sqlite_connection *connection)
{
	if (!connection)
		return;
	sqlite3_finalize(connection->find);
	sqlite3_finalize(connection->insert);
	sqlite3_finalize(connection->remove);
	sqlite3_close(connection->handle);
	free(connection);
}

/* A file may come from anywhere: what its schema could make SQLite run is switched off. */
static void distrust(sqlite3 *handle)
{
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static int prepare(sqlite3 *handle, const char *text, sqlite3_stmt **out, struct error *err)
{
	int result = sqlite3_prepare_v3(handle, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	if (result == SQLITE_OK)
		return 0;
	sqlite_pool_error(handle, result, "prepare", err);
	if ((result & 0xff) != SQLITE_ERROR)
		return -1;
	err->code = ERROR_UNAVAILABLE;
	snprintf(err->message, sizeof(err->message), "the store's file has no table objects (key, data)");
	return -1;
}

static int set_up(const struct sqlite_pool *pool, struct sqlite_connection *connection, struct error *err)
{
	sqlite3 *handle = connection->handle;
	sqlite3_extended_result_codes(handle, 1);
	sqlite3_busy_timeout(handle, (int)pool->timeout_ms);
	distrust(handle);
	connection->limit = sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, -1);
	/* who cannot have the mode, because the file is in use or read-only, works in the one it has */
	sqlite3_exec(handle,
		pool->rollback_journal ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL", NULL,
		NULL, NULL);
	if (sqlite_pool_run(connection, SETTINGS, err) != 0 || sqlite_pool_run(connection, SCHEMA, err) != 0)
		return -1;
	if (prepare(handle, "SELECT rowid FROM objects WHERE key = ?1", &connection->find, err) != 0 ||
		prepare(handle, "INSERT INTO objects (key, data) VALUES (?1, zeroblob(?2))",
			&connection->insert, err) != 0 ||
		prepare(handle, "DELETE FROM objects WHERE key = ?1", &connection->remove, err) != 0)
		return -1;
	return 0;
}

static int open_connection(
	const struct sqlite_pool *pool, bool make, struct sqlite_connection **out, struct error *err)
{
	char path[PATH_MAX];
	if (find_file(pool, make, path, err) != 0)
		return -1;
	struct sqlite_connection *connection = memory_alloc(sizeof(*connection));
	int result = sqlite3_open_v2(path, &connection->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
			(make ? SQLITE_OPEN_CREATE : 0),
		NULL);
	if (result != SQLITE_OK)
		sqlite_pool_error(connection->handle, result, "open", err);
	if (result != SQLITE_OK || set_up(pool, connection, err) != 0) {
		close_connection(connection);
		return -1;
	}
	*out = connection;
	return 0;
}

/* --- the pool */

void sqlite_pool_init(struct sqlite_pool *pool, struct place place, bool rollback_journal, int64_t timeout_ms)
{
	*pool = (struct sqlite_pool){
		.place = place, .rollback_journal = rollback_journal, .timeout_ms = timeout_ms};
	pthread_mutex_init(&pool->lock, NULL);
	pthread_mutex_init(&pool->writer, NULL);
}

void sqlite_pool_release(struct sqlite_pool *pool)
{
	while (pool->idle) {
		struct sqlite_connection *next = pool->idle->next;
		close_connection(pool->idle);
		pool->idle = next;
	}
	pthread_mutex_destroy(&pool->writer);
	pthread_mutex_destroy(&pool->lock);
	place_release(&pool->place);
}

static struct sqlite_connection *pop(struct sqlite_pool *pool)
{
	LOCK_SCOPE(&pool->lock);
	struct sqlite_connection *connection = pool->idle;
	if (connection) {
		pool->idle = connection->next;
		pool->idle_count--;
	}
	return connection;
}

static bool is_current(struct sqlite_connection *connection)
{
	int moved = 1;
	return sqlite3_file_control(connection->handle, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
	       !moved;
}

int sqlite_pool_take(struct sqlite_pool *pool, bool make, struct sqlite_connection **out, struct error *err)
{
	for (struct sqlite_connection *connection; (connection = pop(pool)) != NULL;) {
		if (is_current(connection)) {
			*out = connection;
			return 0;
		}
		close_connection(connection);
	}
	return open_connection(pool, make, out, err);
}

void sqlite_pool_give(struct sqlite_pool *pool, struct sqlite_connection *connection)
{
	if (!connection)
		return;
	if (!sqlite3_get_autocommit(connection->handle))
		sqlite3_exec(connection->handle, "ROLLBACK", NULL, NULL, NULL);
	if (sqlite3_get_autocommit(connection->handle)) {
		LOCK_SCOPE(&pool->lock);
		if (pool->idle_count < IDLE_MAX) {
			connection->next = pool->idle;
			pool->idle = connection;
			pool->idle_count++;
			return;
		}
	}
	close_connection(connection);
}
