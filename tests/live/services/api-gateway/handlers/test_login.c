/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

static void right_password_gives_a_token_that_works(void **state)
{
	(void)state;
	rest.token = NULL;
	assert_status(200, "POST", "/api/login", "{\"username\":\"writer\",\"password\":\"secret\"}");
	char token[TOKEN_SIZE];
	snprintf(token, sizeof(token), "%s", rest_text("token"));
	rest.token = token;
	assert_status(200, "GET", "/api/stores", NULL);
	assert_string_equal(rest.request.principal.username, "writer");
	assert_int_equal(rest.request.principal.role, ROLE_WRITER);
}

static void wrong_password_and_unknown_user_look_alike(void **state)
{
	(void)state;
	rest.token = NULL;
	assert_status(401, "POST", "/api/login", "{\"username\":\"writer\",\"password\":\"wrong\"}");
	assert_string_equal(rest_text("error"), "Invalid credentials");
	assert_string_equal(rest_text("code"), "unauthorized");
	assert_status(401, "POST", "/api/login", "{\"username\":\"nobody\",\"password\":\"secret\"}");
	assert_string_equal(rest_text("error"), "Invalid credentials");
}

static void inactive_user_cannot_log_in_and_loses_the_tokens(void **state)
{
	(void)state;
	char token[TOKEN_SIZE];
	rest_make_user("leaver", "writer", token);
	rest.token = token;
	assert_status(200, "GET", "/api/stores", NULL);
	assert_found(user_set_active(fixture.conn, "leaver", false, &fixture.err));
	assert_status(401, "POST", "/api/login", "{\"username\":\"leaver\",\"password\":\"secret\"}");
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	assert_status(401, "GET", "/api/stores", NULL);
}

static void token_is_kept_only_as_its_hash(void **state)
{
	(void)state;
	const char *query = arena_printf(
		fixture.arena, "SELECT count(*) FROM token WHERE token::text LIKE '%%%s%%'", rest.writer);
	assert_string_equal(fixture_ask(query), "0");
	query = arena_printf(fixture.arena,
		"SELECT count(*) FROM token WHERE hash = sha256(convert_to('%s', 'UTF8'))", rest.writer);
	assert_string_equal(fixture_ask(query), "1");
}

static void expired_token_is_refused(void **state)
{
	(void)state;
	char token[TOKEN_SIZE];
	struct user_row user;
	assert_found(user_find(fixture.conn, "writer", fixture.arena, &user, &fixture.err));
	assert_ok(tokens_start_login(&rest.tokens, user.pk, 300, token, &fixture.err));
	rest.token = token;
	assert_status(200, "GET", "/api/stores", NULL);
	clock_sleep_ms(400);
	assert_status(401, "GET", "/api/stores", NULL);
}

static void credentials_must_be_strings(void **state)
{
	(void)state;
	rest.token = NULL;
	assert_status(422, "POST", "/api/login", "{\"username\":5}");
	assert_string_equal(rest_detail(),
		"[{\"type\":\"missing\",\"loc\":[\"body\",\"credentials\",\"password\"],\"msg\":\"Field "
		"required\"},"
		"{\"type\":\"string_type\",\"loc\":[\"body\",\"credentials\",\"username\"],"
		"\"msg\":\"Input should be a valid string\"}]");
}

static void everything_but_the_public_routes_needs_a_token(void **state)
{
	(void)state;
	rest.token = NULL;
	for (const struct route *route = ROUTES; route->method; route++) {
		if (route->auth == PUBLIC)
			continue;
		const char *at = strchr(route->pattern, '{');
		const char *path = !at ? route->pattern
				       : arena_printf(fixture.arena, "%.*s1%s", (int)(at - route->pattern),
						 route->pattern, strchr(at, '}') + 1);
		assert_status(401, route->method, path, NULL);
	}
}

static void hello_and_livez_are_for_everybody(void **state)
{
	(void)state;
	rest.token = NULL;
	assert_status(200, "GET", "/api/hello", NULL);
	assert_string_equal(rest_text("msg"), "Hello, world!");
	assert_status(200, "GET", "/livez", NULL);
	assert_string_equal(rest_text("status"), "live");
}

static int working(void *context, struct error *err)
{
	(void)context, (void)err;
	return 0;
}

static int broken(void *context, struct error *err)
{
	(void)context;
	return error_set(err, ERROR_UNAVAILABLE, "broker unreachable");
}

static void readyz_names_what_does_not_work(void **state)
{
	(void)state;
	struct gateway_probe probes[] = {
		{"database", working, NULL}, {"broker", working, NULL}, {NULL, NULL, NULL}};
	rest.gateway.probes = probes;
	assert_status(200, "GET", "/readyz", NULL);
	assert_string_equal(rest_text("status"), "ready");
	probes[1].check = broken;
	assert_status(503, "GET", "/readyz", NULL);
	assert_string_equal(rest_text("code"), "unavailable");
	const cJSON *checks = cJSON_GetObjectItem(rest.reply, "checks");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(checks, "database")), "ok");
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItem(checks, "broker")), "broker unreachable");
	rest.gateway.probes = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(right_password_gives_a_token_that_works),
		rest_test(wrong_password_and_unknown_user_look_alike),
		rest_test(inactive_user_cannot_log_in_and_loses_the_tokens),
		rest_test(token_is_kept_only_as_its_hash),
		rest_test(expired_token_is_refused),
		rest_test(credentials_must_be_strings),
		rest_test(everything_but_the_public_routes_needs_a_token),
		rest_test(hello_and_livez_are_for_everybody),
		rest_test(readyz_names_what_does_not_work),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
