/* SPDX-License-Identifier: MIT */
#include "domain/job_spec.h"

#include "common/arena.h"
#include "support/cmocka.h"

static void every_field_comes_back(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct job_spec spec = {
		.size = INT64_C(9007199254740993), /* a double would round it */
		.sha256 = "ab",
		.crc32c = "0a",
		.md5 = "0b",
		.content_type = "text/\"plain\"",
		.filename = "name \"x\"",
		.spool = "file",
		.spool_url = "http://gateway",
		.actor = "ann",
		.expires_unix_ms = 12,
	};
	struct job_spec again = job_spec_parse(job_spec_print(&spec, arena), arena);
	assert_true(again.size == spec.size);
	assert_string_equal(again.sha256, spec.sha256);
	assert_string_equal(again.crc32c, spec.crc32c);
	assert_string_equal(again.md5, spec.md5);
	assert_string_equal(again.content_type, spec.content_type);
	assert_string_equal(again.filename, spec.filename);
	assert_string_equal(again.spool, spec.spool);
	assert_string_equal(again.spool_url, spec.spool_url);
	assert_string_equal(again.actor, spec.actor);
	assert_int_equal(again.expires_unix_ms, 12);
	arena_free(arena);
}

static void what_is_not_there_stays_absent(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	struct job_spec none = {.size = -1};
	assert_string_equal(job_spec_print(&none, arena), "{}");
	struct job_spec spec = job_spec_parse("not json", arena);
	assert_int_equal(spec.size, -1);
	assert_null(spec.spool);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(what_is_not_there_stays_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
