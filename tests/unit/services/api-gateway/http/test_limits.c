/* SPDX-License-Identifier: MIT */
#include "unit/services/api-gateway/http/ask.h"

#include "http/budget.h"

#include <stdlib.h>

static int handle_nothing(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)request, (void)response, (void)err;
	return 0;
}

static int handle_page(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	response_header(request, response, "Content-Security-Policy", "default-src 'self'");
	response_header(request, response, "Cache-Control", "max-age=3600");
	return request_header(request, "X-Fail") ? error_set(err, ERROR_CONFLICT, "in the way") : 0;
}

/* One transfer is under way while another is asked for. */
static int handle_nested(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)request, (void)response;
	struct budget_share second = {gateway->transfers, 0};
	return budget_share_set(&second, 1, 0, err);
}

static const struct route TABLE[] = {
	{"GET", "/api/page", handle_page, PUBLIC, {.schema = NULL}, NULL, 200},
	{"GET", "/api/stream", handle_nothing, PUBLIC, {.schema = ROUTE_RAW}, NULL, 200},
	{"PUT", "/api/stream", handle_nested, PUBLIC, {.schema = ROUTE_RAW}, NULL, 200},
	{"POST", "/api/small", handle_nothing, PUBLIC,
		{.schema = "rest/user_change.json", .argument = "user", .limit = ROUTE_SMALL}, NULL, 204},
	{"POST", "/api/list", handle_nothing, PUBLIC,
		{.schema = "rest/store_list.json", .argument = "stores"}, NULL, 204},
	{"POST", "/api/any", handle_nothing, PUBLIC, {.schema = "rest/user_change.json"}, NULL, 204},
	{NULL, NULL, NULL, PUBLIC, {.schema = NULL}, NULL, 0},
};

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
	budget_free(asking.gateway.transfers);
	budget_free(asking.gateway.bodies);
	return 0;
}

/* --- headers */

static void assert_safe(void)
{
	assert_header("X-Content-Type-Options", "nosniff");
	assert_header("X-Frame-Options", "DENY");
	assert_header("Referrer-Policy", "no-referrer");
	assert_header("Cache-Control", "no-store");
	assert_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	assert_header("X-Request-Id", asking.request.request_id);
}

static void every_answer_has_the_security_headers(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/api/any", "{}"), 204);
	assert_safe();
	assert_int_equal(ask("GET", "/api/nothing", NULL), 404);
	assert_safe();
	assert_int_equal(ask("POST", "/api/any", "{"), 400);
	assert_safe();
	assert_int_equal(ask("DELETE", "/api/any", NULL), 405);
	assert_safe();
}

static void page_may_have_a_policy_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/page", NULL), 200);
	assert_header("Content-Security-Policy", "default-src 'self'");
	assert_header("Cache-Control", "max-age=3600");
	asking.headers[0][0] = "X-Fail";
	asking.headers[0][1] = "1";
	assert_int_equal(ask("GET", "/api/page", NULL), 409);
	assert_header("Cache-Control", "no-store");
}

static void bytes_may_be_kept_by_their_reader_alone(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/api/stream", NULL), 200);
	assert_header("Cache-Control", "private, no-cache");
}

/* --- limits */

static void small_bodies_have_a_limit_of_their_own(void **state)
{
	(void)state;
	asking.gateway.small_body_max = 10;
	assert_int_equal(ask("POST", "/api/small", "{\"a\":12345}"), 413);
	assert_int_equal(ask("POST", "/api/small", "{\"a\":1234}"), 204);
	assert_int_equal(ask("POST", "/api/any", "{\"a\":12345}"), 204);
}

static void list_that_is_too_long_is_422(void **state)
{
	(void)state;
	asking.gateway.list_max = 3;
	assert_int_equal(ask("POST", "/api/list", "[1,2,3,4]"), 422);
	assert_non_null(strstr(asking.response.body.data,
		"\"detail\":[{\"type\":\"too_long\",\"loc\":[\"body\",\"stores\"],"
		"\"msg\":\"List should have at most 3 items after validation, not 4\"}]"));
	assert_int_equal(ask("POST", "/api/any", "{\"tags\":[1,2,3,4]}"), 422);
	assert_non_null(strstr(asking.response.body.data, "\"loc\":[\"body\",\"tags\"]"));
	assert_int_equal(ask("POST", "/api/any", "{\"tags\":[1,2,3],\"metadata\":{\"x\":[1,2,3,4]}}"), 204);
}

static void transfer_too_many_is_429(void **state)
{
	(void)state;
	asking.gateway.transfers = budget_create(1, "too many transfers at once");
	assert_int_equal(ask("GET", "/api/stream", NULL), 200);
	assert_int_equal(ask("GET", "/api/stream", NULL), 200);
	assert_int_equal(ask("PUT", "/api/stream", NULL), 429);
	assert_header("Retry-After", "1");
	assert_non_null(strstr(asking.response.body.data, "too many transfers at once"));
	asking.gateway.list_max = 0;
	assert_int_equal(ask("POST", "/api/any", "{}"), 204);
}

static char *large_body(size_t size)
{
	char *body = test_malloc(size + 1);
	memset(body, ' ', size);
	memcpy(body, "{}", 2);
	body[size] = '\0';
	return body;
}

static void bodies_wait_for_their_turn_and_give_it_back(void **state)
{
	(void)state;
	char *body = large_body(500 * 1024);
	asking.gateway.bodies = budget_create(1 << 20, "too many large requests at once");
	struct budget_share others = {asking.gateway.bodies, 0};
	struct error err;
	assert_int_equal(ask("POST", "/api/any", body), 204);
	assert_int_equal(budget_share_set(&others, 1 << 20, 0, &err), -1);
	ask_forget();
	assert_int_equal(budget_share_set(&others, 1 << 20, 0, &err), 0);
	assert_int_equal(ask("POST", "/api/any", "{}"), 204); /* small ones are not counted */
	assert_int_equal(ask("POST", "/api/any", body), 429);
	assert_header("Retry-After", "1");
	budget_share_release(&others);
	ask_forget();
	test_free(body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_answer_has_the_security_headers),
		TEST(page_may_have_a_policy_of_its_own),
		TEST(bytes_may_be_kept_by_their_reader_alone),
		TEST(small_bodies_have_a_limit_of_their_own),
		TEST(list_that_is_too_long_is_422),
		TEST(transfer_too_many_is_429),
		TEST(bodies_wait_for_their_turn_and_give_it_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
