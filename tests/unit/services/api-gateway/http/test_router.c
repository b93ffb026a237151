/* SPDX-License-Identifier: MIT */
#include "common/arena.h"
#include "http/router.h"

#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

/* Written in the worst order on purpose. The status tells the rows apart. */
static const struct route TABLE[] = {
	{.method = "GET", .pattern = "/api/media/{pid...}", .status = 1},
	{.method = "DELETE", .pattern = "/api/media/{pid...}", .status = 2},
	{.method = "GET", .pattern = "/api/media/{pid...}/content", .status = 3},
	{.method = "PUT", .pattern = "/api/media/{pid...}/content", .status = 4},
	{.method = "GET", .pattern = "/api/media/dump", .status = 5},
	{.method = "POST", .pattern = "/api/media", .status = 6},
	{.method = "GET", .pattern = "/api/download/{pid...}", .status = 7},
	{.method = "GET", .pattern = "/api/download/url/{pid...}", .status = 8},
	{.method = "GET", .pattern = "/api/store/{pk}", .status = 9},
	{.method = "PUT", .pattern = "/api/media/update/tags", .status = 10},
	{.method = "GET", .pattern = "/api/media/{pid...}/versions/latest", .status = 11},
	{.method = "HEAD", .pattern = "/api/media/{pid...}/content", .status = 12},
	{.method = "GET", .pattern = "/api/media/{pid...}/latest", .status = 13},
	{.method = NULL},
};

struct fixture {
	struct router *router;
	struct arena *arena;
	struct route_match match;
	struct error err;
};

static int set_up(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));
	fixture->router = router_create(TABLE);
	fixture->arena = arena_create();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	router_free(fixture->router);
	arena_free(fixture->arena);
	test_free(fixture);
	return 0;
}

static int match(struct fixture *fixture, const char *method, const char *path)
{
	fixture->match = (struct route_match){0};
	return router_match(fixture->router, method, path, fixture->arena, &fixture->match, &fixture->err);
}

static void assert_route(
	struct fixture *fixture, const char *method, const char *path, int status, const char *param)
{
	if (match(fixture, method, path) != 0)
		fail_msg("%s %s: %s", method, path, fixture->err.message);
	if (fixture->match.route->status != status)
		fail_msg("%s %s went to row %d", method, path, fixture->match.route->status);
	assert_int_equal(fixture->match.params.count, param ? 1 : 0);
	if (param)
		assert_string_equal(fixture->match.params.items[0].value, param);
}

static void assert_no_route(
	struct fixture *fixture, const char *method, const char *path, enum error_code code)
{
	assert_int_equal(match(fixture, method, path), -1);
	if (fixture->err.code != code)
		fail_msg("%s %s: %s", method, path, error_wire_name(fixture->err.code));
}

static void plain_slashes_belong_to_the_last_parameter(void **state)
{
	assert_route(*state, "GET", "/api/media/a", 1, "a");
	assert_route(*state, "GET", "/api/media/a/b%20c", 1, "a/b c");
	assert_route(*state, "GET", "/api/media/a//b/", 1, "a//b/");
	assert_route(*state, "GET", "/api/media//a", 1, "/a");
	assert_route(*state, "DELETE", "/api/media/a/b", 2, "a/b");
}

static void literal_beats_parameter_whatever_the_order(void **state)
{
	assert_route(*state, "GET", "/api/media/dump", 5, NULL);
	assert_route(*state, "GET", "/api/media/dump/x", 1, "dump/x");
	assert_route(*state, "GET", "/api/download/url/a/b", 8, "a/b");
	assert_route(*state, "GET", "/api/download/url", 7, "url");
}

static void literal_tail_beats_the_parameter(void **state)
{
	assert_route(*state, "GET", "/api/media/a/content", 3, "a");
	assert_route(*state, "GET", "/api/media/a/b/content", 3, "a/b");
	assert_route(*state, "GET", "/api/media/a/content/content", 3, "a/content");
	assert_route(*state, "GET", "/api/media/a/b/versions/latest", 11, "a/b");
	assert_route(*state, "GET", "/api/media/content", 1, "content");
}

