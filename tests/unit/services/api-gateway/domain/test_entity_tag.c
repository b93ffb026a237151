/* SPDX-License-Identifier: MIT */
#include "common/arena.h"
#include "domain/entity_tag.h"

#include "support/cmocka.h"

static void a_tag_is_found_in_a_list(void **state)
{
	(void)state;
	assert_true(entity_tag_in_list("\"a\"", "\"a\""));
	assert_true(entity_tag_in_list("\"b\" , W/\"a\"", "\"a\""));
	assert_true(entity_tag_in_list("*", "\"a\""));
	assert_false(entity_tag_in_list("\"ab\", \"b\"", "\"a\""));
	assert_false(entity_tag_in_list(NULL, "\"a\""));
}

static void a_weak_tag_never_matches_strongly(void **state)
{
	(void)state;
	assert_false(entity_tag_in_list_strongly("W/\"a\"", "\"a\""));
	assert_true(entity_tag_in_list_strongly("W/\"b\",\"a\"", "\"a\""));
}

static void malformed_lists_match_nothing(void **state)
{
	(void)state;
	assert_false(entity_tag_in_list("a", "\"a\""));
	assert_false(entity_tag_in_list("\"a", "\"a\""));
	assert_false(entity_tag_in_list("", "\"a\""));
	assert_false(entity_tag_in_list("W/", "\"a\""));
}

static void tags_become_an_array_for_a_statement(void **state)
{
	(void)state;
	struct arena *arena = arena_create();
	assert_null(entity_tag_array(NULL, arena));
	assert_string_equal(entity_tag_array("*", arena), "{*}");
	assert_string_equal(entity_tag_array("\"7\", W/\"8\" ,\"a,{\\\"", arena), "{\"7\",\"a,{\\\\\"}");
	assert_string_equal(entity_tag_array("7", arena), "{}");
	assert_string_equal(entity_tag_array("\"7", arena), "{}");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_is_found_in_a_list),
		cmocka_unit_test(a_weak_tag_never_matches_strongly),
		cmocka_unit_test(malformed_lists_match_nothing),
		cmocka_unit_test(tags_become_an_array_for_a_statement),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
