/* SPDX-License-Identifier: MIT */
#include "domain/password.h"

#include "common/arena.h"
#include "common/clock.h"

#include "support/cmocka.h"

#include <pthread.h>
#include <string.h>

static int64_t soon(void)
{
	return clock_monotonic_ms() + 60000;
}

static void right_password_is_told_from_wrong_ones(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct error err;
	const char *hash;
	assert_int_equal(password_hash("correct horse \u00e4", soon(), arena, &hash, &err), 0);
	assert_int_equal(strncmp(hash, "$y$", 3), 0);
	assert_int_equal(password_check("correct horse \u00e4", hash, soon(), &err), 1);
	assert_int_equal(password_check("correct horse", hash, soon(), &err), 0);
	assert_int_equal(password_check("", hash, soon(), &err), 0);
	arena_free(arena);
}

static void same_password_never_has_the_same_hash(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct error err;
	const char *one, *two;
	assert_int_equal(password_hash("x", soon(), arena, &one, &err), 0);
	assert_int_equal(password_hash("x", soon(), arena, &two, &err), 0);
	assert_string_not_equal(one, two);
	arena_free(arena);
}

static void broken_hash_fits_no_password(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(password_check("x", "", soon(), &err), 0);
	assert_int_equal(password_check("x", "*", soon(), &err), 0);
	assert_int_equal(password_check("*0", "*0", soon(), &err), 0);
}

static void password_that_is_empty_or_too_long_is_refused(void **state)
{
	(void)state;
	char longest[PASSWORD_MAX_LENGTH + 2];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	struct arena *arena = arena_create();
	struct error err;
	const char *hash;
	assert_int_equal(password_hash("", soon(), arena, &hash, &err), -1);
	assert_int_equal(password_hash(longest, soon(), arena, &hash, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(password_check(longest, NULL, soon(), &err), 0);
	arena_free(arena);
}

/* python3: "pbkdf2_sha256$1000$NaClSalt$" + b64encode(pbkdf2_hmac("sha256", "correct horse
 * \u00e4".encode(), b"NaClSalt", 1000)) */
static const char DJANGO[] = "pbkdf2_sha256$1000$NaClSalt$4QM9WQEfRG+NT0SWof2OE71FR31RtCgAojEjrmD+32g=";

static void hash_of_django_is_checked(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(password_check("correct horse \u00e4", DJANGO, soon(), &err), 1);
	assert_int_equal(password_check("correct horse", DJANGO, soon(), &err), 0);
	assert_int_equal(password_check("", DJANGO, soon(), &err), 0);
}

static void malformed_hash_of_django_fits_no_password(void **state)
{
	(void)state;
	struct error err;
	const char *const malformed[] = {"pbkdf2_sha256$", "pbkdf2_sha256$0$s$", "pbkdf2_sha256$1000$salt",
		"pbkdf2_sha256$-1$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"pbkdf2_sha256$99999999999$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"pbkdf2_sha256$1000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%=",
		"pbkdf2_sha1$1000$s$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(password_check("x", malformed[i], soon(), &err), 0);
}

static void only_our_own_form_is_current(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct error err;
	const char *hash;
	assert_int_equal(password_hash("x", soon(), arena, &hash, &err), 0);
	assert_true(password_is_current(hash));
	assert_false(password_is_current(DJANGO));
	arena_free(arena);
}

static int64_t time_check(const char *hash)
{
	struct error err;
	int64_t best = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		struct timespec from, to;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		assert_int_equal(password_check("wrong", hash, soon(), &err), 0);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		int64_t took = (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec;
		best = took < best ? took : best;
	}
	return best;
}

static void unknown_user_costs_as_much_as_a_known_one(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct error err;
	const char *hash;
	assert_int_equal(password_hash("right", soon(), arena, &hash, &err), 0);
	int64_t known = time_check(hash), unknown = time_check(NULL);
	assert_true(unknown > known / 2 && unknown < known * 2);
	arena_free(arena);
}

static void *check_again_and_again(void *hash)
{
	struct error err;
	for (int i = 0; i < 4; i++)
		if (password_check("wrong", hash, soon(), &err) != 0)
			return hash;
	return NULL;
}

static void crowd_that_waits_too_long_is_turned_away(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct error err;
	const char *hash;
	assert_int_equal(password_hash("right", soon(), arena, &hash, &err), 0);
	pthread_t threads[PASSWORD_AT_ONCE * 2];
	for (int i = 0; i < PASSWORD_AT_ONCE * 2; i++)
		pthread_create(&threads[i], NULL, check_again_and_again, (void *)(uintptr_t)hash);
	int refused = 0;
	for (int i = 0; i < 200 && !refused; i++) {
		clock_sleep_ms(1);
		refused = password_check("wrong", hash, clock_monotonic_ms(), &err) == -1;
	}
	assert_true(refused);
	assert_int_equal(err.code, ERROR_TOO_MANY);
	for (int i = 0; i < PASSWORD_AT_ONCE * 2; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_of_django_is_checked),
		cmocka_unit_test(malformed_hash_of_django_fits_no_password),
		cmocka_unit_test(only_our_own_form_is_current),
		cmocka_unit_test(right_password_is_told_from_wrong_ones),
		cmocka_unit_test(same_password_never_has_the_same_hash),
		cmocka_unit_test(broken_hash_fits_no_password),
		cmocka_unit_test(password_that_is_empty_or_too_long_is_refused),
		cmocka_unit_test(unknown_user_costs_as_much_as_a_known_one),
		cmocka_unit_test(crowd_that_waits_too_long_is_turned_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
