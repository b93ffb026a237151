/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/media.h"

static const cJSON *element(int index)
{
	return cJSON_GetArrayItem(rest.reply, index);
}

static const char *element_text(int index, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element(index), name));
}

/* --- create, read, search, delete */

static void a_list_is_created_in_its_order(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media/create",
		"[" MEDIA("c-z", ",\"tags\":[\"t\"]") "," MEDIA("c-a", ",\"metadata\":{\"n\":1.10}") "]");
	assert_string_equal(element_text(0, "pid"), "c-z");
	assert_string_equal(element_text(1, "pid"), "c-a");
	assert_column("c-a", "pk > (SELECT pk FROM media WHERE pid = 'c-z')", "t");
	assert_column("c-a", "metadata", "{\"n\": 1.10}");
	assert_column("c-z", "version", "1");
	assert_string_equal(
		fixture_ask(
			"SELECT count(*) FROM outbox WHERE subject LIKE 'c-_' AND what = 'media.created'"),
		"2");
	assert_status(200, "POST", "/api/media/create", "[]");
	assert_body("[]");
}

static void one_bad_element_keeps_the_list_from_being_created(void **state)
{
	(void)state;
	fixture_media("b-there");
	assert_status(422, "POST", "/api/media/create",
		"[" MEDIA("b-good", "") "," MEDIA("b-there", "") "," MEDIA(
			"b-good", "") ","
				      "{\"pid\":\"b\",\"pid_type\":\"what\"," STORE "},"
				      "{\"pid\":\"b\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"type\":"
				      "\"BucketStore\",\"bucket\":\"b\"}}]");
	assert_string_equal(rest_detail(),
		"[{\"type\":\"value_error\",\"loc\":[\"body\",\"medias\",1],\"msg\":\"a media with this pid "
		"exists already\","
		"\"error\":\"a media with this pid exists already\"},"
		"{\"type\":\"value_error\",\"loc\":[\"body\",\"medias\",2],\"msg\":\"a media with this pid "
		"exists already\","
		"\"error\":\"a media with this pid exists already\"},"
		"{\"type\":\"value_error\",\"loc\":[\"body\",\"medias\",3],\"msg\":\"bad pid_type: what\","
		"\"error\":\"bad pid_type: what\"},"
		"{\"type\":\"value_error\",\"loc\":[\"body\",\"medias\",4],\"msg\":\"bad s3_url: a "
		"BucketStore needs one\","
		"\"error\":\"bad s3_url: a BucketStore needs one\"}]");
	assert_string_equal(fixture_ask("SELECT count(*) FROM media WHERE pid = 'b-good'"), "0");
}

static void good_elements_are_kept_when_partial_is_wished(void **state)
{
	(void)state;
	fixture_media("p-there");
	assert_status(200, "POST", "/api/media/create?partial=true",
		"[" MEDIA("p-there", "") "," MEDIA(
			"p-good", "") ","
				      "{\"pid\":\"p-bad\",\"pid_type\":\"what\"," STORE "}]");
	const cJSON *created = cJSON_GetObjectItem(rest.reply, "created");
	assert_int_equal(cJSON_GetArraySize(created), 1);
	assert_in_body(
		"\"failures\":[{\"pid\":\"p-there\",\"error\":\"conflict\",\"msg\":\"a media with this pid "
		"exists "
		"already\",\"index\":0},"
		"{\"pid\":\"p-bad\",\"error\":\"invalid\",\"msg\":\"bad pid_type: what\",\"index\":2}]");
	assert_column("p-good", "count(*)", "1");
}

static void partial_keeps_the_good_ones_whatever_is_wrong_with_others(void **state)
{
	(void)state;
	static const char LIST[] =
		"[" MEDIA("w-good", "") ",{\"pid\":\"w-type\"},5,{\"pid\":7,\"pid_type\":\"DEFAULT\"," STORE
					"}," MEDIA("", "") "," MEDIA("w-tags", ",\"tags\":[1,\"\"]") "]";
	assert_status(422, "POST", "/api/media/create", LIST);
	assert_in_body("{\"type\":\"string_too_short\",\"loc\":[\"body\",\"medias\",4,\"pid\"]");
	assert_column("w-good", "count(*)", "0");
	assert_status(200, "POST", "/api/media/create?partial=true", LIST);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(rest.reply, "created")), 1);
	assert_in_body(
		"{\"pid\":\"w-type\",\"error\":\"invalid\",\"msg\":\"pid_type: Field required; "
		"store_config: Field required\",\"index\":1},"
		"{\"pid\":null,\"error\":\"invalid\",\"msg\":\"Input should be a valid dictionary or "
		"instance of MediaCreate\",\"index\":2},"
		"{\"pid\":null,\"error\":\"invalid\",\"msg\":\"pid: Input should be a valid string\",");
	assert_in_body(
		"\"msg\":\"tags.0: Input should be a valid string; tags.1: String should have at least 1 "
		"character\",\"index\":5}]");
	assert_column("w-good", "count(*)", "1");
}

