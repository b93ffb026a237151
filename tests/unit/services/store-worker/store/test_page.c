/* SPDX-License-Identifier: MIT */
#include "store/page.h"

#include "common/memory.h"
#include "store/cache.h"
#include "support/cmocka.h"
#include "support/store_job_fixture.h"

#include <stdio.h>
#include <string.h>

enum { OBJECTS = 57 };

/* Keys in an order that is not theirs. */
static void fill(struct job_fixture *fixture, const struct store_descriptor *descriptor)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		char key[32];
		snprintf(key, sizeof(key), "%c/%02u", 'a' + (int)(i * 7 % 5), i * 11 % OBJECTS);
		job_fixture_fill(fixture, descriptor, key, i, i);
	}
}

/* All pages, each beginning where the last one ended: every key once and in order. */
static void walk(struct job_fixture *fixture, const struct store_descriptor *descriptor, size_t limit)
{
	struct error err;
	char after[64] = "";
	size_t seen = 0, pages = 0;
	struct store_page page = {.more = true};
	struct store *store = job_fixture_open(fixture, descriptor);
	for (bool more = true; more; pages++) {
		assert_int_equal(store_page(store, after, limit, &page, &err), 0);
		assert_true(page.count <= limit);
		for (size_t i = 0; i < page.count; i++, seen++) {
			assert_true(strcmp(page.items[i].key, after) > 0);
			snprintf(after, sizeof(after), "%s", page.items[i].key);
		}
		more = page.more;
		store_page_release(&page);
	}
	assert_int_equal(seen, OBJECTS);
	assert_int_equal(pages, (OBJECTS + limit - 1) / limit);
	store_cache_release(fixture->environment.stores, store);
}

static void pages_hold_every_key_once_and_in_order(void **state)
{
	struct job_fixture *fixture = *state;
	fill(fixture, &fixture->files);
	fill(fixture, &fixture->memory);
	for (size_t limit = 1; limit <= OBJECTS; limit += 8) {
		walk(fixture, &fixture->files, limit);
		walk(fixture, &fixture->memory, limit);
	}
	walk(fixture, &fixture->files, OBJECTS + 1);
}

static void an_empty_store_has_one_empty_page(void **state)
{
	struct job_fixture *fixture = *state;
	struct error err;
	struct store_page page;
	struct store *store = job_fixture_open(fixture, &fixture->memory);
	assert_int_equal(store_page(store, "", 10, &page, &err), 0);
	assert_int_equal(page.count, 0);
	assert_false(page.more);
	store_page_release(&page);
	store_cache_release(fixture->environment.stores, store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			pages_hold_every_key_once_and_in_order, job_fixture_setup, job_fixture_teardown),
		cmocka_unit_test_setup_teardown(
			an_empty_store_has_one_empty_page, job_fixture_setup, job_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
