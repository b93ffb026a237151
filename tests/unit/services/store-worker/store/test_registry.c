/* SPDX-License-Identifier: MIT */
#include "store/registry.h"
#include "support/cmocka.h"
#include "support/store_place.h"

static void every_type_of_the_api_has_a_driver_that_can_what_the_gateway_believes(void **state)
{
	(void)state;
	const struct store_driver *const drivers[] = {&bucket_driver, &filesystem_driver, &hashdir_driver,
		&sqlite_driver, &zip_driver, &ram_driver};
	assert_int_equal(sizeof(drivers) / sizeof(drivers[0]), STORE_TYPE_COUNT);
	for (int i = 0; i < STORE_TYPE_COUNT; i++) {
		assert_int_equal(drivers[i]->type, i);
		assert_int_equal((drivers[i]->capabilities & STORE_CAN_REPLACE) != 0,
			store_type_replaces((enum store_type)i));
		assert_int_equal((drivers[i]->capabilities & STORE_CAN_DELETE) != 0,
			store_type_deletes((enum store_type)i));
	}
}

static void path_stores_are_opened_by_their_type(void **state)
{
	(void)state;
	static const enum store_type TYPES[] = {STORE_FILESYSTEM, STORE_HASHDIR, STORE_SQLITE, STORE_ZIP};
	char tree[SCRATCH_SIZE];
	scratch_make(tree);
	const struct store_environment environment = {.store_root = tree, .stall_timeout_ms = 1000};
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		struct error err;
		struct store *store;
		const struct store_descriptor descriptor = {
			.pk = 1, .type = TYPES[i], .bucket = store_type_name(TYPES[i]), .site = "default"};
		assert_int_equal(registry_open(&environment, &descriptor, &store, &err), 0);
		assert_int_equal(store->driver->type, TYPES[i]);
		registry_close(store);
	}
	scratch_remove(tree);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(every_type_of_the_api_has_a_driver_that_can_what_the_gateway_believes),
		cmocka_unit_test(path_stores_are_opened_by_their_type),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
