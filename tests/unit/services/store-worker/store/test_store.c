/* SPDX-License-Identifier: MIT */
/* What store.c adds to a driver; what it passes through, the conformance suite checks. */
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"

#include <string.h>

/* A store that takes exactly the announced bytes and never asks for the end, as an upload with Content-Length
 * does; it can do nothing else. */
static int taken;

static int exact_put(struct store *store, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	(void)store;
	(void)key;
	(void)content_type;
	char byte;
	for (taken = 0; taken < source->size; taken++)
		if (source->read(source, &byte, 1, err) != 1)
			return -1;
	return 0;
}

static int exact_stat(struct store *store, const char *key, struct object_info *out, struct error *err)
{
	(void)store;
	if (strcmp(key, "missing") == 0)
		return error_set(err, ERROR_NOT_FOUND, NULL);
	*out = (struct object_info){.size = 1};
	return 0;
}

static const struct store_driver exact_driver = {.type = STORE_ZIP, .put = exact_put, .stat = exact_stat};
static struct store exact = {&exact_driver};

static int put(int64_t size, int64_t announced, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, 1, size);
	source.base.size = announced;
	return store_put(&exact, "key", &source.base, NULL, err);
}

static void too_long_a_source_fails_before_its_last_announced_byte(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(put(11, 10, &err), -1);
	assert_int_equal(err.code, ERROR_SOURCE_FAILED);
	assert_int_equal(taken, 9);
	taken = -1;
	assert_int_equal(put(1, 0, &err), -1);
	assert_int_equal(taken, -1); /* the driver was not called */
	assert_int_equal(put(10, 10, &err), 0);
	assert_int_equal(put(0, 0, &err), 0);
}

static void wrong_bytes_fail_before_the_last_one_is_handed_on(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source inner;
	struct hashing_source source;
	pattern_source_init(&inner, 1, 10);
	hashing_source_init(&source, &inner.base, "00", 0);
	assert_int_equal(store_put(&exact, "key", &source.base, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_CHECKSUM);
	assert_int_equal(taken, 9);
	hashing_source_release(&source);
}

static void what_a_driver_cannot_do_is_unsupported(void **state)
{
	(void)state;
	struct error err;
	struct pattern_sink sink;
	pattern_sink_init(&sink, 1, 0);
	assert_int_equal(store_remove(&exact, "key", &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_int_equal(store_remove(&exact, "missing", &err), 0);
	assert_int_equal(store_list(&exact, "", NULL, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_int_equal(store_get(&exact, "key", 0, 5, &sink.base, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(too_long_a_source_fails_before_its_last_announced_byte),
		cmocka_unit_test(wrong_bytes_fail_before_the_last_one_is_handed_on),
		cmocka_unit_test(what_a_driver_cannot_do_is_unsupported),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
