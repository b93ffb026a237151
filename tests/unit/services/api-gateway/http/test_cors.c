/* SPDX-License-Identifier: MIT */
#include "unit/services/api-gateway/http/ask.h"

#include "http/cors.h"

static int handle_nothing(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)request, (void)response, (void)err;
	return 0;
}

static const struct route TABLE[] = {
	{"GET", "/api/open", handle_nothing, PUBLIC, {.schema = NULL}, NULL, 204},
	{"PUT", "/api/{pid...}/content", handle_nothing, WRITER, {.schema = ROUTE_RAW}, NULL, 204},
	{NULL, NULL, NULL, PUBLIC, {.schema = NULL}, NULL, 0},
};

static struct cors *cors;

static void allow(const char *origins)
{
	struct error err;
	assert_int_equal(cors_create(origins, &cors, &err), 0);
	asking.gateway.cors = cors;
}

static int set_up(void **state)
{
	(void)state;
	ask_set_up(TABLE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ask_tear_down();
	cors_free(cors);
	cors = NULL;
	return 0;
}

static void come_from(const char *origin)
{
	asking.headers[0][0] = "Origin";
	asking.headers[0][1] = origin;
}

static int preflight(const char *method, const char *headers, const char *path)
{
	asking.headers[1][0] = "Access-Control-Request-Method";
	asking.headers[1][1] = method;
	asking.headers[2][0] = headers ? "Access-Control-Request-Headers" : NULL;
	asking.headers[2][1] = headers;
	return ask("OPTIONS", path, NULL);
}

static void without_the_setting_nothing_is_said(void **state)
{
	(void)state;
	come_from("https://a.example");
	assert_int_equal(ask("GET", "/api/open", NULL), 204);
	assert_null(answered("Access-Control-Allow-Origin"));
	assert_null(answered("Vary"));
	assert_int_equal(preflight("GET", NULL, "/api/open"), 405);
}

static void origin_on_the_list_is_named_and_others_are_not(void **state)
{
	(void)state;
	allow("https://a.example, http://b.example:8443");
	come_from("http://b.example:8443");
	assert_int_equal(ask("GET", "/api/open", NULL), 204);
	assert_header("Access-Control-Allow-Origin", "http://b.example:8443");
	assert_header("Access-Control-Expose-Headers", "*");
	assert_header("Vary", "Origin");
	come_from("https://a.example.evil");
	assert_int_equal(ask("GET", "/api/open", NULL), 204);
	assert_null(answered("Access-Control-Allow-Origin"));
	assert_header("Vary", "Origin");
	asking.headers[0][0] = NULL;
	assert_int_equal(ask("GET", "/api/open", NULL), 204);
	assert_header("Vary", "Origin");
}

static void star_allows_all_without_credentials(void **state)
{
	(void)state;
	allow("*");
	come_from("https://anywhere.example");
	assert_int_equal(ask("GET", "/api/open", NULL), 204);
	assert_header("Access-Control-Allow-Origin", "*");
	assert_null(answered("Access-Control-Allow-Credentials"));
	assert_null(answered("Vary"));
}

static void errors_can_be_read_too(void **state)
{
	(void)state;
	allow("https://a.example");
	come_from("https://a.example");
	assert_int_equal(ask("GET", "/api/nothing/here", NULL), 404);
	assert_header("Access-Control-Allow-Origin", "https://a.example");
	assert_header("Vary", "Origin");
}

static void preflight_is_answered_before_authentication(void **state)
{
	(void)state;
	allow("https://a.example");
	come_from("https://a.example");
	assert_int_equal(preflight("PUT", "authorization, if-match", "/api/a/b/content"), 204);
	assert_header("Access-Control-Allow-Origin", "https://a.example");
	assert_header("Access-Control-Allow-Methods", "PUT");
	assert_header("Access-Control-Allow-Headers", "authorization, if-match");
	assert_header("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	assert_int_equal(asking.response.body.length, 0);
}

static void preflight_for_what_is_not_there_says_so(void **state)
{
	(void)state;
	allow("https://a.example");
	come_from("https://a.example");
	assert_int_equal(preflight("GET", NULL, "/nowhere"), 404);
	assert_int_equal(preflight("DELETE", NULL, "/api/open"), 405);
	assert_header("Allow", "GET, HEAD");
	come_from("https://other.example");
	assert_int_equal(preflight("GET", NULL, "/api/open"), 403);
	assert_null(answered("Access-Control-Allow-Origin"));
	assert_null(answered("Access-Control-Allow-Methods"));
}

static void hostile_header_names_are_not_repeated(void **state)
{
	(void)state;
	allow("https://a.example");
	come_from("https://a.example");
	assert_int_equal(preflight("GET", "x\"<y>", "/api/open"), 204);
	assert_null(answered("Access-Control-Allow-Headers"));
}

static void what_is_no_origin_is_refused_at_start(void **state)
{
	(void)state;
	struct error err;
	const char *const wrong[] = {"a.example", "https://", "https://a.example/", "ftp://a.example",
		"https://*", "https://a.example,nonsense"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(cors_create(wrong[i], &cors, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_null(cors);
	}
	assert_int_equal(cors_create(NULL, &cors, &err), 0);
	assert_null(cors);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_the_setting_nothing_is_said),
		TEST(origin_on_the_list_is_named_and_others_are_not),
		TEST(star_allows_all_without_credentials),
		TEST(errors_can_be_read_too),
		TEST(preflight_is_answered_before_authentication),
		TEST(preflight_for_what_is_not_there_says_so),
		TEST(hostile_header_names_are_not_repeated),
		TEST(what_is_no_origin_is_refused_at_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
