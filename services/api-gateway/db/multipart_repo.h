/* SPDX-License-Identifier: MIT */
#ifndef DB_MULTIPART_REPO_H
#define DB_MULTIPART_REPO_H

/* Uploads in parts that clients send to an S3 server. Strings of rows are lent by the arena. */

#include "common/error.h"
#include "schemas/job_message.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;

struct multipart_row {
	struct store_descriptor store;
	const char *key;
	int64_t media_pk;
	const char *upload_id; /* NULL: not known yet */
	int64_t part_size;
	int64_t size;       /* announced; -1: not */
	const char *sha256; /* announced; NULL: not */
	int64_t expires_unix_ms;
};

/* Of the store only its pk is looked at. */
MUST_CHECK int multipart_insert(struct db_conn *conn, const struct multipart_row *row, struct error *err);
/* 1 / 0 it is over already / -1 */
MUST_CHECK int multipart_note_id(
	struct db_conn *conn, int64_t store_pk, const char *key, const char *upload_id, struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int multipart_find(struct db_conn *conn, int64_t store_pk, const char *key, struct arena *arena,
	struct multipart_row *out, struct error *err);
/* Those that are to be ended: the media waits for this key no longer, the time is over, or whoever began one has
 * not learnt its name for a quarter of an hour. */
MUST_CHECK int multipart_list_over(struct db_conn *conn, int limit, struct arena *arena,
	struct multipart_row **out, size_t *count, struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int multipart_delete(struct db_conn *conn, int64_t store_pk, const char *key, struct error *err);

#endif
