/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "common/buf.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
	(void)state;
	for (const struct setting *row = CONFIG_TABLE; row->name; row++)
		unsetenv(row->name);
	setenv("AMQP_URL", "amqp://guest:guest@127.0.0.1/", 1);
	setenv("MEDIASTORE_SERVICE_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		1);
	setenv("MEDIASTORE_SECRET_KEY", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		1);
	setenv("MEDIASTORE_STORE_ROOT", "/srv/store", 1);
	return 0;
}

static void the_required_settings_are_enough(void **state)
{
	(void)state;
	struct config config = {0};
	struct buf problems = {0};
	assert_int_equal(config_load(&config, &problems), 0);
	assert_string_equal(config.site_list[0], "default");
	assert_null(config.site_list[1]);
	assert_null(config.spool_dir);
	assert_int_equal(config.ram_limit, 1 << 30);
	config_release(&config);
}

static void sites_are_split_at_commas(void **state)
{
	(void)state;
	struct config config = {0};
	struct buf problems = {0};
	setenv("MEDIASTORE_SITES", "north, south-2 ,x", 1);
	assert_int_equal(config_load(&config, &problems), 0);
	assert_string_equal(config.site_list[0], "north");
	assert_string_equal(config.site_list[1], "south-2");
	assert_string_equal(config.site_list[2], "x");
	assert_null(config.site_list[3]);
	config_release(&config);
}

static void unusable_sites_are_reported_with_the_other_problems(void **state)
{
	(void)state;
	static const char *const SITES[] = {"a,,b", ",", "a b", "a/b", "a,*"};
	unsetenv("MEDIASTORE_STORE_ROOT");
	for (size_t i = 0; i < sizeof(SITES) / sizeof(SITES[0]); i++) {
		struct config config = {0};
		struct buf problems = {0};
		setenv("MEDIASTORE_SITES", SITES[i], 1);
		assert_int_equal(config_load(&config, &problems), -1);
		assert_non_null(strstr(problems.data, "MEDIASTORE_SITES"));
		assert_non_null(strstr(problems.data, "MEDIASTORE_STORE_ROOT"));
		config_release(&config);
		buf_release(&problems);
	}
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test_setup(the_required_settings_are_enough, setup),
		cmocka_unit_test_setup(sites_are_split_at_commas, setup),
		cmocka_unit_test_setup(unusable_sites_are_reported_with_the_other_problems, setup),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
