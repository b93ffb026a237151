/* SPDX-License-Identifier: MIT */
#include "domain/first_start.h"

#include "common/arena.h"
#include "common/clock.h"
#include "config.h"
#include "db/bootstrap.h"
#include "db/migrate.h"
#include "db/pool.h"
#include "domain/password.h"

enum { PATIENCE_MS = 60000, ACCOUNTS = 2 };

static int make_accounts(
	struct db_conn *conn, const struct config *config, struct arena *arena, struct error *err)
{
	const struct {
		const char *name, *password, *role;
	} wanted[ACCOUNTS] = {
		{config->admin_username, config->admin_password, "admin"},
		{config->service_username, config->service_password, "writer"},
	};
	struct bootstrap_account accounts[ACCOUNTS + 1] = {0};
	for (int i = 0; i < ACCOUNTS && wanted[i].name; i++)
		accounts[i] = (struct bootstrap_account){wanted[i].name, NULL, wanted[i].role};
	int done = bootstrap_done(conn, accounts, err);
	if (done)
		return done < 0 ? -1 : 0;
	for (int i = 0; accounts[i].name; i++) {
		if (!wanted[i].password)
			continue;
		int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
		if (password_hash(wanted[i].password, deadline, arena, &accounts[i].password_hash, err))
			return -1;
	}
	return bootstrap_run(conn, accounts, err);
}

int first_start(struct db_pool *pool, const struct config *config, int *applied, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, clock_monotonic_ms() + PATIENCE_MS, err);
	if (!conn || db_migrate(conn, migration_files, applied, err))
		return -1;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	return make_accounts(conn, config, arena, err);
}
