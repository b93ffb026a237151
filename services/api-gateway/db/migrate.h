/* SPDX-License-Identifier: MIT */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

/*
 * Brings the schema to what this program knows: numbered SQL files (migrations/NNN_name.sql, embedded by
 * the build), each applied once in a transaction of its own, all under an advisory lock so that gateways
 * may start together. What was applied is recorded with its checksum in schema_migration. Released files
 * are never edited: a new one is added.
 */

#include "common/embedded.h"
#include "common/error.h"

#include <stdint.h>

struct db_conn;

extern const struct embedded_file migration_files[];

/* Applies what is missing of the files, in the order of their numbers. Waits for another gateway's
 * migration until the connection's deadline. *applied (may be NULL) counts. CONFLICT: the database is
 * newer than this program, or a recorded file differs from ours; INTERNAL: a file failed (its transaction
 * is rolled back; the message names the file). */
MUST_CHECK int db_migrate(
	struct db_conn *conn, const struct embedded_file *files, int *applied, struct error *err);
/* 0 when the database has exactly what the files say; UNAVAILABLE when migrations are missing, CONFLICT
 * as above. */
MUST_CHECK int db_migrate_check(struct db_conn *conn, const struct embedded_file *files, struct error *err);

#endif
