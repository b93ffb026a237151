/* SPDX-License-Identifier: MIT */
#include "db/user_repo.h"

#include "db/repo.h"

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
static const struct db_statement LIST = {"user_list",
	"SELECT coalesce(json_agg(json_build_object('name', name, 'role', role, 'active', active,"
	" 'created', rfc3339(created), 'updated', rfc3339(updated)) ORDER BY name), '[]') FROM app_user"};

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

int user_list_json(struct db_conn *conn, struct arena *arena, const char **out, struct error *err)
{
	return repo_document(conn, &LIST, DB_NO_PARAMS, arena, out, err);
}
