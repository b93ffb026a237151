/* SPDX-License-Identifier: MIT */
#include "domain/credentials.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "db/pool.h"
#include "db/user_repo.h"
#include "domain/login_limit.h"
#include "domain/password.h"

static struct db_conn *connect(const struct credentials_checker *checker, struct error *err)
{
	return db_acquire(checker->pool, clock_monotonic_ms() + checker->timeout_ms, err);
}

/* The connection goes back before the password is checked, which takes much longer than the query. */
static int find_user(const struct credentials_checker *checker, const char *name, struct arena *arena,
	struct user_row *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(checker, err);
	return conn ? user_find(conn, name, arena, out, err) : -1;
}

static int check_limit(const struct credentials_checker *checker, const struct credentials *given,
	int64_t *wait_ms, struct error *err)
{
	*wait_ms = checker->limit ? login_limit_wait(checker->limit, given->username, given->address) : 0;
	return *wait_ms ? error_set(err, ERROR_TOO_MANY, "too many failed logins; try again later") : 0;
}

static void count(const struct credentials_checker *checker, const struct credentials *given, bool succeeded)
{
	if (!checker->limit)
		return;
	if (succeeded)
		login_limit_succeeded(checker->limit, given->username, given->address);
	else
		login_limit_failed(checker->limit, given->username, given->address);
}

/* It can wait for the next login when it does not work out now. */
static void renew_hash(const struct credentials_checker *checker, const struct user_row *user,
	const char *password, struct arena *arena)
{
	struct error err;
	const char *hash;
	if (password_hash(password, clock_monotonic_ms() + checker->timeout_ms, arena, &hash, &err) == 0) {
		CLEANUP(db_release) struct db_conn *conn = connect(checker, &err);
		if (conn && user_replace_hash(conn, user->pk, user->password_hash, hash, &err) >= 0)
			return;
	}
	log_debug("a password's hash keeps its old form", LOG_STR("user", user->name), LOG_ERROR(&err));
}

int credentials_check(const struct credentials_checker *checker, const struct credentials *given,
	int64_t *user_pk, int64_t *wait_ms, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct user_row user = {0};
	if (check_limit(checker, given, wait_ms, err))
		return -1;
	int known = find_user(checker, given->username, arena, &user, err);
	if (known < 0)
		return -1;
	int right = password_check(given->password, known == 1 ? user.password_hash : NULL,
		clock_monotonic_ms() + checker->timeout_ms, err);
	if (right < 0)
		return -1;
	bool valid = right == 1 && user.active;
	/* Others have failed while this one waited for its turn: its outcome is no longer told. */
	if (check_limit(checker, given, wait_ms, err))
		return -1;
	count(checker, given, valid);
	if (!valid)
		return error_set(err, ERROR_UNAUTHORIZED, "Invalid credentials");
	if (!password_is_current(user.password_hash))
		renew_hash(checker, &user, given->password, arena);
	*user_pk = user.pk;
	return 0;
}
