/* SPDX-License-Identifier: MIT */
#ifndef TEST_DB_FIXTURE_H
#define TEST_DB_FIXTURE_H

/*
 * A migrated database of its own for each test program, made on the server that TEST_DATABASE_URL names
 * and dropped at the end, with a pool, an open connection and an arena.
 */

#include "support/cmocka.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/memory.h"
#include "db/job_repo.h"
#include "db/migrate.h"
#include "db/pool.h"
#include "db/store_repo.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char database[64];
	char *url;
	struct db_pool *pool;
	struct db_conn *conn;
	struct arena *arena;
	struct error err;
	int64_t store_pk;
};

static const struct db_actor TESTER = {"tester", "request-1"};

#define assert_ok(call)                                                                                      \
	do {                                                                                                 \
		int outcome_ = (call);                                                                       \
		if (outcome_ < 0)                                                                            \
			fail_msg("%s: %s (%s)", #call, fixture.err.message, fixture.err.cause);              \
		assert_int_equal(outcome_, 0);                                                               \
	} while (0)
#define assert_found(call)                                                                                   \
	do {                                                                                                 \
		int outcome_ = (call);                                                                       \
		if (outcome_ < 0)                                                                            \
			fail_msg("%s: %s (%s)", #call, fixture.err.message, fixture.err.cause);              \
		assert_int_equal(outcome_, 1);                                                               \
	} while (0)
#define assert_fails(call, expected)                                                                         \
	do {                                                                                                 \
		assert_int_equal((call), -1);                                                                \
		assert_int_equal(fixture.err.code, (expected));                                              \
	} while (0)

static struct fixture fixture;

static inline const char *fixture_server(void)
{
	const char *url = getenv("TEST_DATABASE_URL");
	if (!url)
		fail_msg("TEST_DATABASE_URL is not set: these tests need a PostgreSQL server");
	return url;
}

static inline void fixture_admin(const char *sql)
{
	PGconn *admin = PQconnectdb(fixture_server());
	PGresult *result = PQexec(admin, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(admin));
	PQclear(result);
	PQfinish(admin);
}

/* The server's connection string with another database in it. */
static inline char *fixture_url(const char *database)
{
	struct buf url = {0};
	PQconninfoOption *options = PQconninfoParse(fixture_server(), NULL);
	assert_non_null(options);
	for (PQconninfoOption *option = options; option->keyword; option++)
		if (option->val && strcmp(option->keyword, "dbname") != 0)
			buf_printf(&url, "%s='%s' ", option->keyword, option->val);
	PQconninfoFree(options);
	buf_printf(&url, "dbname='%s'", database);
	return url.data;
}

static inline int64_t soon(void)
{
	return clock_monotonic_ms() + 20000;
}

static inline struct db_pool *fixture_pool(int size)
{
	return db_pool_create(
		&(struct db_pool_options){.url = fixture.url, .application_name = "test", .size = size});
}

static inline struct db_conn *fixture_acquire(void)
{
	struct db_conn *conn = db_acquire(fixture.pool, soon(), &fixture.err);
	if (!conn)
		fail_msg("%s (%s)", fixture.err.message, fixture.err.cause);
	return conn;
}

static inline void fixture_make_database(void)
{
	snprintf(fixture.database, sizeof(fixture.database), "test_%d", (int)getpid());
	char sql[128];
	snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s WITH (FORCE)", fixture.database);
	fixture_admin(sql);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", fixture.database);
	fixture_admin(sql);
	fixture.url = fixture_url(fixture.database);
	fixture.pool = fixture_pool(8);
}

static inline int fixture_drop(void **state)
{
	(void)state;
	db_pool_free(fixture.pool);
	char sql[128];
	snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s WITH (FORCE)", fixture.database);
	fixture_admin(sql);
	free(fixture.url);
	return 0;
}

/* Group setup: a database with the identifier type DEFAULT and one FilesystemStore. */
static inline int fixture_create(void **state)
{
	(void)state;
	fixture_make_database();
	struct db_conn *conn = fixture_acquire();
	assert_ok(db_migrate(conn, migration_files, NULL, &fixture.err));
	assert_ok(db_run_script(conn, "INSERT INTO identifier_type (name) VALUES ('DEFAULT')", &fixture.err));
	struct store_key key = {.type = STORE_FILESYSTEM, .bucket = "/data"};
	assert_found(store_find_or_create(conn, &key, &fixture.store_pk, &fixture.err));
	db_release(&conn);
	return 0;
}

static inline int fixture_begin(void **state)
{
	(void)state;
	fixture.arena = arena_create();
	fixture.conn = fixture_acquire();
	return 0;
}

static inline int fixture_end(void **state)
{
	(void)state;
	db_release(&fixture.conn);
	arena_free(fixture.arena);
	return 0;
}

#define fixture_test(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)

/* The first column of the first row of SQL written in a test. */
static inline const char *fixture_ask(const char *sql)
{
	PGconn *pg = PQconnectdb(fixture.url);
	PGresult *result = PQexec(pg, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	const char *text = PQntuples(result) ? arena_strdup(fixture.arena, PQgetvalue(result, 0, 0)) : NULL;
	PQclear(result);
	PQfinish(pg);
	return text;
}

static inline const char *fixture_uuid(void)
{
	return fixture_ask("SELECT gen_random_uuid()");
}

/* A PENDING media, whose store key is "<pid>.1". */
static inline int64_t fixture_media(const char *pid)
{
	int64_t pk = 0;
	struct media_new media = {.pid = pid,
		.pid_type = "DEFAULT",
		.store_pk = fixture.store_pk,
		.store_key = arena_printf(fixture.arena, "%s.1", pid)};
	assert_ok(media_create(fixture.conn, &media, &TESTER, fixture.arena, NULL, &pk, &fixture.err));
	return pk;
}

/* A db_visit_text_fn: appends each row and a line break to a struct buf. */
static inline int fixture_collect(const char *text, size_t length, void *buf, struct error *err)
{
	(void)err;
	buf_append(buf, text, length);
	buf_append(buf, "\n", 1);
	return 0;
}

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A READY media of three bytes. */
static inline int64_t fixture_ready(const char *pid)
{
	int64_t pk = fixture_media(pid);
	const char *key = arena_printf(fixture.arena, "%s.1", pid);
	struct media_bytes bytes = {
		.media_pk = pk, .expected_key = key, .store_key = key, .size = 3, .sha256 = SHA_A};
	assert_found(media_finish_put(fixture.conn, &bytes, &TESTER, &fixture.err));
	return pk;
}

#endif
