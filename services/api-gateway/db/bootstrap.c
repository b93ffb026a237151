/* SPDX-License-Identifier: MIT */
#include "db/bootstrap.h"

#include "db/query.h"
#include "db/repo.h"
#include "db/user_repo.h"

static const struct db_statement EXISTS = {"bootstrap_exists", "SELECT pk FROM app_user WHERE name = $1"};
static const struct db_statement DEFAULT_TYPE = {
	"bootstrap_default", "INSERT INTO identifier_type (name) VALUES ('DEFAULT') ON CONFLICT DO NOTHING"};

static int exists(struct db_conn *conn, const char *name, struct error *err)
{
	int64_t pk;
	return repo_int(conn, &EXISTS, DB_PARAMS(DB_TEXT(name)), &pk, err);
}

int bootstrap_done(struct db_conn *conn, const struct bootstrap_account *accounts, struct error *err)
{
	for (; accounts->name; accounts++) {
		int found = exists(conn, accounts->name, err);
		if (found != 1)
			return found;
	}
	return 1;
}

static int make_account(struct db_conn *conn, const struct bootstrap_account *account, struct error *err)
{
	if (account->password_hash)
		return user_ensure(conn, account->name, account->password_hash, account->role, err) < 0 ? -1
													: 0;
	int found = exists(conn, account->name, err);
	if (found == 0)
		return error_set(err, ERROR_INVALID, "the first start needs a password for the account %s",
			account->name);
	return found < 0 ? -1 : 0;
}

int bootstrap_run(struct db_conn *conn, const struct bootstrap_account *accounts, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err))
		return -1;
	for (; accounts->name; accounts++)
		if (make_account(conn, accounts, err))
			return -1;
	if (db_execute(conn, &DEFAULT_TYPE, DB_NO_PARAMS, NULL, err))
		return -1;
	return db_commit(&tx, err);
}
