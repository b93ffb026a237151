/* SPDX-License-Identifier: MIT */
#include "db/user_repo.h"

#include "db/repo.h"

#include <string.h>

static const struct db_statement FIND = {
	"user_find", "SELECT pk, name, password_hash, role, active FROM app_user WHERE name = $1"};
static const struct db_statement CREATE = {
	"user_create", "INSERT INTO app_user (name, password_hash, role) VALUES ($1, $2, $3) RETURNING pk"};
static const struct db_statement ENSURE = {"user_ensure",
	"INSERT INTO app_user (name, password_hash, role) VALUES ($1, $2, $3)"
	" ON CONFLICT ON CONSTRAINT app_user_name_key DO NOTHING"};
static const struct db_statement UPDATE = {"user_update",
	"UPDATE app_user SET password_hash = coalesce($2, password_hash), role = coalesce($3, role), updated "
	"= now()"
	" WHERE name = $1"};
static const struct db_statement SET_ACTIVE = {"user_set_active",
	"WITH who AS (UPDATE app_user SET active = $2, updated = now() WHERE name = $1 RETURNING pk),"
	" ended AS (UPDATE token SET revoked = now() FROM who"
	"	WHERE token.app_user = who.pk AND token.revoked IS NULL AND NOT $2::boolean)"
	" SELECT pk FROM who"};
#define USER_JSON                                                                                            \
	" json_build_object('name', name, 'role', role, 'active', active, 'created', rfc3339(created),"      \
	" 'updated', rfc3339(updated))"
static const struct db_statement LIST = {"user_list", "SELECT" USER_JSON " FROM app_user ORDER BY name"};
static const struct db_statement READ = {"user_read", "SELECT" USER_JSON " FROM app_user WHERE name = $1"};
static const struct db_statement REPLACE_HASH = {
	"user_replace_hash", "UPDATE app_user SET password_hash = $3 WHERE pk = $1 AND password_hash = $2"};
/* In one order, so that two who look at once do not wait for each other. */
static const struct db_statement LOCK_ADMINS = {"user_lock_admins",
	"SELECT name FROM app_user WHERE role = 'admin' AND active ORDER BY pk FOR UPDATE"};

int user_find(
	struct db_conn *conn, const char *name, struct arena *arena, struct user_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND, DB_PARAMS(DB_TEXT(name)), arena, &row, err);
	if (found == 1)
		*out = (struct user_row){
			.pk = db_int(row, 0, "pk"),
			.name = db_text(row, 0, "name"),
			.password_hash = db_text(row, 0, "password_hash"),
			.role = db_text(row, 0, "role"),
			.active = db_bool(row, 0, "active"),
		};
	return found;
}

int user_create(struct db_conn *conn, const char *name, const char *password_hash, const char *role,
	int64_t *pk, struct error *err)
{
	int made = repo_int(
		conn, &CREATE, DB_PARAMS(DB_TEXT(name), DB_TEXT(password_hash), DB_TEXT(role)), pk, err);
	return made == 1 ? 0 : -1;
}

int user_ensure(struct db_conn *conn, const char *name, const char *password_hash, const char *role,
	struct error *err)
{
	return repo_change(
		conn, &ENSURE, DB_PARAMS(DB_TEXT(name), DB_TEXT(password_hash), DB_TEXT(role)), err);
}

int user_update(struct db_conn *conn, const char *name, const char *password_hash, const char *role,
	struct error *err)
{
	return repo_change(
		conn, &UPDATE, DB_PARAMS(DB_TEXT(name), DB_TEXT(password_hash), DB_TEXT(role)), err);
}

int user_set_active(struct db_conn *conn, const char *name, bool active, struct error *err)
{
	int64_t pk;
	return repo_int(conn, &SET_ACTIVE, DB_PARAMS(DB_TEXT(name), DB_BOOL(active)), &pk, err);
}

int user_list_json(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err)
{
	return db_stream_text(conn, &LIST, DB_NO_PARAMS, visit, context, err);
}

int user_read_json(
	struct db_conn *conn, const char *name, struct arena *arena, const char **out, struct error *err)
{
	return repo_text(conn, &READ, DB_PARAMS(DB_TEXT(name)), arena, out, err);
}

int user_replace_hash(
	struct db_conn *conn, int64_t pk, const char *present, const char *replacement, struct error *err)
{
	return repo_change(
		conn, &REPLACE_HASH, DB_PARAMS(DB_INT(pk), DB_TEXT(present), DB_TEXT(replacement)), err);
}

int user_is_last_admin(struct db_conn *conn, const char *name, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *admins = NULL;
	if (db_query(conn, &LOCK_ADMINS, DB_NO_PARAMS, &admins, err))
		return -1;
	return db_rows(admins) == 1 && strcmp(db_text_at(admins, 0, 0), name) == 0;
}