static void values_that_cannot_be_fail_alone_and_wrong_types_together(void **state)
{
	(void)state;
	fixture_media("v-good");
	assert_status(200, "PUT", "/api/media/update/tags",
		"[{\"pid\":\"\",\"tags\":[]},{\"pid\":\"v-good\",\"tags\":[\"\"]},{\"pid\":\"v-good\","
		"\"tags\":[\"t\"]}]");
	assert_body("{\"successes\":[\"v-good\"],\"failures\":["
		    "{\"pid\":\"\",\"error\":\"invalid\",\"msg\":\"pid: String should have at least 1 "
		    "character\"},"
		    "{\"pid\":\"v-good\",\"error\":\"invalid\",\"msg\":\"tags.0: String should have at least "
		    "1 character\"}]}");
	assert_column("v-good", "tags", "{t}");
	assert_status(200, "PUT", "/api/media/update/storekeys",
		"[{\"pid\":\"v-good\",\"store_key\":\"\"},{\"pid\":\"v-good\",\"store_key\":\"a/key\"}]");
	assert_column("v-good", "store_key", "a/key");
	assert_status(422, "PUT", "/api/media/update/tags",
		"[{\"pid\":\"v-good\",\"tags\":[\"u\"]},{\"pid\":\"v-good\",\"tags\":\"u\"}]");
	assert_column("v-good", "tags", "{t}");
}

static void every_problem_of_a_media_is_told(void **state)
{
	(void)state;
	static const char BAD[] =
		"{\"pid\":\"all\",\"pid_type\":\"X\",\"identifiers\":{\"Y\":\"1\",\"Z\":\"2\"},"
		"\"store_config\":{\"type\":\"BucketStore\",\"bucket\":\"b\"}}";
	assert_status(422, "POST", "/api/media", BAD);
	assert_string_equal(rest_detail(),
		"[{\"error\":\"bad pid_type: X\"},{\"error\":\"bad identifier_type: Y\"},"
		"{\"error\":\"bad identifier_type: Z\"},{\"error\":\"bad s3_url: a BucketStore needs "
		"one\"}]");
	assert_status(422, "POST", "/api/media/create", arena_printf(fixture.arena, "[%s]", BAD));
	assert_in_body(
		"\"msg\":\"bad pid_type: X; bad identifier_type: Y; bad identifier_type: Z; bad s3_url");
}

static void pk_in_a_store_is_a_number_or_digits(void **state)
{
	(void)state;
	static const char STORE_PK[] = "{\"pid\":\"pk\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"pk\":%s,"
				       "\"type\":\"DictStore\",\"bucket\":\"b\"}}";
	static const char *const BAD[] = {"\"x\"", "\"\"", "1.5", "-1", "0", "true", "[]"};
	static const char *const GOOD[] = {"7", "\"7\"", "null"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		assert_status(422, "POST", "/api/media", arena_printf(fixture.arena, STORE_PK, BAD[i]));
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		assert_status(200, "POST", "/api/media", arena_printf(fixture.arena, STORE_PK, GOOD[i]));
		assert_status(204, "DELETE", "/api/media/pk", NULL);
	}
}

static void patterns_hold_for_lists_too(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"isbn\",\"pattern\":\"[0-9]{4}\"}");
	assert_status(422, "POST", "/api/media/create",
		"[" MEDIA("i-1", ",\"identifiers\":{\"isbn\":\"1234\"}") "," MEDIA(
			"i-2", ",\"identifiers\":{\"isbn\":\"12345\"}") "]");
	assert_in_body("\"loc\":[\"body\",\"medias\",1],\"msg\":\"identifier_type does not match");
	assert_status(200, "POST", "/api/media/create",
		"[" MEDIA("i-1", ",\"identifiers\":{\"isbn\":\"1234\"}") "]");
	assert_status(200, "PUT", "/api/media/update/identifiers",
		"[{\"pid\":\"i-1\",\"identifiers\":{\"isbn\":\"x\"}},{\"pid\":\"i-1\",\"identifiers\":{"
		"\"isbn\":\"4321\"}}]");
	assert_in_body("{\"successes\":[\"i-1\"],\"failures\":[{\"pid\":\"i-1\",\"error\":\"invalid\"");
	assert_column("i-1", "identifiers", "{\"isbn\": \"4321\"}");
}

