/* SPDX-License-Identifier: MIT */
/* How copies, moves and verifications begin; nothing runs here. */
#include "live/services/api-gateway/handlers/rest.h"

static int begin(void **state)
{
	rest_begin(state);
	fixture_ask("WITH d AS (DELETE FROM job RETURNING 1) SELECT count(*) FROM d");
	return 0;
}

static const char *other_store(void)
{
	struct store_key key = {.type = STORE_DICT, .bucket = "memory"};
	int64_t pk;
	assert_true(store_find_or_create(fixture.conn, &key, &pk, &fixture.err) >= 0);
	return arena_printf(fixture.arena, "{\"store_config\":%d}", (int)pk);
}

static void a_copy_is_begun_with_its_media(void **state)
{
	(void)state;
	fixture_ready("original");
	assert_status(202, "POST", "/api/media/original/copy", "{\"new_pid\":\"second\"}");
	assert_string_equal(rest_text("kind"), "copy");
	assert_string_equal(rest_text("state"), "queued");
	assert_string_equal(rest_text("pid"), "second");
	assert_non_null(strstr(rest_header("Location"), rest_text("id")));
	assert_status(200, "GET", "/api/media/second", NULL);
	assert_string_equal(rest_text("store_status"), "PENDING");
	assert_status(409, "POST", "/api/media/original/copy", "{\"new_pid\":\"second\"}");
}

static void a_copy_whose_pid_cannot_be_is_422(void **state)
{
	(void)state;
	fixture_ready("source");
	assert_status(422, "POST", "/api/media/source/copy", "{}");
	assert_status(422, "POST", "/api/media/source/copy", "{\"new_pid\":\"x\",\"pid_type\":\"unknown\"}");
	assert_status(422, "POST", "/api/media/source/copy", "{\"new_pid\":\"x\",\"store_config\":99999}");
	assert_string_equal(fixture_ask("SELECT count(*) FROM job"), "0");
}

static void a_move_is_begun_once_it_is_wanted(void **state)
{
	(void)state;
	fixture_ready("moved");
	const char *to = other_store();
	rest.if_match = "\"99\"";
	assert_status(412, "POST", "/api/media/moved/move", to);
	rest.if_match = "\"" SHA_A "\"";
	assert_status(202, "POST", "/api/media/moved/move", to);
	assert_string_equal(rest_text("kind"), "move");
	const char *here = arena_printf(fixture.arena, "{\"store_config\":%d}", (int)fixture.store_pk);
	assert_status(409, "POST", "/api/media/moved/move", here);
	assert_status(422, "POST", "/api/media/moved/move", "{}");
}

static void a_store_that_a_move_goes_to_cannot_be_deleted(void **state)
{
	(void)state;
	fixture_ready("going");
	struct store_key key = {.type = STORE_DICT, .bucket = "target"};
	int64_t pk;
	assert_found(store_find_or_create(fixture.conn, &key, &pk, &fixture.err));
	assert_status(202, "POST", "/api/media/going/move",
		arena_printf(fixture.arena, "{\"store_config\":%d}", (int)pk));
	assert_status(409, "DELETE", arena_printf(fixture.arena, "/api/store/%d", (int)pk), NULL);
}

static void a_verification_needs_something_to_compare(void **state)
{
	(void)state;
	fixture_ready("whole");
	fixture_media("empty");
	assert_status(202, "POST", "/api/media/whole/verify", NULL);
	assert_string_equal(rest_text("kind"), "verify");
	assert_status(409, "POST", "/api/media/empty/verify", NULL);
	rest.if_match = "\"99\"";
	assert_status(412, "POST", "/api/media/whole/verify", NULL);
	rest.if_match = "\"99\"";
	assert_status(412, "POST", "/api/media/whole/copy", "{\"new_pid\":\"w\"}");
}

static void what_does_not_exist_is_404(void **state)
{
	(void)state;
	assert_status(404, "POST", "/api/media/nobody/copy", "{\"new_pid\":\"x\"}");
	assert_status(404, "POST", "/api/media/nobody/move", other_store());
	assert_status(404, "POST", "/api/media/nobody/verify", NULL);
}

static void readers_begin_nothing(void **state)
{
	(void)state;
	rest.token = rest.reader;
	assert_status(403, "POST", "/api/media/whole/verify", NULL);
	rest.token = NULL;
	assert_status(401, "POST", "/api/media/whole/verify", NULL);
}

#define copy_test(name) cmocka_unit_test_setup_teardown(name, begin, rest_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		copy_test(a_copy_is_begun_with_its_media),
		copy_test(a_copy_whose_pid_cannot_be_is_422),
		copy_test(a_move_is_begun_once_it_is_wanted),
		copy_test(a_store_that_a_move_goes_to_cannot_be_deleted),
		copy_test(a_verification_needs_something_to_compare),
		copy_test(what_does_not_exist_is_404),
		copy_test(readers_begin_nothing),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
