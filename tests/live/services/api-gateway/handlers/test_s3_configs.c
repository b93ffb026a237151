/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

#include "common/seal.h"

static int64_t create(const char *url)
{
	const char *body = arena_printf(
		fixture.arena, "{\"url\":\"%s\",\"access_key\":\"AK\",\"secret_key\":\"top secret\"}", url);
	assert_status(200, "POST", "/api/s3cfg", body);
	return rest_int("pk");
}

static const char *path_of(int64_t pk)
{
	return arena_printf(fixture.arena, "/api/s3cfg/%lld", (long long)pk);
}

static void keys_never_leave(void **state)
{
	(void)state;
	int64_t pk = create("http://s3-a:9000");
	assert_string_equal(rest_text("url"), "http://s3-a:9000");
	assert_null(strstr(rest.response.body.data, "AK"));
	assert_status(200, "GET", path_of(pk), NULL);
	assert_null(strstr(rest.response.body.data, "secret"));
	assert_status(200, "GET", "/api/s3cfgs", NULL);
	assert_null(strstr(rest.response.body.data, "secret"));
	assert_null(strstr(rest.response.body.data, "AK"));
}

static void secret_is_stored_sealed_for_its_url(void **state)
{
	(void)state;
	create("http://s3-b:9000/");
	const char *sealed = fixture_ask("SELECT secret_key FROM s3_config WHERE url = 'http://s3-b:9000'");
	assert_int_equal(strncmp(sealed, "v1.", 3), 0);
	struct buf secret = {0};
	assert_ok(seal_open(
		rest.gateway.secret_key, "s3_config:http://s3-b:9000", sealed, &secret, &fixture.err));
	assert_string_equal(secret.data, "top secret");
	buf_release(&secret);
}

static void same_again_is_the_same_and_other_keys_are_a_conflict(void **state)
{
	(void)state;
	int64_t pk = create("http://s3-c:9000");
	assert_int_equal(create("http://s3-c:9000"), pk);
	assert_int_equal(create("http://s3-c:9000/"), pk);
	assert_status(409, "POST", "/api/s3cfg",
		"{\"url\":\"http://s3-c:9000\",\"access_key\":\"AK\",\"secret_key\":\"other\"}");
	assert_non_null(strstr(rest_detail(), "has the url http://s3-c:9000 with other credentials"));
	assert_null(strstr(rest.response.body.data, "top secret"));
	assert_status(409, "POST", "/api/s3cfg",
		"{\"url\":\"http://s3-c:9000\",\"access_key\":\"BK\",\"secret_key\":\"top secret\"}");
}

static void config_is_replaced_whole(void **state)
{
	(void)state;
	int64_t pk = create("http://s3-d:9000");
	create("http://s3-e:9000");
	assert_status(204, "PUT", path_of(pk),
		"{\"url\":\"http://"
		"s3-f:9000\",\"access_key\":\"N\",\"secret_key\":\"new\",\"region\":\"eu\"}");
	assert_int_equal(rest.response.body.length, 0);
	assert_status(200, "GET", path_of(pk), NULL);
	assert_string_equal(rest_text("url"), "http://s3-f:9000");
	assert_status(409, "PUT", path_of(pk),
		"{\"url\":\"http://s3-e:9000\",\"access_key\":\"N\",\"secret_key\":\"new\"}");
	assert_string_equal(rest_detail(), "\"another S3 config has the url http://s3-e:9000\"");
	assert_status(404, "PUT", "/api/s3cfg/999999",
		"{\"url\":\"http://s3-g:9000\",\"access_key\":\"N\",\"secret_key\":\"new\"}");
}

static void unknown_pk_is_404_and_nonsense_422(void **state)
{
	(void)state;
	assert_status(404, "GET", "/api/s3cfg/999999", NULL);
	assert_status(404, "DELETE", "/api/s3cfg/0", NULL);
	assert_status(422, "GET", "/api/s3cfg/abc", NULL);
	assert_string_equal(rest_detail(),
		"[{\"type\":\"int_parsing\",\"loc\":[\"path\",\"pk\"],"
		"\"msg\":\"Input should be a valid integer, unable to parse string as an integer\"}]");
	assert_status(422, "DELETE", "/api/s3cfg/-1", NULL);
}

static void config_in_use_is_not_deleted(void **state)
{
	(void)state;
	int64_t pk = create("http://s3-h:9000");
	assert_status(200, "POST", "/api/store",
		"{\"type\":\"BucketStore\",\"bucket\":\"b\",\"s3_url\":\"http://s3-h:9000\"}");
	int64_t store = rest_int("pk");
	assert_status(409, "DELETE", path_of(pk), NULL);
	assert_string_equal(rest_detail(),
		arena_printf(fixture.arena, "\"stores use this S3 configuration: %lld (bucket b)\"",
			(long long)store));
	assert_status(204, "DELETE", arena_printf(fixture.arena, "/api/store/%lld", (long long)store), NULL);
	assert_status(204, "DELETE", path_of(pk), NULL);
	assert_status(404, "GET", path_of(pk), NULL);
}

static void malformed_urls_are_422(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/s3cfg",
		"{\"url\":\"http://host/path\",\"access_key\":\"N\",\"secret_key\":\"new\"}");
	assert_status(422, "POST", "/api/s3cfg",
		"{\"url\":\"http://host\",\"access_key\":\"\",\"secret_key\":\"x\"}");
	assert_status(422, "POST", "/api/s3cfg", "{\"url\":\"http://host\",\"access_key\":\"x\"}");
}

static void only_admins_change_configs(void **state)
{
	(void)state;
	rest.token = rest.writer;
	assert_status(200, "GET", "/api/s3cfgs", NULL);
	assert_status(403, "POST", "/api/s3cfg",
		"{\"url\":\"http://s3-z:9000\",\"access_key\":\"N\",\"secret_key\":\"new\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(keys_never_leave),
		rest_test(secret_is_stored_sealed_for_its_url),
		rest_test(same_again_is_the_same_and_other_keys_are_a_conflict),
		rest_test(config_is_replaced_whole),
		rest_test(unknown_pk_is_404_and_nonsense_422),
		rest_test(config_in_use_is_not_deleted),
		rest_test(malformed_urls_are_422),
		rest_test(only_admins_change_configs),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