static void problems_of_elements_name_their_place(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/media/create", "[" MEDIA("x", "") ",{\"pid\":7}]");
	assert_in_body("{\"type\":\"string_type\",\"loc\":[\"body\",\"medias\",1,\"pid\"],\"msg\":\"Input "
		       "should be a valid string\"}");
	assert_in_body("{\"type\":\"missing\",\"loc\":[\"body\",\"medias\",1,\"pid_type\"],\"msg\":\"Field "
		       "required\"}");
	assert_status(422, "POST", "/api/media/read", "{}");
	assert_in_body("{\"type\":\"list_type\",\"loc\":[\"body\",\"pids\"],\"msg\":\"Input should be a "
		       "valid list\"}");
	assert_status(422, "PUT", "/api/media/update/metadata",
		"[{\"pid\":\"x\",\"keys\":[1],\"data\":1},{\"pid\":\"x\"}]");
	assert_in_body("\"loc\":[\"body\",\"updates\",0,\"keys\",0]");
	assert_in_body("\"loc\":[\"body\",\"updates\",1,\"data\"]");
}

static void known_media_are_read_in_the_order_asked(void **state)
{
	(void)state;
	fixture_media("r-1");
	fixture_media("r-2");
	assert_status(200, "POST", "/api/media/read", "[\"r-2\",\"nobody\",\"r-1\",\"\"]");
	assert_int_equal(cJSON_GetArraySize(rest.reply), 2);
	assert_string_equal(element_text(0, "pid"), "r-2");
	assert_string_equal(element_text(1, "pid"), "r-1");
}

static void search_finds_each_media_once(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media/create",
		"[" MEDIA("s-1", ",\"tags\":[\"red\",\"blu\\\"e\"]") "," MEDIA(
			"s-2", ",\"tags\":[\"green\"]") "," MEDIA("s-3", ",\"tags\":[\"red\"]") "]");
	assert_status(200, "POST", "/api/media/search", "{\"tags\":[\"blu\\\"e\",\"red\"]}");
	assert_int_equal(cJSON_GetArraySize(rest.reply), 2);
	assert_string_equal(element_text(0, "pid"), "s-1");
	assert_string_equal(element_text(1, "pid"), "s-3");
	assert_status(200, "POST", "/api/media/search", "{\"tags\":[]}");
	assert_body("[]");
}

static void dump_lists_everything(void **state)
{
	(void)state;
	fixture_media("d-1");
	assert_status(200, "GET", "/api/media/dump", NULL);
	assert_string_equal(arena_printf(fixture.arena, "%d", cJSON_GetArraySize(rest.reply)),
		fixture_ask("SELECT count(*) FROM media"));
}

static void a_list_is_deleted_and_says_what_was_not_there(void **state)
{
	(void)state;
	fixture_media("x-1");
	fixture_media("x-2");
	assert_status(200, "POST", "/api/media/delete", "[\"x-2\",\"nobody\",\"x-1\",\"x-2\"]");
	assert_body(
		"{\"successes\":[\"x-2\",\"x-1\"],\"failures\":["
		"{\"pid\":\"nobody\",\"error\":\"not_found\",\"msg\":\"no media has this pid\"},"
		"{\"pid\":\"x-2\",\"error\":\"not_found\",\"msg\":\"named before in the same request\"}]}");
	assert_string_equal(
		fixture_ask("SELECT count(*) FROM job WHERE kind = 'delete' AND pid LIKE 'x-_'"), "2");
}

static void long_lists_get_the_time_they_need(void **state)
{
	(void)state;
	enum { COUNT = 1500 };
	struct buf create = {0}, update = {0};
	for (int i = 0; i < COUNT; i++) {
		const char *comma = i ? "," : "[";
		buf_printf(&create, "%s{\"pid\":\"l-%d\",\"pid_type\":\"DEFAULT\"," STORE "}", comma, i);
		buf_printf(&update, "%s{\"pid\":\"l-%d\",\"tags\":[\"l\"]}", comma, i);
	}
	buf_append_text(&create, "]");
	buf_append_text(&update, "]");
	assert_status(200, "POST", "/api/media/create", create.data);
	assert_int_equal(cJSON_GetArraySize(rest.reply), COUNT);
	assert_status(200, "PUT", "/api/media/update/tags", update.data);
	assert_string_equal(fixture_ask("SELECT count(*) FROM media WHERE tags = '{l}'"), "1500");
	buf_release(&create);
	buf_release(&update);
}

