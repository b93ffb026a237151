/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

static const char *path_of(int64_t pk)
{
	return arena_printf(fixture.arena, "/api/store/%lld", (long long)pk);
}

static void store_is_got_or_created(void **state)
{
	(void)state;
	assert_status(
		200, "POST", "/api/store", "{\"type\":\"FilesystemStore\",\"bucket\":\"/lab/a\",\"pk\":77}");
	int64_t pk = rest_int("pk");
	assert_string_equal(rest_text("type"), "FilesystemStore");
	assert_string_equal(rest_text("bucket"), "/lab/a");
	assert_string_equal(rest_text("s3_url"), "");
	assert_string_equal(rest_text("site"), "default");
	assert_status(200, "POST", "/api/store",
		"{\"type\":\"FilesystemStore\",\"bucket\":\"/lab/a\",\"s3_url\":\"\",\"site\":\"default\"}");
	assert_int_equal(rest_int("pk"), pk);
	assert_status(200, "GET", path_of(pk), NULL);
	assert_int_equal(rest_int("pk"), pk);
}

static void site_tells_stores_apart(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/store", "{\"type\":\"DictStore\",\"bucket\":\"ram\"}");
	int64_t pk = rest_int("pk");
	assert_status(200, "POST", "/api/store",
		"{\"type\":\"DictStore\",\"bucket\":\"ram\",\"site\":\"beam-line.2\"}");
	assert_int_not_equal(rest_int("pk"), pk);
	assert_string_equal(rest_text("site"), "beam-line.2");
	assert_status(
		422, "POST", "/api/store", "{\"type\":\"DictStore\",\"bucket\":\"ram\",\"site\":\"a#b\"}");
}

static void bucket_store_needs_a_known_server(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/store", "{\"type\":\"BucketStore\",\"bucket\":\"b\"}");
	assert_string_equal(rest_detail(), "[{\"error\":\"bad s3_url: a BucketStore needs one\"}]");
	assert_status(422, "POST", "/api/store",
		"{\"type\":\"BucketStore\",\"bucket\":\"b\",\"s3_url\":\"http://nobody:1\"}");
	assert_status(200, "POST", "/api/s3cfg",
		"{\"url\":\"http://known:1\",\"access_key\":\"a\",\"secret_key\":\"b\"}");
	assert_status(200, "POST", "/api/store",
		"{\"type\":\"BucketStore\",\"bucket\":\"b\",\"s3_url\":\"http://known:1/"
		"\",\"site\":\"default\"}");
	assert_string_equal(rest_text("s3_url"), "http://known:1");
}

static void only_bucket_stores_have_a_server(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/store",
		"{\"type\":\"FilesystemStore\",\"bucket\":\"b\",\"s3_url\":\"http://known:1\"}");
	assert_string_equal(rest_detail(), "[{\"error\":\"bad s3_url: only a BucketStore has one\"}]");
}

static void bucket_cannot_lead_out_of_the_root(void **state)
{
	(void)state;
	const char *const bad[] = {"..", "../x", "a/../b", "/..", "a/..", "", "a\\u0000b", "a\\nb"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_status(422, "POST", "/api/store",
			arena_printf(
				fixture.arena, "{\"type\":\"FilesystemStore\",\"bucket\":\"%s\"}", bad[i]));
	assert_status(200, "POST", "/api/store", "{\"type\":\"FilesystemStore\",\"bucket\":\"a..b/...\"}");
}

static void unknown_type_is_422(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/store", "{\"type\":\"TapeStore\",\"bucket\":\"b\"}");
	assert_non_null(strstr(rest_detail(), "\"loc\":[\"body\",\"store\",\"type\"]"));
	assert_status(422, "POST", "/api/store", "[]");
	assert_non_null(
		strstr(rest_detail(), "Input should be a valid dictionary or instance of StoreCreate"));
}

static void list_begins_with_the_oldest(void **state)
{
	(void)state;
	assert_status(200, "GET", "/api/stores", NULL);
	const cJSON *first = cJSON_GetArrayItem(rest.reply, 0);
	assert_int_equal((int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(first, "pk")), fixture.store_pk);
}

static void store_in_use_is_not_deleted(void **state)
{
	(void)state;
	fixture_media("m-store");
	assert_status(409, "DELETE", path_of(fixture.store_pk), NULL);
	assert_string_equal(rest_detail(), "\"the store is in use: 1 media and 0 unfinished jobs\"");
	assert_status(200, "POST", "/api/store", "{\"type\":\"DictStore\",\"bucket\":\"unused\"}");
	const char *path = path_of(rest_int("pk"));
	assert_status(204, "DELETE", path, NULL);
	assert_status(404, "DELETE", path, NULL);
	assert_status(404, "GET", path, NULL);
}

static void unknown_pk_is_404_and_nonsense_422(void **state)
{
	(void)state;
	assert_status(404, "GET", "/api/store/424242", NULL);
	assert_status(422, "GET", "/api/store/x", NULL);
	assert_status(422, "GET", "/api/store/99999999999999999999", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(store_is_got_or_created),
		rest_test(site_tells_stores_apart),
		rest_test(bucket_store_needs_a_known_server),
		rest_test(only_bucket_stores_have_a_server),
		rest_test(bucket_cannot_lead_out_of_the_root),
		rest_test(unknown_type_is_422),
		rest_test(list_begins_with_the_oldest),
		rest_test(store_in_use_is_not_deleted),
		rest_test(unknown_pk_is_404_and_nonsense_422),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
