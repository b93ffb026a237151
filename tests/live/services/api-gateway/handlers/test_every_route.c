/* SPDX-License-Identifier: MIT */

/* What dispatch refuses before a handler runs, on each row of THE route table. */

#include "live/services/api-gateway/handlers/rest.h"

#include "http/router.h"

enum { BEYOND_EVERY_LIMIT = 2 * 1024 * 1024 };

static char large[BEYOND_EVERY_LIMIT + 1];

/* "/api/media/{pid...}/content" is asked for as "/api/media/1/content". */
static const char *path_of(const struct route *route)
{
	char *path = arena_strdup(fixture.arena, route->pattern), *end = path;
	for (const char *at = route->pattern; *at; at++) {
		*end++ = *at == '{' ? '1' : *at;
		if (*at == '{')
			at = strchr(at, '}');
	}
	*end = '\0';
	return path;
}

static bool takes_json(const struct route *route)
{
	return route->body.schema && route->body.schema != ROUTE_RAW;
}

static void without_a_token_it_is_401(void **state)
{
	(void)state;
	rest.token = NULL;
	for (const struct route *route = ROUTES; route->method; route++) {
		if (route->auth == PUBLIC)
			continue;
		assert_status(401, route->method, path_of(route), "{");
		assert_string_equal(rest_text("detail"), "Unauthorized");
	}
}

static void with_too_low_a_role_it_is_403(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++) {
		if (route->auth != WRITER && route->auth != ADMIN)
			continue;
		rest.token = route->auth == ADMIN ? rest.writer : rest.reader;
		assert_status(403, route->method, path_of(route), "{");
	}
}

static void a_body_that_is_no_json_is_400(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++)
		if (takes_json(route))
			assert_status(400, route->method, path_of(route), "{");
}

static void no_body_is_a_missing_field(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++) {
		if (!takes_json(route))
			continue;
		assert_status(422, route->method, path_of(route), "");
		assert_non_null(strstr(rest_detail(), "\"missing\""));
	}
}

static void a_body_beyond_the_limit_is_413(void **state)
{
	(void)state;
	memset(large, ' ', BEYOND_EVERY_LIMIT);
	for (const struct route *route = ROUTES; route->method; route++)
		if (takes_json(route))
			assert_status(413, route->method, path_of(route), large);
}

static int fail_probe(void *context, struct error *err)
{
	(void)context;
	return error_set(err, ERROR_UNAVAILABLE, "away");
}

static void what_is_away_makes_it_not_ready(void **state)
{
	(void)state;
	const struct gateway_probe probes[] = {{"database", fail_probe, NULL}, {NULL, NULL, NULL}};
	rest.gateway.probes = probes;
	assert_status(503, "GET", "/readyz", NULL);
	rest.gateway.probes = NULL;
	assert_string_equal(rest_text("status"), "unavailable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(without_a_token_it_is_401),
		rest_test(with_too_low_a_role_it_is_403),
		rest_test(a_body_that_is_no_json_is_400),
		rest_test(no_body_is_a_missing_field),
		rest_test(a_body_beyond_the_limit_is_413),
		rest_test(what_is_away_makes_it_not_ready),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
