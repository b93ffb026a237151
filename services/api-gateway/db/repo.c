/* SPDX-License-Identifier: MIT */
#include "db/repo.h"

int repo_rows(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, const struct db_result **out, struct error *err)
{
	struct db_result *result = NULL;
	if (db_query(conn, statement, params, &result, err))
		return -1;
	db_result_to_arena(result, arena);
	*out = result;
	return 0;
}

int repo_row(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, const struct db_result **out, struct error *err)
{
	struct db_result *result = NULL;
	int found = db_query_one(conn, statement, params, &result, err);
	if (found != 1)
		return found;
	db_result_to_arena(result, arena);
	*out = result;
	return 1;
}

int repo_text(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, const char **out, struct error *err)
{
	const struct db_result *result = NULL;
	int found = repo_row(conn, statement, params, arena, &result, err);
	if (found == 1)
		*out = db_text_at(result, 0, 0);
	return found;
}

int repo_document(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, const char **out, struct error *err)
{
	return repo_text(conn, statement, params, arena, out, err) < 0 ? -1 : 0;
}

int repo_int(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	int64_t *out, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *result = NULL;
	int found = db_query_one(conn, statement, params, &result, err);
	if (found == 1)
		*out = db_int_at(result, 0, 0);
	return found;
}

int repo_change(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct error *err)
{
	int64_t changed = 0;
	if (db_execute(conn, statement, params, &changed, err))
		return -1;
	return changed > 0;
}
