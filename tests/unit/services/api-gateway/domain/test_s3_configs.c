/* SPDX-License-Identifier: MIT */
#include "domain/s3_configs.h"

#include "common/arena.h"

#include "support/cmocka.h"

static void assert_url(const char *url, const char *expected)
{
	struct arena *arena = arena_create();
	struct error err;
	const char *out = NULL;
	int result = s3_configs_url(url, arena, &out, &err);
	if (result != (expected ? 0 : -1))
		fail_msg("%s", url);
	if (expected)
		assert_string_equal(out, expected);
	else
		assert_int_equal(err.code, ERROR_INVALID);
	arena_free(arena);
}

static void server_is_kept_without_a_slash_at_the_end(void **state)
{
	(void)state;
	assert_url("http://127.0.0.1:9000", "http://127.0.0.1:9000");
	assert_url("https://s3.example.org/", "https://s3.example.org");
	assert_url("http://[::1]:9000//", "http://[::1]:9000");
	assert_url("http://[fe80::1]", "http://[fe80::1]");
	assert_url("https://{bucket}.s3.example.org:8443/", "https://{bucket}.s3.example.org:8443");
}

static void what_is_no_plain_server_is_refused(void **state)
{
	(void)state;
	assert_url("", NULL);
	assert_url("s3.example.org", NULL);
	assert_url("ftp://host", NULL);
	assert_url("file:///etc/passwd", NULL);
	assert_url("http://", NULL);
	assert_url("http:///x", NULL);
	assert_url("http://user:password@host", NULL);
	assert_url("http://host/path", NULL);
	assert_url("http://host?x=1", NULL);
	assert_url("http://host#x", NULL);
	assert_url("http://host:", NULL);
	assert_url("http://host:123456", NULL);
	assert_url("http://host:9x", NULL);
	assert_url("http://[::1", NULL);
	assert_url("http://ho st", NULL);
	assert_url("http://{bucket}.", NULL);
	assert_url("http://{bucket}", NULL);
	assert_url("http://{bucket}.{bucket}.host", NULL);
	assert_url("http://{other}.host", NULL);
	assert_url("http://host.{bucket}.org", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_is_kept_without_a_slash_at_the_end),
		cmocka_unit_test(what_is_no_plain_server_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