static void quoted_slash_never_separates_nor_spells_a_literal(void **state)
{
	assert_route(*state, "GET", "/api/media/a%2Fcontent", 1, "a/content");
	assert_route(*state, "GET", "/api/media/a%2fb/content", 3, "a/b");
	assert_route(*state, "GET", "/api/download/url%2Fx", 7, "url/x");
	assert_no_route(*state, "GET", "/api%2Fmedia/a", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api/store/1%2F2/3", ERROR_NOT_FOUND);
	assert_route(*state, "GET", "/api/store/1%2F2", 9, "1/2");
}

static void decoding_happens_once(void **state)
{
	assert_route(*state, "GET", "/api/media/a%252Fb", 1, "a%2Fb");
	assert_route(*state, "GET", "/api/media/a+b", 1, "a+b");
	assert_route(*state, "GET", "/api/media/%C3%A4%3F%23", 1, "\u00e4?#");
}

static void dot_segments_are_a_pid_like_any_other(void **state)
{
	assert_route(*state, "GET", "/api/media/../../etc/passwd", 1, "../../etc/passwd");
	assert_route(*state, "GET", "/api/media/%2E%2E", 1, "..");
}

static void empty_parameter_is_no_route(void **state)
{
	assert_no_route(*state, "GET", "/api/media/", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api/store/", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api/download/", ERROR_NOT_FOUND);
	assert_route(*state, "GET", "/api/download/url/", 7, "url/");
}

static void unknown_paths_are_not_found(void **state)
{
	assert_no_route(*state, "GET", "/", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/API/media/a", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api//media/a", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api/store/1/2", ERROR_NOT_FOUND);
	assert_no_route(*state, "GET", "/api/stores", ERROR_NOT_FOUND);
}

static void other_method_is_refused_with_the_allowed_ones(void **state)
{
	struct fixture *fixture = *state;
	assert_no_route(fixture, "PUT", "/api/store/1", ERROR_METHOD_NOT_ALLOWED);
	assert_string_equal(fixture->match.allow, "GET, HEAD");
	assert_no_route(fixture, "DELETE", "/api/media/dump", ERROR_METHOD_NOT_ALLOWED);
	assert_string_equal(fixture->match.allow, "GET, HEAD");
	assert_no_route(fixture, "get", "/api/store/1", ERROR_METHOD_NOT_ALLOWED);
	assert_no_route(fixture, "PATCH", "/api/media/a/content", ERROR_METHOD_NOT_ALLOWED);
	assert_string_equal(fixture->match.allow, "GET, HEAD, PUT, DELETE");
}

static void a_longer_tail_beats_a_shorter_one(void **state)
{
	assert_route(*state, "GET", "/api/media/a/versions/latest", 11, "a");
	assert_route(*state, "GET", "/api/media/a/others/latest", 13, "a/others");
	assert_route(*state, "GET", "/api/media/latest", 1, "latest");
}

static void pid_that_ends_like_a_tail_can_still_be_deleted(void **state)
{
	assert_route(*state, "DELETE", "/api/media/a/content", 2, "a/content");
}

static void head_is_served_by_get_unless_it_has_its_own_row(void **state)
{
	assert_route(*state, "HEAD", "/api/media/a", 1, "a");
	assert_route(*state, "HEAD", "/api/media/dump", 5, NULL);
	assert_route(*state, "HEAD", "/api/media/a/content", 12, "a");
	assert_route(*state, "HEAD", "/api/media/a/versions/latest", 11, "a");
	assert_no_route(*state, "HEAD", "/api/media", ERROR_METHOD_NOT_ALLOWED);
}

static void malformed_quoting_is_refused(void **state)
{
	assert_no_route(*state, "GET", "/api/media/%", ERROR_BAD_REQUEST);
	assert_no_route(*state, "GET", "/api/media/%4", ERROR_BAD_REQUEST);
	assert_no_route(*state, "GET", "/api/media/%zz", ERROR_BAD_REQUEST);
	assert_no_route(*state, "GET", "/api/media/%2/F", ERROR_BAD_REQUEST);
	assert_no_route(*state, "GET", "api/media/a", ERROR_BAD_REQUEST);
	assert_no_route(*state, "GET", "", ERROR_BAD_REQUEST);
}

static void nul_and_broken_utf8_are_refused(void **state)
{
	assert_no_route(*state, "GET", "/api/media/a%00b", ERROR_INVALID);
	assert_no_route(*state, "GET", "/api/media/%ff", ERROR_INVALID);
	assert_no_route(*state, "GET", "/api/media/%C0%AF", ERROR_INVALID);
	assert_no_route(*state, "GET", "/api/media/%ED%A0%80", ERROR_INVALID);
	assert_no_route(*state, "GET", "/api/media/%F4%90%80%80", ERROR_INVALID);
	assert_no_route(*state, "GET", "/api/media/%E4", ERROR_INVALID);
}

static void thousands_of_segments_are_only_a_long_pid(void **state)
{
	struct fixture *fixture = *state;
	char path[8192] = "/api/media/";
	memset(path + 11, '/', sizeof(path) - 12);
	assert_int_equal(match(fixture, "GET", path), 0);
	assert_int_equal(strlen(fixture->match.params.items[0].value), strlen(path) - 11);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_slashes_belong_to_the_last_parameter),
		TEST(literal_beats_parameter_whatever_the_order),
		TEST(literal_tail_beats_the_parameter),
		TEST(quoted_slash_never_separates_nor_spells_a_literal),
		TEST(decoding_happens_once),
		TEST(dot_segments_are_a_pid_like_any_other),
		TEST(empty_parameter_is_no_route),
		TEST(unknown_paths_are_not_found),
		TEST(other_method_is_refused_with_the_allowed_ones),
		TEST(a_longer_tail_beats_a_shorter_one),
		TEST(pid_that_ends_like_a_tail_can_still_be_deleted),
		TEST(head_is_served_by_get_unless_it_has_its_own_row),
		TEST(malformed_quoting_is_refused),
		TEST(nul_and_broken_utf8_are_refused),
		TEST(thousands_of_segments_are_only_a_long_pid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
