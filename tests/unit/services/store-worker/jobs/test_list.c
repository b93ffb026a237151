/* SPDX-License-Identifier: MIT */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/clock.h"
#include "support/cmocka.h"
#include "support/store_job_fixture.h"

#include <cjson/cJSON.h>

static cJSON *list(struct job_fixture *fixture, struct job_page page, struct result_message *result)
{
	struct job_message message = job_fixture_message(fixture, JOB_LIST, &fixture->memory, NULL);
	message.page = page;
	*result = job_fixture_run(fixture, &message);
	assert_int_equal(result->code, ERROR_NONE);
	return cJSON_ParseWithLength(result->inline_bytes, result->inline_length);
}

static const char *text(const cJSON *json, int index, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(json, index), name));
}

static void a_list_tells_names_sizes_and_where_to_go_on(void **state)
{
	struct job_fixture *fixture = *state;
	struct result_message result;
	job_fixture_fill(fixture, &fixture->memory, "b", 1, 7);
	job_fixture_fill(fixture, &fixture->memory, "a \"quoted\"", 2, 3);
	cJSON *json = list(fixture, (struct job_page){.after = "", .limit = 1}, &result);
	assert_int_equal(cJSON_GetArraySize(json), 1);
	assert_string_equal(text(json, 0, "key"), "a \"quoted\"");
	assert_null(text(json, 0, "sha256"));
	assert_string_equal(result.next, "a \"quoted\"");
	cJSON_Delete(json);
	json = list(fixture, (struct job_page){.after = result.next, .limit = 1}, &result);
	assert_string_equal(text(json, 0, "key"), "b");
	assert_null(result.next);
	cJSON_Delete(json);
}

static void a_list_hashes_where_asked_to(void **state)
{
	struct job_fixture *fixture = *state;
	struct result_message result;
	job_fixture_fill(fixture, &fixture->memory, "k", 1, 70000);
	cJSON *json = list(fixture, (struct job_page){.after = "", .hash = true}, &result);
	assert_string_equal(text(json, 0, "sha256"), job_fixture_sha256(fixture, 1, 70000));
	cJSON_Delete(json);
}

/* 5 objects at 20 a second, then 50,000 bytes at 250,000 a second: a fifth of a second at least, each. */
static void a_list_is_no_faster_than_it_may_be(void **state)
{
	struct job_fixture *fixture = *state;
	struct result_message result;
	for (unsigned i = 0; i < 5; i++)
		job_fixture_fill(fixture, &fixture->memory, (char[]){(char)('a' + i), 0}, i, 10000);
	cJSON_Delete(list(
		fixture, (struct job_page){.after = "", .hash = true, .objects_per_second = 20}, &result));
	assert_true(result.elapsed_ms >= 200);
	cJSON_Delete(list(
		fixture, (struct job_page){.after = "", .hash = true, .bytes_per_second = 250000}, &result));
	assert_true(result.elapsed_ms >= 200);
	cJSON_Delete(list(fixture, (struct job_page){.after = "", .hash = true}, &result));
	assert_true(result.elapsed_ms < 200);
}

#define list_test(name) cmocka_unit_test_setup_teardown(name, job_fixture_setup, job_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		list_test(a_list_tells_names_sizes_and_where_to_go_on),
		list_test(a_list_hashes_where_asked_to),
		list_test(a_list_is_no_faster_than_it_may_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
