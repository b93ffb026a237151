/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

static void identifier_type_is_got_or_created(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"DOI\",\"pattern\":\"10\\\\..+/.+\"}");
	assert_string_equal(rest_text("name"), "DOI");
	assert_string_equal(rest_text("pattern"), "10\\..+/.+");
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"DOI\",\"pattern\":\"10\\\\..+/.+\"}");
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"DOI\"}");
	assert_string_equal(rest_text("pattern"), "10\\..+/.+");
	assert_status(200, "GET", "/api/identifier/DOI", NULL);
	assert_string_equal(rest_text("pattern"), "10\\..+/.+");
}

static void other_pattern_for_the_same_name_is_a_conflict(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"A\",\"pattern\":\"a+\"}");
	assert_status(409, "POST", "/api/identifier", "{\"name\":\"A\",\"pattern\":\"b+\"}");
	assert_string_equal(rest_detail(), "\"the identifier type A has another pattern: a+\"");
}

static void list_has_every_type_by_name(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"zz\"}");
	assert_status(200, "GET", "/api/identifier/list", NULL);
	int count = cJSON_GetArraySize(rest.reply);
	assert_true(count >= 2);
	const cJSON *last = cJSON_GetArrayItem(rest.reply, count - 1);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(last, "name")), "zz");
}

static void pattern_can_be_replaced(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"P\",\"pattern\":\"a\"}");
	assert_status(204, "PUT", "/api/identifier", "{\"name\":\"P\",\"pattern\":\"b\"}");
	assert_int_equal(rest.response.body.length, 0);
	assert_status(200, "GET", "/api/identifier/P", NULL);
	assert_string_equal(rest_text("pattern"), "b");
	assert_status(404, "PUT", "/api/identifier", "{\"name\":\"nobody\",\"pattern\":\"b\"}");
}

static void invalid_pattern_is_422(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/identifier", "{\"name\":\"bad\",\"pattern\":\"[\"}");
	assert_non_null(strstr(rest_detail(), "[{\"error\":\"invalid pattern at "));
	assert_status(404, "GET", "/api/identifier/bad", NULL);
	assert_status(422, "PUT", "/api/identifier", "{\"name\":\"DEFAULT\",\"pattern\":\"(\"}");
}

static void names_have_limits(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/identifier", "{\"name\":\"\"}");
	assert_status(422, "POST", "/api/identifier", "{\"name\":\"a\\nb\"}");
	assert_status(422, "POST", "/api/identifier", "{\"name\":null}");
	assert_status(422, "POST", "/api/identifier", "{\"pattern\":\"a\"}");
}

static void awkward_names_work(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"a/b \\u00e4\\\"'\"}");
	assert_status(200, "GET", "/api/identifier/a%2Fb%20%C3%A4%22'", NULL);
	assert_string_equal(rest_text("name"), "a/b \u00e4\"'");
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"list\"}");
	assert_status(200, "GET", "/api/identifier/list", NULL);
	assert_true(cJSON_IsArray(rest.reply));
	assert_status(204, "DELETE", "/api/identifier/a/b%20%C3%A4%22'", NULL);
}

static void type_in_use_is_not_deleted(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"used\"}");
	fixture_media("m-used");
	fixture_ask("UPDATE media SET pid_type = 'used' WHERE pid = 'm-used' RETURNING pk");
	assert_status(409, "DELETE", "/api/identifier/used", NULL);
	assert_string_equal(rest_detail(), "\"used: media use this identifier type\"");
	fixture_ask("UPDATE media SET pid_type = 'DEFAULT', identifiers = '{\"used\": \"x\"}' WHERE pid = "
		    "'m-used' RETURNING pk");
	assert_status(409, "DELETE", "/api/identifier/used", NULL);
	fixture_ask("DELETE FROM media WHERE pid = 'm-used' RETURNING pk");
	assert_status(204, "DELETE", "/api/identifier/used", NULL);
	assert_status(404, "DELETE", "/api/identifier/used", NULL);
}

static void reader_only_reads(void **state)
{
	(void)state;
	rest.token = rest.reader;
	assert_status(200, "GET", "/api/identifier/DEFAULT", NULL);
	assert_status(403, "POST", "/api/identifier", "{\"name\":\"x\"}");
	assert_status(403, "DELETE", "/api/identifier/DEFAULT", NULL);
}

static void a_new_pattern_tells_what_no_longer_matches(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"run\"}");
	const char *const media[] = {"{\"run\":\"1\"}", "{\"run\":\"x\"}"};
	for (size_t i = 0; i < 2; i++)
		assert_status(200, "POST", "/api/media",
			arena_printf(fixture.arena,
				"{\"pid\":\"r%zu\",\"pid_type\":\"DEFAULT\",\"identifiers\":%s,"
				"\"store_config\":{\"type\":\"DictStore\",\"bucket\":\"r\"}}",
				i, media[i]));
	assert_status(200, "POST", "/api/media",
		"{\"pid\":\"2x\",\"pid_type\":\"run\",\"store_config\":{\"type\":\"DictStore\",\"bucket\":"
		"\"r\"}}");
	assert_status(204, "PUT", "/api/identifier", "{\"name\":\"run\",\"pattern\":\"[0-9]+\"}");
	assert_string_equal(rest_header("X-Mediastore-Mismatches"), "2");
	assert_status(204, "PUT", "/api/identifier", "{\"name\":\"run\",\"pattern\":\"\"}");
	assert_string_equal(rest_header("X-Mediastore-Mismatches"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(identifier_type_is_got_or_created),
		rest_test(other_pattern_for_the_same_name_is_a_conflict),
		rest_test(list_has_every_type_by_name),
		rest_test(pattern_can_be_replaced),
		rest_test(invalid_pattern_is_422),
		rest_test(names_have_limits),
		rest_test(awkward_names_work),
		rest_test(type_in_use_is_not_deleted),
		rest_test(reader_only_reads),
		rest_test(a_new_pattern_tells_what_no_longer_matches),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
