/* SPDX-License-Identifier: MIT */
#include "drivers/ram_object.h"
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"

#include <string.h>

enum { LIMIT = 64 * 1024 * 1024 };

static struct store *open_store(const char *site, const char *bucket, int64_t limit)
{
	struct error err;
	struct store *store;
	struct store_environment environment = {.ram_limit = limit};
	struct store_descriptor descriptor = {.pk = 1, .type = STORE_DICT, .bucket = bucket, .site = site};
	assert_int_equal(ram_driver.open(&environment, &descriptor, &store, &err), 0);
	return store;
}

static int put_bytes(struct store *store, const char *key, int64_t size, int64_t announced, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, 1, size);
	source.base.size = announced;
	return store_put(store, key, &source.base, NULL, err);
}

static void discard(struct store *store, const char *key)
{
	struct error err;
	assert_int_equal(store_remove(store, key, &err), 0);
}

static void objects_outlive_the_open_store(void **state)
{
	(void)state;
	struct error err;
	struct store *store = open_store("site", "lives", LIMIT);
	assert_int_equal(put_bytes(store, "key", 3000000, 3000000, &err), 0);
	ram_driver.close(store);
	store = open_store("site", "lives", LIMIT);
	assert_object(store, "key", 1, 3000000);
	discard(store, "key");
	ram_driver.close(store);
}

static void stores_of_other_names_or_sites_are_apart(void **state)
{
	(void)state;
	struct error err;
	struct store *store = open_store("site", "one", LIMIT), *other = open_store("site", "two", LIMIT),
		     *elsewhere = open_store("another", "one", LIMIT);
	assert_int_equal(put_bytes(store, "key", 10, 10, &err), 0);
	assert_no_object(other, "key");
	assert_no_object(elsewhere, "key");
	discard(store, "key");
	ram_driver.close(store);
	ram_driver.close(other);
	ram_driver.close(elsewhere);
}

static void assert_full(struct store *store, int64_t size, int64_t announced)
{
	struct error err;
	int64_t before = ram_used();
	assert_int_equal(put_bytes(store, "large", size, announced, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	assert_no_object(store, "large");
	assert_int_equal(ram_used(), before);
}

static void beyond_the_limit_is_full_and_nothing_is_kept(void **state)
{
	(void)state;
	struct error err;
	struct store *store = open_store("site", "limited", 4 * 1024 * 1024);
	struct store *other = open_store("site", "limited too", 4 * 1024 * 1024);
	assert_int_equal(put_bytes(store, "kept", 3 * 1024 * 1024, 3 * 1024 * 1024, &err), 0);
	assert_full(store, 1024 * 1024, 1024 * 1024);
	assert_full(other, 1024 * 1024, 1024 * 1024); /* one limit for all */
	assert_full(store, 2 * 1024 * 1024, -1);
	assert_full(store, INT64_MAX, INT64_MAX);
	assert_object(store, "kept", 1, 3 * 1024 * 1024);
	assert_int_equal(put_bytes(other, "fits", 1000000, 1000000, &err), 0);
	discard(store, "kept");
	discard(other, "fits");
	assert_int_equal(put_bytes(store, "now", 2 * 1024 * 1024, -1, &err), 0);
	discard(store, "now");
	ram_driver.close(store);
	ram_driver.close(other);
}

static void a_full_source_is_not_read_when_its_size_is_known(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source source;
	struct store *store = open_store("site", "early", 1024 * 1024);
	pattern_source_init(&source, 1, 2 * 1024 * 1024);
	assert_int_equal(store_put(store, "key", &source.base, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	assert_int_equal(source.at, 0);
	ram_driver.close(store);
}

static void everything_is_given_back(void **state)
{
	(void)state;
	struct error err;
	int64_t before = ram_used();
	struct store *store = open_store("site", "account", LIMIT);
	assert_int_equal(put_bytes(store, "key", 5000001, -1, &err), 0);
	assert_true(ram_used() - before >= 5000001 && ram_used() - before < 5000001 + 1024);
	assert_int_equal(put_bytes(store, "key", 100, 100, &err), 0);
	discard(store, "key");
	assert_int_equal(ram_used(), before);
	ram_driver.close(store);
}

/* A sink that replaces, then removes, what it is being sent. */
struct meddling_sink {
	struct pattern_sink pattern;
	struct store *store;
	int (*write)(struct sink *sink, const void *bytes, size_t length, struct error *err);
};

static int meddle(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct meddling_sink *sink = (struct meddling_sink *)base;
	if (put_bytes(sink->store, "key", 5, 5, err) != 0 || store_remove(sink->store, "key", err) != 0)
		return -1;
	return sink->write(base, bytes, length, err);
}

static void a_reader_finishes_what_is_replaced_and_removed_meanwhile(void **state)
{
	(void)state;
	struct error err;
	struct meddling_sink sink = {.store = open_store("site", "meddled", LIMIT)};
	pattern_sink_init(&sink.pattern, 1, 0);
	sink.write = sink.pattern.base.write;
	sink.pattern.base.write = meddle;
	assert_int_equal(put_bytes(sink.store, "key", 3000000, 3000000, &err), 0);
	assert_int_equal(store_get(sink.store, "key", 0, -1, &sink.pattern.base, &err), 0);
	assert_int_equal(sink.pattern.count, 3000000);
	assert_int_equal(sink.pattern.wrong, 0);
	assert_no_object(sink.store, "key");
	ram_driver.close(sink.store);
}

static int count_lost_bytes(struct store_fixture *fixture)
{
	(void)fixture;
	return 0;
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(objects_outlive_the_open_store),
		cmocka_unit_test(stores_of_other_names_or_sites_are_apart),
		cmocka_unit_test(beyond_the_limit_is_full_and_nothing_is_kept),
		cmocka_unit_test(a_full_source_is_not_read_when_its_size_is_known),
		cmocka_unit_test(everything_is_given_back),
		cmocka_unit_test(a_reader_finishes_what_is_replaced_and_removed_meanwhile),
	};
	static const int64_t EDGES[] = {RAM_CHUNK_SIZE, 0};
	int failures = cmocka_run_group_tests(TESTS, NULL, NULL);
	struct store *store = open_store("site", "conformance", LIMIT);
	struct store_fixture fixture = {
		.name = "ram", .store = store, .leftovers = count_lost_bytes, .edges = EDGES, .rounds = 100};
	failures += store_conformance_run(&fixture);
	failures += store_conformance_run_many(&fixture);
	ram_driver.close(store);
	return failures + (ram_used() != 0);
}
