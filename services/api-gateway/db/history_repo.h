/* SPDX-License-Identifier: MIT */
#ifndef DB_HISTORY_REPO_H
#define DB_HISTORY_REPO_H

/* What became of a media: one row per change, written by a trigger, kept when the media is deleted. */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct db_conn;

/* [{version, op, actor, request_id, at, row}], oldest first, the versions after `after_version` (0: all),
 * at most `limit`. A pid that was deleted and made anew lists both lives, by time. */
MUST_CHECK int history_list_json(struct db_conn *conn, const char *pid, int64_t after_version, int limit,
	struct arena *arena, const char **json, struct error *err);

#endif
