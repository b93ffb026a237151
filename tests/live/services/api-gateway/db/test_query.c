/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

static const struct db_statement ECHO = {"t_echo", "SELECT $1::text AS t, $2::bigint AS n, $3::boolean AS b"};
static const struct db_statement NONE = {"t_none", "SELECT 1 WHERE false"};
static const struct db_statement CAST = {"t_cast", "SELECT $1::bigint"};
static const struct db_statement DIVIDE = {"t_divide", "SELECT 1 / $1::bigint"};
static const struct db_statement SLEEP = {"t_sleep", "SELECT pg_sleep($1::bigint / 1000.0)"};
static const struct db_statement SERIES = {
	"t_series", "SELECT n, repeat('x', 1000) FROM generate_series(1, $1::bigint) n"};
static const struct db_statement ADD_TYPE = {"t_add_type", "INSERT INTO identifier_type (name) VALUES ($1)"};
static const struct db_statement ELEMENTS = {
	"t_elements", "SELECT array_length($1::text[], 1) AS n, ($1::text[])[2] AS second"};

static void values_come_back_as_they_went(void **state)
{
	(void)state;
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	assert_found(db_query_one(fixture.conn, &ECHO,
		DB_PARAMS(DB_TEXT("a'b\"ü"), DB_INT(INT64_MIN), DB_BOOL(true)), &row, &fixture.err));
	assert_string_equal(db_text(row, 0, "t"), "a'b\"ü");
	assert_true(db_int(row, 0, "n") == INT64_MIN);
	assert_true(db_bool(row, 0, "b"));
}

static void null_is_null(void **state)
{
	(void)state;
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	assert_found(db_query_one(fixture.conn, &ECHO, DB_PARAMS(DB_NULL, DB_INT_OR_NULL(-1, -1), DB_NULL),
		&row, &fixture.err));
	assert_null(db_text(row, 0, "t"));
	assert_int_equal(db_int_or(row, 0, "n", 7), 7);
	assert_false(db_bool(row, 0, "b"));
}

static void no_row_is_zero(void **state)
{
	(void)state;
	struct db_result *row = NULL;
	assert_int_equal(db_query_one(fixture.conn, &NONE, DB_NO_PARAMS, &row, &fixture.err), 0);
	assert_null(row);
}

static void malformed_value_is_invalid(void **state)
{
	(void)state;
	struct db_result *row = NULL;
	assert_fails(db_query_one(fixture.conn, &CAST, DB_PARAMS(DB_TEXT("x")), &row, &fixture.err),
		ERROR_INVALID);
	assert_non_null(strstr(fixture.err.cause, "22P02"));
	assert_null(strstr(fixture.err.message, "bigint"));
}

static void invalid_utf8_is_invalid(void **state)
{
	(void)state;
	struct db_result *row = NULL;
	assert_fails(db_query_one(fixture.conn, &ECHO, DB_PARAMS(DB_TEXT("\xff"), DB_INT(1), DB_BOOL(1)),
			     &row, &fixture.err),
		ERROR_INVALID);
}

static void failed_statement_leaves_the_connection_usable(void **state)
{
	(void)state;
	struct db_result *row = NULL;
	assert_fails(
		db_query_one(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(0)), &row, &fixture.err), ERROR_INVALID);
	assert_ok(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(1)), NULL, &fixture.err));
}

static void violated_constraint_is_named(void **state)
{
	(void)state;
	assert_fails(db_execute(fixture.conn, &ADD_TYPE, DB_PARAMS(DB_TEXT("DEFAULT")), NULL, &fixture.err),
		ERROR_CONFLICT);
	assert_string_equal(db_error_constraint(fixture.conn), "identifier_type_pkey");
}

static void slow_statement_ends_at_the_deadline(void **state)
{
	(void)state;
	int64_t start = clock_monotonic_ms();
	db_set_deadline(fixture.conn, start + 200);
	assert_fails(db_execute(fixture.conn, &SLEEP, DB_PARAMS(DB_INT(5000)), NULL, &fixture.err),
		ERROR_DEADLINE);
	assert_in_range(clock_monotonic_ms() - start, 150, 2000);
	db_set_deadline(fixture.conn, soon());
	assert_ok(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(1)), NULL, &fixture.err));
}

static void uncommitted_transaction_is_rolled_back(void **state)
{
	(void)state;
	{
		CLEANUP(db_rollback) struct db_transaction tx = {0};
		assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
		assert_ok(
			db_execute(fixture.conn, &ADD_TYPE, DB_PARAMS(DB_TEXT("gone")), NULL, &fixture.err));
	}
	assert_string_equal(fixture_ask("SELECT count(*) FROM identifier_type WHERE name = 'gone'"), "0");
}

static void release_rolls_back(void **state)
{
	(void)state;
	struct db_conn *conn = fixture_acquire();
	struct db_transaction tx = {0};
	assert_ok(db_begin(conn, &tx, &fixture.err));
	assert_ok(db_execute(conn, &ADD_TYPE, DB_PARAMS(DB_TEXT("gone")), NULL, &fixture.err));
	db_release(&conn);
	assert_string_equal(fixture_ask("SELECT count(*) FROM identifier_type WHERE name = 'gone'"), "0");
}

