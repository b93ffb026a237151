/* SPDX-License-Identifier: MIT */
#ifndef DB_MEDIA_STATEMENTS_H
#define DB_MEDIA_STATEMENTS_H

/* Inside db/: SQL that the statements about media share. */

#include "db/store_repo.h"

/* First in every statement that changes media, with the actor as $1 and $2: the triggers read it when the
 * statement ends. Its one row must be joined, or it would not be evaluated. */
#define MEDIA_WHO                                                                                            \
	"WITH who AS MATERIALIZED (SELECT set_config('mediastore.actor', coalesce($1, ''), true),"           \
	" set_config('mediastore.request_id', coalesce($2, ''), true))"
#define MEDIA_ACTOR(actor) DB_TEXT((actor)->name), DB_TEXT((actor)->request_id)

/* The columns of a struct media_row, of `m`, `s` and `c`. */
#define MEDIA_COLUMNS                                                                                        \
	" m.pk, m.pid, m.pid_type, m.store_key, m.store_status, m.size, m.content_type, m.filename, "        \
	"m.sha256, m.crc32c, m.md5,"                                                                         \
	" m.holder, m.version, m.mark, unix_ms(m.presign_expires) AS presign_expires,"                       \
	" unix_ms(m.created) AS created, unix_ms(m.updated) AS updated,"                                     \
	" unix_ms(coalesce(m.content_changed, m.updated)) AS content_changed," STORE_COLUMNS

struct media_row;
void media_from_row(const struct db_result *result, int row, struct media_row *out);

#endif
