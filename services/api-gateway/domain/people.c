/* SPDX-License-Identifier: MIT */
#include "domain/people.h"

#include "common/clock.h"
#include "db/pool.h"
#include "db/query.h"
#include "db/token_repo.h"
#include "db/user_repo.h"
#include "domain/password.h"
#include "domain/principal.h"
#include "domain/row_tag.h"

#include <string.h>

static struct db_conn *connect(const struct people *people, struct error *err)
{
	return db_acquire(people->pool, clock_monotonic_ms() + people->timeout_ms, err);
}

/* Characters, not bytes. */
static int64_t length_of(const char *text)
{
	int64_t length = 0;
	for (; *text; text++)
		length += ((unsigned char)*text & 0xC0) != 0x80;
	return length;
}

/* Before a connection is taken: it takes much longer than the statements. */
static int make_hash(const struct people *people, const char *password, struct arena *arena, const char **out,
	struct error *err)
{
	if (length_of(password) < people->password_min)
		return error_set(err, ERROR_INVALID, "a password must have at least %lld characters",
			(long long)people->password_min);
	return password_hash(password, clock_monotonic_ms() + people->timeout_ms, arena, out, err);
}

static int check_role(const char *role, struct error *err)
{
	if (role && role_from_name(role) < 0)
		return error_set(err, ERROR_INVALID, "role must be reader, writer or admin");
	return 0;
}

static int read_found(
	struct db_conn *conn, const char *name, struct arena *arena, const char **json, struct error *err)
{
	int found = user_read_json(conn, name, arena, json, err);
	return found == 0 ? error_set(err, ERROR_NOT_FOUND, "no such user") : found < 0 ? -1 : 0;
}

/* REST's schema has said so already, a command line has not. */
static int check_name(const char *name, struct error *err)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7F)
			return error_set(err, ERROR_INVALID, "a name must be printable");
	return 0;
}

int people_create(const struct people *people, const char *name, const char *password, const char *role,
	struct arena *arena, const char **json, struct error *err)
{
	const char *hash;
	int64_t pk;
	if (check_name(name, err) || check_role(role, err) || make_hash(people, password, arena, &hash, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = connect(people, err);
	if (!conn || user_create(conn, name, hash, role, &pk, err))
		return -1;
	return read_found(conn, name, arena, json, err);
}

/* Inside the transaction. */
static int keep_an_admin(
	struct db_conn *conn, const char *name, const struct people_change *change, struct error *err)
{
	bool stays = !change->role || strcmp(change->role, role_name(ROLE_ADMIN)) == 0;
	if (stays && change->active != PEOPLE_DISABLE)
		return 0;
	int last = user_is_last_admin(conn, name, err);
	return last == 1 ? error_set(err, ERROR_CONFLICT, "this is the last active admin") : last;
}

static int apply(struct db_conn *conn, const struct user_row *user, const struct people_change *change,
	const char *hash, int64_t keep_token_pk, struct error *err)
{
	if (keep_an_admin(conn, user->name, change, err))
		return -1;
	if ((hash || change->role) && user_update(conn, user->name, hash, change->role, err) < 0)
		return -1;
	if (hash && token_end_logins(conn, user->pk, keep_token_pk, err))
		return -1;
	if (change->active == PEOPLE_AS_IS)
		return 0;
	return user_set_active(conn, user->name, change->active == PEOPLE_ENABLE, err) < 0 ? -1 : 0;
}

int people_change(const struct people *people, const char *name, const struct people_change *change,
	int64_t keep_token_pk, struct arena *arena, const char **json, struct error *err)
{
	const char *hash = NULL;
	if (check_role(change->role, err) ||
		(change->password && make_hash(people, change->password, arena, &hash, err)))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = connect(people, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct user_row user;
	if (!conn || db_begin(conn, &tx, err) ||
		row_tag_require(conn, ROW_USER, name, change->if_match, arena, err))
		return -1;
	int found = user_find(conn, name, arena, &user, err);
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, "no such user");
	if (found < 0 || apply(conn, &user, change, hash, keep_token_pk, err) ||
		read_found(conn, name, arena, json, err))
		return -1;
	return db_commit(&tx, err);
}

int people_read(const struct people *people, const char *name, struct arena *arena, const char **json,
	const char **tag, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(people, err);
	if (!conn || (tag && row_tag_read(conn, ROW_USER, name, arena, tag, err)))
		return -1;
	return read_found(conn, name, arena, json, err);
}

int people_list(const struct people *people, db_visit_text_fn *visit, void *context, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(people, err);
	return conn ? user_list_json(conn, visit, context, err) : -1;
}
