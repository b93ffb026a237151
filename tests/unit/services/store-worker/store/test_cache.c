/* SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include "support/cmocka.h"

#include <pthread.h>

static const struct store_environment ENVIRONMENT = {.ram_limit = 1000000};

static struct store *acquire(struct store_cache *cache, int64_t pk, const char *bucket)
{
	struct error err;
	struct store *store;
	struct store_descriptor descriptor = {
		.pk = pk, .type = STORE_DICT, .bucket = bucket, .site = "default"};
	assert_int_equal(store_cache_acquire(cache, &descriptor, &store, &err), 0);
	return store;
}

static void the_same_descriptor_gives_the_same_open_store(void **state)
{
	(void)state;
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	struct store *first = acquire(cache, 1, "a"), *second = acquire(cache, 1, "a"),
		     *other = acquire(cache, 2, "a");
	assert_ptr_equal(first, second);
	assert_ptr_not_equal(first, other);
	store_cache_release(cache, first);
	store_cache_release(cache, second);
	assert_ptr_equal(acquire(cache, 1, "a"), first);
	store_cache_release(cache, first);
	store_cache_release(cache, other);
	store_cache_free(cache);
}

static void a_changed_descriptor_opens_anew_and_the_old_one_stays_usable(void **state)
{
	(void)state;
	struct error err;
	struct object_info info;
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	struct store *old = acquire(cache, 1, "a"), *new = acquire(cache, 1, "b");
	assert_ptr_not_equal(old, new);
	assert_int_equal(
		store_stat(old, "key", &info, &err), -1); /* the sanitizer tells whether it was closed */
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	store_cache_release(cache, old);
	assert_ptr_equal(acquire(cache, 1, "b"), new);
	store_cache_release(cache, new);
	store_cache_release(cache, new);
	store_cache_free(cache);
}

static void fields_do_not_run_together_in_the_comparison(void **state)
{
	(void)state;
	struct error err;
	struct store *one, *two;
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	struct store_descriptor left = {.pk = 1, .type = STORE_DICT, .bucket = "a 1:b", .site = ""};
	struct store_descriptor right = {.pk = 1, .type = STORE_DICT, .bucket = "a", .site = "b"};
	assert_int_equal(store_cache_acquire(cache, &left, &one, &err), 0);
	assert_int_equal(store_cache_acquire(cache, &right, &two, &err), 0);
	assert_ptr_not_equal(one, two);
	store_cache_release(cache, one);
	store_cache_release(cache, two);
	store_cache_free(cache);
}

static void unused_stores_beyond_the_limit_are_closed(void **state)
{
	(void)state;
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	struct store *kept = acquire(cache, 0, "a");
	for (int64_t pk = 1; pk < 3 * STORE_CACHE_MAX; pk++)
		store_cache_release(cache, acquire(cache, pk, "a"));
	assert_ptr_equal(acquire(cache, 0, "a"), kept);
	store_cache_release(cache, kept);
	store_cache_release(cache, kept);
	store_cache_free(cache);
}

static void a_store_that_cannot_be_opened_is_an_error(void **state)
{
	(void)state;
	struct error err;
	struct store *store;
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	struct store_descriptor descriptor = {
		.pk = 1, .type = STORE_FILESYSTEM, .bucket = "..", .site = "default"};
	assert_int_equal(store_cache_acquire(cache, &descriptor, &store, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	store_cache_free(cache);
}

static void *acquire_and_release(void *context)
{
	for (int i = 0; i < 500; i++) {
		struct error err;
		struct object_info info;
		struct store *store = acquire(context, i % 3, i % 7 ? "a" : "b");
		if (store_stat(store, "key", &info, &err) == 0)
			return "found";
		store_cache_release(context, store);
	}
	return NULL;
}

static void threads_may_acquire_and_change_at_once(void **state)
{
	(void)state;
	pthread_t threads[4];
	struct store_cache *cache = store_cache_create(&ENVIRONMENT);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, acquire_and_release, cache), 0);
	for (int i = 0; i < 4; i++) {
		void *problem;
		pthread_join(threads[i], &problem);
		assert_null(problem);
	}
	store_cache_free(cache);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(the_same_descriptor_gives_the_same_open_store),
		cmocka_unit_test(a_changed_descriptor_opens_anew_and_the_old_one_stays_usable),
		cmocka_unit_test(fields_do_not_run_together_in_the_comparison),
		cmocka_unit_test(unused_stores_beyond_the_limit_are_closed),
		cmocka_unit_test(a_store_that_cannot_be_opened_is_an_error),
		cmocka_unit_test(threads_may_acquire_and_change_at_once),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
