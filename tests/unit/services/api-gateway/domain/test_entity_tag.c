/* SPDX-License-Identifier: MIT */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_is_found_in_a_list),
		cmocka_unit_test(a_weak_tag_never_matches_strongly),
		cmocka_unit_test(malformed_lists_match_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
