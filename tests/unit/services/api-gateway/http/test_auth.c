/* SPDX-License-Identifier: MIT */
#include "http/auth.h"

#include "common/clock.h"

#include "support/cmocka.h"

#include <string.h>

static void assert_bearer(const char *header, const char *expected)
{
	struct error err = {0};
	const char *token = NULL;
	int result = auth_bearer(header, &token, &err);
	assert_int_equal(result, expected ? 0 : -1);
	if (expected)
		assert_string_equal(token, expected);
	else
		assert_int_equal(err.code, ERROR_UNAUTHORIZED);
}

static void scheme_may_come_in_any_case(void **state)
{
	(void)state;
	assert_bearer("Bearer abc", "abc");
	assert_bearer("bearer abc", "abc");
	assert_bearer("BEARER a.b-c_d~e+f/g=", "a.b-c_d~e+f/g=");
}

static void anything_else_is_refused(void **state)
{
	(void)state;
	char longest[7 + 513 + 1] = "Bearer ";
	memset(longest + 7, 'a', 513);
	assert_bearer(NULL, NULL);
	assert_bearer("", NULL);
	assert_bearer("Bearer", NULL);
	assert_bearer("Bearer ", NULL);
	assert_bearer("Bearer  abc", NULL);
	assert_bearer("Bearer\tabc", NULL);
	assert_bearer("Bearer abc ", NULL);
	assert_bearer("Bearer a b", NULL);
	assert_bearer("Bearer a\x7f", NULL);
	assert_bearer("Bearer \xc3\xa4", NULL);
	assert_bearer(" Bearer abc", NULL);
	assert_bearer("Basic abc", NULL);
	assert_bearer("Bearerabc", NULL);
	assert_bearer(longest, NULL);
}

struct directory {
	int result, lookups;
	struct principal principal;
};

static int lookup(
	void *context, const unsigned char hash[AUTH_HASH_SIZE], struct principal *out, struct error *err)
{
	(void)hash;
	struct directory *directory = context;
	directory->lookups++;
	if (directory->result < 0)
		return error_set(err, ERROR_UNAVAILABLE, NULL);
	*out = directory->principal;
	return directory->result;
}

static void hit_is_remembered_for_a_moment_only(void **state)
{
	(void)state;
	struct directory directory = {.result = 1, .principal = {.user_pk = 1, .username = "a"}};
	struct auth *auth = auth_create(lookup, &directory);
	struct principal who;
	struct error err;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), 0);
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), 0);
	assert_string_equal(who.username, "a");
	assert_int_equal(directory.lookups, 1);
	directory.result = 0;
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), -1);
	assert_int_equal(err.code, ERROR_UNAUTHORIZED);
	auth_free(auth);
}

static void one_token_does_not_answer_for_another(void **state)
{
	(void)state;
	struct directory directory = {.result = 1, .principal = {.user_pk = 1}};
	struct auth *auth = auth_create(lookup, &directory);
	struct principal who;
	struct error err;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), 0);
	directory.result = 0;
	assert_int_equal(auth_check(auth, "Bearer y", &who, &err), -1);
	auth_free(auth);
}

static void miss_is_not_remembered(void **state)
{
	(void)state;
	struct directory directory = {.result = 0};
	struct auth *auth = auth_create(lookup, &directory);
	struct principal who;
	struct error err;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), -1);
	directory.result = 1;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), 0);
	auth_free(auth);
}

static void token_expires_even_while_it_is_remembered(void **state)
{
	(void)state;
	struct directory directory = {.result = 1, .principal = {.expires_unix_ms = clock_unix_ms() + 100}};
	struct auth *auth = auth_create(lookup, &directory);
	struct principal who;
	struct error err;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), 0);
	clock_sleep_ms(120);
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), -1);
	assert_int_equal(directory.lookups, 1);
	auth_free(auth);
}

static void unreachable_database_is_no_401(void **state)
{
	(void)state;
	struct directory directory = {.result = -1};
	struct auth *auth = auth_create(lookup, &directory);
	struct principal who;
	struct error err;
	assert_int_equal(auth_check(auth, "Bearer x", &who, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	auth_free(auth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scheme_may_come_in_any_case),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(hit_is_remembered_for_a_moment_only),
		cmocka_unit_test(one_token_does_not_answer_for_another),
		cmocka_unit_test(miss_is_not_remembered),
		cmocka_unit_test(token_expires_even_while_it_is_remembered),
		cmocka_unit_test(unreachable_database_is_no_401),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
