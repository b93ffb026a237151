/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "db/query.h"
#include "db/sqlstate.h"

#include <string.h>

static void each_sqlstate_has_its_code(void **state)
{
	(void)state;
	static const struct {
		const char *sqlstate;
		enum error_code code;
	} rows[] = {
		{"23505", ERROR_CONFLICT},
		{"23503", ERROR_CONFLICT},
		{"23514", ERROR_INVALID},
		{"22P02", ERROR_INVALID},
		{"22P05", ERROR_INVALID},
		{"22021", ERROR_INVALID},
		{"40001", ERROR_UNAVAILABLE},
		{"40P01", ERROR_UNAVAILABLE},
		{"57014", ERROR_DEADLINE},
		{"57P01", ERROR_UNAVAILABLE},
		{"08006", ERROR_UNAVAILABLE},
		{"53100", ERROR_FULL},
		{"53300", ERROR_UNAVAILABLE},
		{"25006", ERROR_UNAVAILABLE},
		{"42601", ERROR_INTERNAL},
		{"XX000", ERROR_INTERNAL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(db_error_of_sqlstate(rows[i].sqlstate), rows[i].code);
}

static void known_constraint_speaks_to_the_client(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(sqlstate_set(&err, "23505", "media_pid_key", "media_create", "duplicate key"), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_string_equal(err.message, "a media with this pid exists already");
}

static void cause_names_statement_sqlstate_and_constraint(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(sqlstate_set(&err, "23505", "some_key", "some_statement", "duplicate key"), -1);
	assert_string_equal(err.cause, "some_statement: 23505 duplicate key / some_key");
}

static void message_never_repeats_the_servers_words(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(sqlstate_set(&err, "42601", "", "x", "syntax error at or near SECRET"), -1);
	assert_null(strstr(err.message, "SECRET"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sqlstate_has_its_code),
		cmocka_unit_test(known_constraint_speaks_to_the_client),
		cmocka_unit_test(cause_names_statement_sqlstate_and_constraint),
		cmocka_unit_test(message_never_repeats_the_servers_words),
	};
	return cmocka_run_group_tests_name("db/sqlstate", tests, NULL, NULL);
}