static void commit_after_an_overlooked_failure_fails(void **state)
{
	(void)state;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
	assert_int_equal(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(0)), NULL, &fixture.err), -1);
	assert_fails(db_commit(&tx, &fixture.err), ERROR_INTERNAL);
}

static int add_up(const struct db_result *row, void *context, struct error *err)
{
	(void)err;
	*(int64_t *)context += db_int_at(row, 0, 0);
	return 0;
}

static void stream_visits_every_row(void **state)
{
	(void)state;
	int64_t sum = 0;
	assert_ok(db_stream(fixture.conn, &SERIES, DB_PARAMS(DB_INT(10000)), add_up, &sum, &fixture.err));
	assert_int_equal(sum, 10000 * 10001 / 2);
	assert_ok(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(1)), NULL, &fixture.err));
}

static void stream_restores_the_statement_timeout(void **state)
{
	(void)state;
	static const struct db_statement TIMEOUT = {
		"t_timeout", "SELECT current_setting('statement_timeout')"};
	int64_t sum = 0;
	assert_ok(db_stream(fixture.conn, &SERIES, DB_PARAMS(DB_INT(2)), add_up, &sum, &fixture.err));
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	assert_found(db_query_one(fixture.conn, &TIMEOUT, DB_NO_PARAMS, &row, &fixture.err));
	assert_string_equal(db_text_at(row, 0, 0), "30s");
}

static int stop_at_three(const struct db_result *row, void *context, struct error *err)
{
	(void)context;
	(void)err;
	return db_int_at(row, 0, 0) == 3 ? 42 : 0;
}

static void stopped_stream_leaves_the_connection_usable(void **state)
{
	(void)state;
	assert_int_equal(db_stream(fixture.conn, &SERIES, DB_PARAMS(DB_INT(1000000)), stop_at_three, NULL,
				 &fixture.err),
		42);
	assert_ok(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(1)), NULL, &fixture.err));
}

static void stream_stopped_in_a_transaction_keeps_it(void **state)
{
	(void)state;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
	assert_int_equal(
		db_stream(fixture.conn, &SERIES, DB_PARAMS(DB_INT(10)), stop_at_three, NULL, &fixture.err),
		42);
	assert_ok(db_commit(&tx, &fixture.err));
}

static void stream_reports_a_failure_after_the_first_rows(void **state)
{
	(void)state;
	static const struct db_statement LATE = {
		"t_late", "SELECT 1 / (3 - n) FROM generate_series(1, 10) n"};
	int64_t sum = 0;
	assert_fails(db_stream(fixture.conn, &LATE, DB_NO_PARAMS, add_up, &sum, &fixture.err), ERROR_INVALID);
	assert_ok(db_execute(fixture.conn, &DIVIDE, DB_PARAMS(DB_INT(1)), NULL, &fixture.err));
}

static void text_array_keeps_awkward_elements(void **state)
{
	(void)state;
	const char *const values[] = {"", "a\"b\\c,{}", "NULL"};
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, values, 3);
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	assert_found(
		db_query_one(fixture.conn, &ELEMENTS, DB_PARAMS(DB_TEXT(array.data)), &row, &fixture.err));
	assert_int_equal(db_int(row, 0, "n"), 3);
	assert_string_equal(db_text(row, 0, "second"), values[1]);
}

static void plan_made_stale_by_a_migration_is_made_anew(void **state)
{
	(void)state;
	static const struct db_statement ALL = {"t_all", "SELECT * FROM t_stale"};
	fixture_ask("CREATE TABLE t_stale (a int); SELECT 1");
	assert_ok(db_execute(fixture.conn, &ALL, DB_NO_PARAMS, NULL, &fixture.err));
	fixture_ask("ALTER TABLE t_stale ADD b int; SELECT 1");
	assert_ok(db_execute(fixture.conn, &ALL, DB_NO_PARAMS, NULL, &fixture.err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(values_come_back_as_they_went),
		fixture_test(null_is_null),
		fixture_test(no_row_is_zero),
		fixture_test(malformed_value_is_invalid),
		fixture_test(invalid_utf8_is_invalid),
		fixture_test(failed_statement_leaves_the_connection_usable),
		fixture_test(violated_constraint_is_named),
		fixture_test(slow_statement_ends_at_the_deadline),
		fixture_test(uncommitted_transaction_is_rolled_back),
		fixture_test(release_rolls_back),
		fixture_test(commit_after_an_overlooked_failure_fails),
		fixture_test(stream_visits_every_row),
		fixture_test(stream_restores_the_statement_timeout),
		fixture_test(stopped_stream_leaves_the_connection_usable),
		fixture_test(stream_stopped_in_a_transaction_keeps_it),
		fixture_test(stream_reports_a_failure_after_the_first_rows),
		fixture_test(text_array_keeps_awkward_elements),
		fixture_test(plan_made_stale_by_a_migration_is_made_anew),
	};
	return cmocka_run_group_tests_name("db/query", tests, fixture_create, fixture_drop);
}
