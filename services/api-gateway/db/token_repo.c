/* SPDX-License-Identifier: MIT */
#include "db/token_repo.h"

#include "db/repo.h"

/* Of t and u, as SQL. */
#define LOWER_ROLE                                                                                           \
	" CASE WHEN array_position(ARRAY['reader', 'writer', 'admin'], t.role)"                              \
	" < array_position(ARRAY['reader', 'writer', 'admin'], u.role) THEN t.role ELSE u.role END"
#define TOKEN_JSON                                                                                           \
	" json_build_object('pk', t.pk, 'user', u.name, 'name', t.name, 'role'," LOWER_ROLE                  \
	", 'login', t.login, 'expires', rfc3339(t.expires), 'last_used', rfc3339(t.last_used),"              \
	" 'created', rfc3339(t.created), 'revoked', rfc3339(t.revoked))"

static const struct db_statement CREATE = {"token_create",
	"INSERT INTO token (hash, app_user, name, role, expires, login)"
	" VALUES (decode($1, 'hex'), $2, $3, $4, now() + $5::bigint * interval '1 ms', $6) RETURNING pk"};
static const struct db_statement FIND = {"token_find",
	"SELECT t.pk, u.pk AS user_pk, u.name AS user_name, t.name, t.login," LOWER_ROLE " AS role,"
	" unix_ms(t.expires) AS expires,"
	" (t.last_used IS NULL OR t.last_used < now() - interval '1 minute') AS untouched"
	" FROM token t JOIN app_user u ON u.pk = t.app_user"
	" WHERE t.hash = decode($1, 'hex') AND t.revoked IS NULL AND t.expires > now() AND u.active"};
static const struct db_statement TOUCH = {"token_touch",
	"UPDATE token SET last_used = now()"
	" WHERE pk = $1 AND (last_used IS NULL OR last_used < now() - interval '1 minute')"};
static const struct db_statement REVOKE = {"token_revoke",
	"UPDATE token SET revoked = now()"
	" WHERE pk = $1 AND revoked IS NULL AND expires > now() AND ($2::bigint IS NULL OR app_user = $2)"};
static const struct db_statement END_LOGINS = {"token_end_logins",
	"UPDATE token SET revoked = now()"
	" WHERE app_user = $1 AND login AND revoked IS NULL AND pk <> $2"};
static const struct db_statement READ = {"token_read",
	"SELECT" TOKEN_JSON " FROM token t JOIN app_user u ON u.pk = t.app_user WHERE t.pk = $1"};
static const struct db_statement LIST = {"token_list",
	"SELECT coalesce(json_agg(line ORDER BY pk DESC), '[]') FROM ("
	"SELECT t.pk," TOKEN_JSON " AS line FROM token t JOIN app_user u ON u.pk = t.app_user"
	" WHERE ($1::bigint IS NULL OR t.app_user = $1) AND ($2::bigint IS NULL OR t.pk < $2)"
	" ORDER BY t.pk DESC LIMIT $3) page"};
static const struct db_statement DELETE_EXPIRED = {
	"token_delete_expired", "DELETE FROM token WHERE least(expires, revoked) < now() - interval '1 day'"};

int token_create(struct db_conn *conn, const struct token_new *token, int64_t *pk, struct error *err)
{
	int made = repo_int(conn, &CREATE,
		DB_PARAMS(DB_TEXT(token->hash_hex), DB_INT(token->user_pk), DB_TEXT(token->name),
			DB_TEXT(token->role), DB_INT(token->lifetime_ms), DB_BOOL(token->login)),
		pk, err);
	return made == 1 ? 0 : -1;
}

/* When a token was last used is good to know, but no reason to refuse it. */
static void touch(struct db_conn *conn, int64_t pk)
{
	struct error ignored;
	if (!db_in_transaction(conn) && db_execute(conn, &TOUCH, DB_PARAMS(DB_INT(pk)), NULL, &ignored))
		return;
}

int token_find(struct db_conn *conn, const char *hash_hex, struct arena *arena, struct token_row *out,
	struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND, DB_PARAMS(DB_TEXT(hash_hex)), arena, &row, err);
	if (found != 1)
		return found;
	*out = (struct token_row){
		.pk = db_int(row, 0, "pk"),
		.user_pk = db_int(row, 0, "user_pk"),
		.user_name = db_text(row, 0, "user_name"),
		.name = db_text(row, 0, "name"),
		.role = db_text(row, 0, "role"),
		.login = db_bool(row, 0, "login"),
		.expires_unix_ms = db_int(row, 0, "expires"),
	};
	if (db_bool(row, 0, "untouched"))
		touch(conn, out->pk);
	return 1;
}

int token_revoke(struct db_conn *conn, int64_t pk, int64_t user_pk, struct error *err)
{
	return repo_change(conn, &REVOKE, DB_PARAMS(DB_INT(pk), DB_INT_OR_NULL(user_pk, 0)), err);
}

int token_end_logins(struct db_conn *conn, int64_t user_pk, int64_t keep_pk, struct error *err)
{
	return db_execute(conn, &END_LOGINS, DB_PARAMS(DB_INT(user_pk), DB_INT(keep_pk)), NULL, err);
}

int token_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **out, struct error *err)
{
	return repo_text(conn, &READ, DB_PARAMS(DB_INT(pk)), arena, out, err);
}

int token_list_json(struct db_conn *conn, const struct token_page *page, struct arena *arena,
	const char **out, struct error *err)
{
	return repo_document(conn, &LIST,
		DB_PARAMS(DB_INT_OR_NULL(page->user_pk, 0), DB_INT_OR_NULL(page->before_pk, 0),
			DB_INT(page->limit)),
		arena, out, err);
}

int token_delete_expired(struct db_conn *conn, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_EXPIRED, DB_NO_PARAMS, deleted, err);
}