/* --- tags, identifiers, store keys, names */

static void tags_are_added_once_and_replaced_in_their_order(void **state)
{
	(void)state;
	fixture_media("t");
	assert_status(200, "PATCH", "/api/media/update/tags",
		"[{\"pid\":\"t\",\"tags\":[\"b\",\"a\",\"b\"]},{\"pid\":\"nobody\",\"tags\":[]},{\"pid\":"
		"\"t\",\"tags\":[\"c\",\"a\"]}]");
	assert_body("{\"successes\":[\"t\",\"t\"],\"failures\":[{\"pid\":\"nobody\",\"error\":\"not_found\","
		    "\"msg\":\"no media has "
		    "this pid\"}]}");
	assert_column("t", "tags", "{b,a,c}");
	assert_status(200, "PUT", "/api/media/update/tags", "[{\"pid\":\"t\",\"tags\":[\"z\",\"a\"]}]");
	assert_column("t", "tags", "{z,a}");
	const char *version = column("t", "version");
	assert_status(200, "PATCH", "/api/media/update/tags", "[{\"pid\":\"t\",\"tags\":[\"a\"]}]");
	assert_column("t", "version", version);
}

static void identifiers_are_replaced_and_repeat_no_pid(void **state)
{
	(void)state;
	fixture_media("id");
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"doi\"}");
	assert_status(200, "PUT", "/api/media/update/identifiers",
		"[{\"pid\":\"id\",\"identifiers\":{\"doi\":\"10.1\",\"DEFAULT\":\"id\"}}]");
	assert_body(DONE("id"));
	assert_column("id", "identifiers", "{\"doi\": \"10.1\"}");
	assert_status(200, "PUT", "/api/media/update/identifiers",
		"[{\"pid\":\"id\",\"identifiers\":{\"DEFAULT\":\"no\"}}]");
	assert_in_body("duplicate pid_type in identifiers DO NOT MATCH: no != id");
	assert_status(200, "PUT", "/api/media/update/identifiers",
		"[{\"pid\":\"id\",\"identifiers\":{\"isan\":\"no\"}}]");
	assert_in_body("bad identifier_type: isan");
	assert_status(200, "PUT", "/api/media/update/identifiers", "[{\"pid\":\"id\",\"identifiers\":{}}]");
	assert_column("id", "identifiers", "{}");
}

static void store_keys_stay_within_the_store(void **state)
{
	(void)state;
	const char *const bad[] = {"../x", "a/../b", "/a", "a//b", "a/", ".", "a/..", ".."};
	fixture_media("k");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_status(200, "PUT", "/api/media/update/storekeys",
			arena_printf(fixture.arena, "[{\"pid\":\"k\",\"store_key\":\"%s\"}]", bad[i]));
		assert_in_body(FAILED("k") "\"invalid\"");
	}
	assert_status(
		200, "PUT", "/api/media/update/storekeys", "[{\"pid\":\"k\",\"store_key\":\"raw/..a/b c\"}]");
	assert_body(DONE("k"));
	assert_column("k", "store_key", "raw/..a/b c");
}

static void a_store_key_is_one_media_s(void **state)
{
	(void)state;
	fixture_media("k-1");
	fixture_media("k-2");
	assert_status(200, "PUT", "/api/media/update/storekeys",
		"[{\"pid\":\"k-1\",\"store_key\":\"same\"},{\"pid\":\"k-2\",\"store_key\":\"same\"},{\"pid\":"
		"\"k-2\",\"store_key\":\"own\"}]");
	assert_body("{\"successes\":[\"k-1\",\"k-2\"],\"failures\":[{\"pid\":\"k-2\",\"error\":\"conflict\","
		    "\"msg\":\"the store holds "
		    "another media under this key\"}]}");
	assert_column("k-2", "store_key", "own");
}

static void many_are_renamed_one_after_another(void **state)
{
	(void)state;
	fixture_media("n-1");
	fixture_media("n-2");
	assert_status(200, "PATCH", "/api/media/update",
		"{\"pids\":[\"n-1\",\"n-2\",\"n-2\",\"nobody\"],\"medias\":[{\"new_pid\":\"n-3\",\"extra\":1}"
		","
		"{\"pid\":\"n-2\",\"new_pid\":\"n-3\"},{\"new_pid\":\"n-1\"},{}]}");
	assert_body("{\"successes\":[\"n-1\",\"n-2\"],\"failures\":[{\"pid\":\"n-2\",\"error\":\"conflict\","
		    "\"msg\":\"a media with this "
		    "pid exists already\"},{\"pid\":\"nobody\",\"error\":\"not_found\",\"msg\":\"no media "
		    "has this pid\"}]}");
	assert_column("n-1", "store_key", "n-2.1");
	assert_status(422, "PATCH", "/api/media/update", "{\"pids\":[\"n-1\"],\"medias\":[]}");
	assert_status(
		422, "PATCH", "/api/media/update", "{\"pids\":[\"n-1\"],\"medias\":[{\"pid\":\"n-3\"}]}");
}

