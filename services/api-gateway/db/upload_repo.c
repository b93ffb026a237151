/* SPDX-License-Identifier: MIT */
#include "db/upload_repo.h"

#include "common/arena.h"
#include "db/job_rows.h"
#include "db/repo.h"

#include <string.h>

#define COLUMNS                                                                                              \
	" u.id, u.app_user, u.kind, u.state, u.length, u.received, u.hash, array_to_string(u.parts, ',') "   \
	"AS parts,"                                                                                          \
	" u.metadata, u.media, u.if_match, u.job, a.name AS username, unix_ms(u.expires) AS expires,"        \
	" u.expires <= now() AS expired"
#define FROM " FROM upload u JOIN app_user a ON a.pk = u.app_user "

static const struct db_statement INSERT = {"upload_insert",
	"INSERT INTO upload (id, app_user, kind, state, length, hash, parts, metadata, media, if_match, "
	"expires)"
	" VALUES ($1, $2, $3, $4, $5, $6, string_to_array($7, ',')::uuid[], $8, $9::jsonb, $10,"
	" now() + $11::bigint * interval '1 ms')"};
static const struct db_statement FIND = {
	"upload_find", "SELECT" COLUMNS FROM "WHERE u.id = $1 AND ($2 = 0 OR u.app_user = $2)"};
static const struct db_statement FIND_PARTS = {"upload_find_parts",
	"SELECT" COLUMNS FROM
	"JOIN unnest(string_to_array($1, ',')::uuid[]) WITH ORDINALITY AS wanted(id, place)"
	" ON wanted.id = u.id WHERE u.app_user = $2 AND u.kind = 'partial' AND u.state = 'finished'"
	" AND u.expires > now() ORDER BY wanted.place"};
static const struct db_statement FIND_JOINING = {"upload_find_joining",
	"SELECT" COLUMNS FROM "WHERE u.state = 'joining' AND u.expires > now()"
	" AND u.updated <= now() - $1::bigint * interval '1 ms' ORDER BY u.updated LIMIT 1"};
static const struct db_statement ADVANCE = {"upload_advance",
	"UPDATE upload SET received = $3, hash = $4, length = coalesce($5, length),"
	" state = CASE WHEN $6 THEN 'finished' ELSE state END, job = coalesce($7::uuid, job), updated = "
	"now(),"
	" expires = now() + $8::bigint * interval '1 ms'"
	" WHERE id = $1 AND received = $2 AND state <> 'finished'"};
static const struct db_statement DELETE = {"upload_delete", "DELETE FROM upload WHERE id = $1"};
static const struct db_statement DELETE_EXPIRED = {"upload_delete_expired",
	"DELETE FROM upload WHERE id IN (SELECT id FROM upload WHERE expires <= now() - interval '1 minute' "
	"ORDER BY expires LIMIT "
	"$1"
	" FOR UPDATE SKIP LOCKED) RETURNING id"};

static const char *const KINDS[] = {"whole", "partial", "final"};
static const char *const STATES[] = {"receiving", "joining", "finished"};

/* Columns are checked against the same lists. */
static int name_at(const char *const *names, const char *name)
{
	int i = 0;
	while (strcmp(names[i], name) != 0)
		i++;
	return i;
}

static void from_row(const struct db_result *result, int row, struct upload_row *out)
{
	*out = (struct upload_row){
		.id = db_text(result, row, "id"),
		.user_pk = db_int(result, row, "app_user"),
		.kind = (enum upload_kind)name_at(KINDS, db_text(result, row, "kind")),
		.state = (enum upload_state)name_at(STATES, db_text(result, row, "state")),
		.length = db_int_or(result, row, "length", -1),
		.received = db_int(result, row, "received"),
		.hash = db_text(result, row, "hash"),
		.parts = db_text(result, row, "parts"),
		.metadata = db_text(result, row, "metadata"),
		.media = db_text(result, row, "media"),
		.if_match = db_text(result, row, "if_match"),
		.job = db_text(result, row, "job"),
		.username = db_text(result, row, "username"),
		.expires_unix_ms = db_int(result, row, "expires"),
		.expired = db_bool(result, row, "expired"),
	};
}

int upload_insert(
	struct db_conn *conn, const struct upload_row *upload, int64_t lifetime_ms, struct error *err)
{
	enum upload_state state = upload->kind == UPLOAD_FINAL ? UPLOAD_JOINING : UPLOAD_RECEIVING;
	return db_execute(conn, &INSERT,
		DB_PARAMS(DB_TEXT(upload->id), DB_INT(upload->user_pk), DB_TEXT(KINDS[upload->kind]),
			DB_TEXT(STATES[state]), DB_INT_OR_NULL(upload->length, -1), DB_TEXT(upload->hash),
			DB_TEXT(upload->parts), DB_TEXT(upload->metadata), DB_TEXT(upload->media),
			DB_TEXT(upload->if_match), DB_INT(lifetime_ms)),
		NULL, err);
}

static int find_one(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct arena *arena, struct upload_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, statement, params, arena, &row, err);
	if (found == 1)
		from_row(row, 0, out);
	return found;
}

int upload_find(struct db_conn *conn, const char *id, int64_t user_pk, struct arena *arena,
	struct upload_row *out, struct error *err)
{
	if (!job_is_id(id))
		return 0;
	return find_one(conn, &FIND, DB_PARAMS(DB_TEXT(id), DB_INT(user_pk)), arena, out, err);
}

int upload_find_joining(
	struct db_conn *conn, int64_t idle_ms, struct arena *arena, struct upload_row *out, struct error *err)
{
	return find_one(conn, &FIND_JOINING, DB_PARAMS(DB_INT(idle_ms)), arena, out, err);
}

int upload_find_parts(struct db_conn *conn, const char *ids, int64_t user_pk, struct arena *arena,
	struct upload_row **out, size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &FIND_PARTS, DB_PARAMS(DB_TEXT(ids), DB_INT(user_pk)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*out = arena_alloc(arena, (*count + 1) * sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		from_row(rows, (int)i, &(*out)[i]);
	return 0;
}

int upload_advance(struct db_conn *conn, const struct upload_progress *progress, struct error *err)
{
	return repo_change(conn, &ADVANCE,
		DB_PARAMS(DB_TEXT(progress->id), DB_INT(progress->before), DB_INT(progress->received),
			DB_TEXT(progress->hash), DB_INT_OR_NULL(progress->length, -1),
			DB_BOOL(progress->finished), DB_TEXT(progress->job), DB_INT(progress->lifetime_ms)),
		err);
}

int upload_delete(struct db_conn *conn, const char *id, struct error *err)
{
	return repo_change(conn, &DELETE, DB_PARAMS(DB_TEXT(id)), err);
}

int upload_delete_expired(struct db_conn *conn, int limit, struct arena *arena, const char ***ids,
	size_t *count, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &DELETE_EXPIRED, DB_PARAMS(DB_INT(limit)), arena, &rows, err))
		return -1;
	*count = (size_t)db_rows(rows);
	*ids = arena_alloc(arena, (*count + 1) * sizeof(**ids));
	for (size_t i = 0; i < *count; i++)
		(*ids)[i] = db_text(rows, (int)i, "id");
	return 0;
}
