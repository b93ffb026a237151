/* SPDX-License-Identifier: MIT */
#include "http/dictionary_field.h"

#include "support/cmocka.h"

#include <string.h>

static void expect_next(
	const char **at, const char *name, enum dictionary_kind kind, struct dictionary_member *member)
{
	assert_int_equal(dictionary_next(at, member), 1);
	assert_int_equal(member->name_length, strlen(name));
	assert_memory_equal(member->name, name, strlen(name));
	assert_int_equal(member->kind, kind);
}

static void members_come_one_by_one(void **state)
{
	(void)state;
	struct dictionary_member member;
	const char *at = " sha-256=:YWJj:;p=1, md5=3\t,*x=\"a\\\"b,c\";y, flag ,l=(1 \"2\" tok;q=?1);z=1.5";
	expect_next(&at, "sha-256", DICTIONARY_BYTES, &member);
	assert_int_equal(member.base64_length, 4);
	assert_memory_equal(member.base64, "YWJj", 4);
	expect_next(&at, "md5", DICTIONARY_INTEGER, &member);
	assert_int_equal(member.integer, 3);
	expect_next(&at, "*x", DICTIONARY_OTHER, &member);
	expect_next(&at, "flag", DICTIONARY_OTHER, &member);
	expect_next(&at, "l", DICTIONARY_OTHER, &member);
	assert_int_equal(dictionary_next(&at, &member), 0);
}

static void an_empty_header_has_none(void **state)
{
	(void)state;
	struct dictionary_member member;
	const char *at = "  ";
	assert_int_equal(dictionary_next(&at, &member), 0);
}

static void malformed_ones_are_told(void **state)
{
	(void)state;
	static const char *const HEADERS[] = {"=1", "A=1", "a=", "a=:YWJj", "a=:YW Jj:", "a=\"x", "a=1,",
		"a=1 b=2", "a=?2", "a=(1", "a=1.", "a=1234567890123456", "a=-", "a=1;", "a=1;B", "a=(1)2",
		"a=\"\\x\"", "sha-256=abc=="};
	struct dictionary_member member;
	for (size_t i = 0; i < sizeof(HEADERS) / sizeof(HEADERS[0]); i++) {
		const char *at = HEADERS[i];
		int next;
		while ((next = dictionary_next(&at, &member)) == 1)
			;
		assert_int_equal(next, -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_one_by_one),
		cmocka_unit_test(an_empty_header_has_none),
		cmocka_unit_test(malformed_ones_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
