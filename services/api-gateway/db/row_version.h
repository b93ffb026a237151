/* SPDX-License-Identifier: MIT */
#ifndef DB_ROW_VERSION_H
#define DB_ROW_VERSION_H

/* The version of a row that has no column for it: which transaction wrote it last (xmin), and for a store also who
 * wrote its S3 configuration, as its description holds that. */

#include "common/error.h"

struct arena;
struct db_conn;

enum row_kind { ROW_STORE, ROW_S3_CONFIG, ROW_IDENTIFIER, ROW_USER, ROW_WEBHOOK, ROW_KINDS };

/* `key` is a pk in decimals, or a name. *version is the arena's. 1 / 0 no such row / -1. */
MUST_CHECK int row_version_read(struct db_conn *conn, enum row_kind kind, const char *key,
	struct arena *arena, const char **version, struct error *err);
/* The same, and it stays so until the end of the transaction that is open. */
MUST_CHECK int row_version_lock(struct db_conn *conn, enum row_kind kind, const char *key,
	struct arena *arena, const char **version, struct error *err);

#endif
