/* SPDX-License-Identifier: MIT */
#include "db/history_repo.h"

#include "db/repo.h"

static const struct db_statement LIST = {"history_list",
	"SELECT coalesce(json_agg(json_build_object('version', version::text, 'op', op, 'actor', actor,"
	" 'request_id', request_id, 'at', rfc3339(at), 'row', data) ORDER BY at, media, version, op DESC), "
	"'[]')"
	" FROM (SELECT * FROM media_history WHERE pid = $1 AND version > $2 ORDER BY at, media, version, op "
	"DESC LIMIT $3) h"};

int history_list_json(struct db_conn *conn, const char *pid, int64_t after_version, int limit,
	struct arena *arena, const char **json, struct error *err)
{
	return repo_document(
		conn, &LIST, DB_PARAMS(DB_TEXT(pid), DB_INT(after_version), DB_INT(limit)), arena, json, err);
}
