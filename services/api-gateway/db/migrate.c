/* SPDX-License-Identifier: MIT */
/*
 * One file per transaction, each of which takes the lock and looks anew at what has been applied:
 * gateways that start together take turns, and whichever has the lock applies the next missing file.
 */
#include "db/migrate.h"

#include "common/log.h"
#include "db/query.h"

#include <stdlib.h>
#include <string.h>

static const struct db_statement LOCK = {"migrate_lock", "SELECT pg_advisory_xact_lock(7234017283807667)"};
static const struct db_statement UNHURRIED = {"migrate_timeout", "SET LOCAL statement_timeout = 0"};
static const struct db_statement EXISTS = {
	"migrate_exists", "SELECT to_regclass('schema_migration') IS NOT NULL AS there"};
static const struct db_statement APPLIED = {
	"migrate_applied", "SELECT number, name, checksum FROM schema_migration ORDER BY number"};
static const struct db_statement CHECKSUM = {
	"migrate_checksum", "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex') AS checksum"};
static const struct db_statement RECORD = {"migrate_record",
	"INSERT INTO schema_migration (number, name, checksum)"
	" VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))"};

static const char CREATE_TABLE[] = "CREATE TABLE IF NOT EXISTS schema_migration (number bigint PRIMARY KEY,"
				   " name text NOT NULL, checksum text NOT NULL,"
				   " applied timestamptz NOT NULL DEFAULT now())";

static int64_t number_of(const struct embedded_file *file)
{
	return strtoll(file->name, NULL, 10);
}

static const char *text_of(const struct embedded_file *file)
{
	return (const char *)file->data;
}

static int check_file(struct db_conn *conn, const struct embedded_file *file, const struct db_result *applied,
	int row, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *ours = NULL;
	if (db_query_one(conn, &CHECKSUM, DB_PARAMS(DB_TEXT(text_of(file))), &ours, err) < 0)
		return -1;
	if (db_int(applied, row, "number") == number_of(file) &&
		strcmp(db_text(applied, row, "checksum"), db_text(ours, 0, "checksum")) == 0)
		return 0;
	return error_set(err, ERROR_CONFLICT,
		"the database was made by another program: its migration %s is not our %s",
		db_text(applied, row, "name"), file->name);
}

/* Compares what is recorded with our files. *missing is the first file not applied (its name NULL: none).
 * */
static int compare(struct db_conn *conn, const struct embedded_file *files,
	const struct embedded_file **missing, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *applied = NULL;
	if (db_query(conn, &APPLIED, DB_NO_PARAMS, &applied, err))
		return -1;
	for (int row = 0; row < db_rows(applied); row++, files++) {
		if (!files->name)
			return error_set(err, ERROR_CONFLICT,
				"the database is newer than this program: it has migration %s, which this "
				"program does "
				"not know; install the newer program",
				db_text(applied, row, "name"));
		if (check_file(conn, files, applied, row, err))
			return -1;
	}
	*missing = files;
	return 0;
}

static int apply(struct db_conn *conn, const struct embedded_file *file, struct error *err)
{
	if (db_run_script(conn, text_of(file), err)) {
		struct error why = *err;
		if (why.code == ERROR_UNAVAILABLE || why.code == ERROR_DEADLINE)
			return -1;
		error_set(
			err, ERROR_INTERNAL, "database migration %s failed and was rolled back", file->name);
		return error_add_cause(err, "%s", why.cause);
	}
	return db_execute(conn, &RECORD,
		DB_PARAMS(DB_INT(number_of(file)), DB_TEXT(file->name), DB_TEXT(text_of(file))), NULL, err);
}

/* Applies the next missing file: 1 applied / 0 none is missing / -1. */
static int step(struct db_conn *conn, const struct embedded_file *files, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	const struct embedded_file *missing = NULL;
	if (db_begin(conn, &tx, err) || db_execute(conn, &LOCK, DB_NO_PARAMS, NULL, err) ||
		db_execute(conn, &UNHURRIED, DB_NO_PARAMS, NULL, err) ||
		db_run_script(conn, CREATE_TABLE, err) || compare(conn, files, &missing, err))
		return -1;
	if (missing->name && apply(conn, missing, err))
		return -1;
	if (db_commit(&tx, err))
		return -1;
	if (!missing->name)
		return 0;
	log_info("database migrated", LOG_STR("migration", missing->name));
	return 1;
}

int db_migrate(struct db_conn *conn, const struct embedded_file *files, int *applied, struct error *err)
{
	int count = 0, outcome;
	while ((outcome = step(conn, files, err)) == 1)
		count++;
	if (outcome == 0 && applied)
		*applied = count;
	return outcome;
}

int db_migrate_check(struct db_conn *conn, const struct embedded_file *files, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *exists = NULL;
	if (db_query_one(conn, &EXISTS, DB_NO_PARAMS, &exists, err) < 0)
		return -1;
	const struct embedded_file *missing = files;
	if (db_bool(exists, 0, "there") && compare(conn, files, &missing, err))
		return -1;
	if (missing->name)
		return error_set(err, ERROR_UNAVAILABLE, "the database lacks migration %s", missing->name);
	return 0;
}
