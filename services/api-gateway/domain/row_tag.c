/* SPDX-License-Identifier: MIT */
#include "domain/row_tag.h"

#include "common/arena.h"
#include "domain/entity_tag.h"

#include <stddef.h>

static const char *tag_of(const char *version, struct arena *arena)
{
	return arena_printf(arena, "\"%s\"", version);
}

int row_tag_read(struct db_conn *conn, enum row_kind kind, const char *key, struct arena *arena,
	const char **tag, struct error *err)
{
	const char *version;
	int found = row_version_read(conn, kind, key, arena, &version, err);
	if (found < 0)
		return -1;
	*tag = found ? tag_of(version, arena) : NULL;
	return 0;
}

int row_tag_require(struct db_conn *conn, enum row_kind kind, const char *key, const char *if_match,
	struct arena *arena, struct error *err)
{
	const char *version;
	if (!if_match)
		return 0;
	int found = row_version_lock(conn, kind, key, arena, &version, err);
	if (found <= 0 || entity_tag_in_list_strongly(if_match, tag_of(version, arena)))
		return found < 0 ? -1 : 0;
	return error_set(err, ERROR_PRECONDITION_FAILED, "it has another version than If-Match names");
}