/* --- versions */

static void if_match_of_an_element_is_its_own(void **state)
{
	(void)state;
	fixture_media("v-1");
	fixture_media("v-2");
	assert_status(200, "PUT", "/api/media/update/tags",
		"[{\"pid\":\"v-1\",\"tags\":[\"x\"],\"if_match\":\"1\"},{\"pid\":\"v-2\",\"tags\":[\"x\"],"
		"\"if_match\":9},"
		"{\"pid\":\"v-2\",\"tags\":[\"y\"],\"if_match\":\"\\\"1\\\"\"}]");
	assert_in_body("{\"successes\":[\"v-1\",\"v-2\"],\"failures\":[{\"pid\":\"v-2\",\"error\":"
		       "\"precondition_failed\"");
	assert_column("v-2", "tags", "{y}");
	assert_status(200, "PUT", "/api/media/update/storekeys",
		"[{\"pid\":\"v-1\",\"store_key\":\"v\",\"if_match\":1}]");
	assert_in_body(FAILED("v-1") "\"precondition_failed\"");
}

static void if_match_of_the_request_is_everybody_s(void **state)
{
	(void)state;
	fixture_media("w-1");
	fixture_media("w-2");
	assert_status(200, "PUT", "/api/media/update/tags", "[{\"pid\":\"w-1\",\"tags\":[\"x\"]}]");
	const char *both = "[{\"pid\":\"w-1\",\"tags\":[\"y\"],\"store_key\":\"w\"},{\"pid\":\"w-2\","
			   "\"tags\":[\"y\"],\"store_key\":\"v\"}]";
	rest.if_match = "\"2\"";
	assert_status(412, "PUT", "/api/media/update/tags", both);
	rest.if_match = "\"2\"";
	assert_status(412, "PUT", "/api/media/update/storekeys", both);
	rest.if_match = "\"2\"";
	assert_status(412, "POST", "/api/media/delete", "[\"w-1\",\"w-2\"]");
	assert_column("w-2", "version", "1");
	rest.if_match = "\"2\", \"1\"";
	assert_status(200, "PUT", "/api/media/update/tags", both);
	assert_column("w-2", "tags", "{y}");
}

static void who_changed_many_is_remembered(void **state)
{
	(void)state;
	rest.token = rest.writer;
	fixture_media("h");
	assert_status(200, "PUT", "/api/media/update/tags", "[{\"pid\":\"h\",\"tags\":[\"x\"]}]");
	assert_string_equal(
		fixture_ask("SELECT actor FROM media_history WHERE pid = 'h' AND version = 2"), "writer");
	assert_string_equal(fixture_ask("SELECT what FROM outbox WHERE subject = 'h' ORDER BY id DESC"),
		"media.updated.tags");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(a_list_is_created_in_its_order),
		rest_test(one_bad_element_keeps_the_list_from_being_created),
		rest_test(good_elements_are_kept_when_partial_is_wished),
		rest_test(partial_keeps_the_good_ones_whatever_is_wrong_with_others),
		rest_test(values_that_cannot_be_fail_alone_and_wrong_types_together),
		rest_test(every_problem_of_a_media_is_told),
		rest_test(pk_in_a_store_is_a_number_or_digits),
		rest_test(patterns_hold_for_lists_too),
		rest_test(problems_of_elements_name_their_place),
		rest_test(known_media_are_read_in_the_order_asked),
		rest_test(search_finds_each_media_once),
		rest_test(dump_lists_everything),
		rest_test(a_list_is_deleted_and_says_what_was_not_there),
		rest_test(long_lists_get_the_time_they_need),
		rest_test(tags_are_added_once_and_replaced_in_their_order),
		rest_test(identifiers_are_replaced_and_repeat_no_pid),
		rest_test(store_keys_stay_within_the_store),
		rest_test(a_store_key_is_one_media_s),
		rest_test(many_are_renamed_one_after_another),
		rest_test(if_match_of_an_element_is_its_own),
		rest_test(if_match_of_the_request_is_everybody_s),
		rest_test(who_changed_many_is_remembered),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
