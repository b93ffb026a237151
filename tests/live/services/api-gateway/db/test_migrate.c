/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/bootstrap.h"
#include "db/identifier_repo.h"
#include "db/user_repo.h"

#include <pthread.h>

#define FILE_OF(name, sql)                                                                                   \
	{                                                                                                    \
		(name), (const unsigned char *)(sql), sizeof(sql) - 1                                        \
	}

static const struct embedded_file TWO[] = {
	FILE_OF("001_one.sql", "CREATE TABLE one (a int); INSERT INTO one VALUES (1)"),
	FILE_OF("002_two.sql", "CREATE TABLE two (a int)"), {0}};
static const struct embedded_file ONE[] = {
	FILE_OF("001_one.sql", "CREATE TABLE one (a int); INSERT INTO one VALUES (1)"), {0}};
static const struct embedded_file EDITED[] = {FILE_OF("001_one.sql", "CREATE TABLE one (b int)"), {0}};
static const struct embedded_file FAILING[] = {
	FILE_OF("001_one.sql", "CREATE TABLE one (a int); INSERT INTO one VALUES (1)"),
	FILE_OF("002_bad.sql", "CREATE TABLE bad (a int); SELECT 1 / 0"), {0}};

static int setup(void **state)
{
	fixture_make_database();
	return fixture_begin(state);
}

static int teardown(void **state)
{
	fixture_end(state);
	return fixture_drop(state);
}

static int migrate(const struct embedded_file *files, int *applied)
{
	return db_migrate(fixture.conn, files, applied, &fixture.err);
}

static void fresh_database_gets_every_file_once(void **state)
{
	(void)state;
	int applied = 0;
	assert_ok(migrate(TWO, &applied));
	assert_int_equal(applied, 2);
	assert_ok(migrate(TWO, &applied));
	assert_int_equal(applied, 0);
	assert_string_equal(fixture_ask("SELECT count(*) FROM one"), "1");
}

static void new_file_is_added_to_an_older_database(void **state)
{
	(void)state;
	int applied = 0;
	assert_ok(migrate(ONE, NULL));
	assert_ok(migrate(TWO, &applied));
	assert_int_equal(applied, 1);
}

static void newer_database_is_refused_by_name(void **state)
{
	(void)state;
	assert_ok(migrate(TWO, NULL));
	assert_fails(migrate(ONE, NULL), ERROR_CONFLICT);
	assert_non_null(strstr(fixture.err.message, "newer than this program"));
	assert_non_null(strstr(fixture.err.message, "002_two.sql"));
}

static void edited_file_is_refused(void **state)
{
	(void)state;
	assert_ok(migrate(ONE, NULL));
	assert_fails(migrate(EDITED, NULL), ERROR_CONFLICT);
}

static void failing_file_leaves_nothing_of_itself(void **state)
{
	(void)state;
	assert_fails(migrate(FAILING, NULL), ERROR_INTERNAL);
	assert_non_null(strstr(fixture.err.message, "002_bad.sql"));
	assert_string_equal(fixture_ask("SELECT count(*) FROM schema_migration"), "1");
	assert_string_equal(fixture_ask("SELECT to_regclass('bad') IS NULL"), "t");
}

static void check_tells_what_is_missing(void **state)
{
	(void)state;
	assert_fails(db_migrate_check(fixture.conn, TWO, &fixture.err), ERROR_UNAVAILABLE);
	assert_ok(migrate(ONE, NULL));
	assert_fails(db_migrate_check(fixture.conn, TWO, &fixture.err), ERROR_UNAVAILABLE);
	assert_non_null(strstr(fixture.err.message, "002_two.sql"));
	assert_ok(migrate(TWO, NULL));
	assert_ok(db_migrate_check(fixture.conn, TWO, &fixture.err));
}

static const struct bootstrap_account ACCOUNTS[] = {
	{"admin", "hash-1", "admin"}, {"service", "hash-2", "writer"}, {0}};

struct starter {
	int outcome;
	struct error err;
};

static void *start_gateway(void *context)
{
	struct starter *starter = context;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &starter->err);
	starter->outcome = -1;
	if (conn && db_migrate(conn, migration_files, NULL, &starter->err) == 0)
		starter->outcome = bootstrap_run(conn, ACCOUNTS, &starter->err);
	return NULL;
}

static void gateways_that_start_together_make_one_database(void **state)
{
	(void)state;
	struct starter starters[4];
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, start_gateway, &starters[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 4; i++)
		if (starters[i].outcome)
			fail_msg("%s (%s)", starters[i].err.message, starters[i].err.cause);
	assert_string_equal(fixture_ask("SELECT count(*) FROM app_user"), "2");
}

static void first_start_makes_accounts_and_the_default_type(void **state)
{
	(void)state;
	assert_ok(migrate(migration_files, NULL));
	assert_int_equal(bootstrap_done(fixture.conn, ACCOUNTS, &fixture.err), 0);
	assert_ok(bootstrap_run(fixture.conn, ACCOUNTS, &fixture.err));
	assert_found(bootstrap_done(fixture.conn, ACCOUNTS, &fixture.err));
	struct user_row user;
	assert_found(user_find(fixture.conn, "service", fixture.arena, &user, &fixture.err));
	assert_string_equal(user.role, "writer");
	struct identifier_type type;
	assert_found(identifier_find(fixture.conn, "DEFAULT", fixture.arena, &type, &fixture.err));
}

static void later_start_leaves_a_changed_password(void **state)
{
	(void)state;
	assert_ok(migrate(migration_files, NULL));
	assert_ok(bootstrap_run(fixture.conn, ACCOUNTS, &fixture.err));
	assert_found(user_update(fixture.conn, "admin", "changed", NULL, &fixture.err));
	assert_ok(bootstrap_run(fixture.conn, ACCOUNTS, &fixture.err));
	struct user_row user;
	assert_found(user_find(fixture.conn, "admin", fixture.arena, &user, &fixture.err));
	assert_string_equal(user.password_hash, "changed");
}

static void first_start_without_a_password_is_refused(void **state)
{
	(void)state;
	static const struct bootstrap_account bare[] = {{"admin", NULL, "admin"}, {0}};
	assert_ok(migrate(migration_files, NULL));
	assert_fails(bootstrap_run(fixture.conn, bare, &fixture.err), ERROR_INVALID);
	assert_ok(bootstrap_run(fixture.conn, ACCOUNTS, &fixture.err));
	assert_ok(bootstrap_run(fixture.conn, bare, &fixture.err));
}

#define migrate_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		migrate_test(fresh_database_gets_every_file_once),
		migrate_test(new_file_is_added_to_an_older_database),
		migrate_test(newer_database_is_refused_by_name),
		migrate_test(edited_file_is_refused),
		migrate_test(failing_file_leaves_nothing_of_itself),
		migrate_test(check_tells_what_is_missing),
		migrate_test(gateways_that_start_together_make_one_database),
		migrate_test(first_start_makes_accounts_and_the_default_type),
		migrate_test(later_start_leaves_a_changed_password),
		migrate_test(first_start_without_a_password_is_refused),
	};
	return cmocka_run_group_tests_name("db/migrate", tests, NULL, NULL);
}
