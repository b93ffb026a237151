/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "domain/routing_pattern.h"

#include <string.h>

static const struct {
	const char *pattern, *key;
	bool matches;
} ROWS[] = {
	{"media.ready.DEFAULT.DictStore", "media.ready.DEFAULT.DictStore", true},
	{"media.ready.DEFAULT.DictStore", "media.ready.DEFAULT.DictStores", false},
	{"media.ready", "media.ready.DEFAULT", false},
	{"#", "media.ready.DEFAULT", true},
	{"#", "store", true},
	{"media.#", "media", true},
	{"media.#", "media.ready.DEFAULT.DictStore", true},
	{"media.#", "store.created", false},
	{"media.*", "media.ready", true},
	{"media.*", "media", false},
	{"media.*", "media.updated.tags", false},
	{"media.updated.*.DEFAULT.#", "media.updated.tags.DEFAULT.DictStore", true},
	{"#.DictStore", "media.ready.DEFAULT.DictStore", true},
	{"#.DictStore", "DictStore", true},
	{"#.DictStore", "media.DictStore.x", false},
	{"*.#.put", "job.put", true},
	{"*.#.put", "put", false},
	{"#.#.*", "a", true},
	{"", "a", false},
};

static void patterns_match_as_on_a_topic_exchange(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		if (routing_pattern_matches(ROWS[i].pattern, ROWS[i].key) != ROWS[i].matches)
			fail_msg("%s, %s: %s", ROWS[i].pattern, ROWS[i].key, ROWS[i].matches ? "no" : "yes");
	assert_true(routing_pattern_matches(NULL, "anything"));
}

static void a_pattern_of_many_hashes_is_quick(void **state)
{
	(void)state;
	char pattern[ROUTING_PATTERN_MAX + 1] = "", key[ROUTING_PATTERN_MAX + 1] = "";
	for (int i = 0; i < 127; i++) {
		memcpy(pattern + 2 * i, "#.", 3);
		memcpy(key + 2 * i, "a.", 3);
	}
	strcat(pattern, "b");
	strcat(key, "a");
	assert_false(routing_pattern_matches(pattern, key));
}

static void a_pattern_has_a_size(void **state)
{
	(void)state;
	struct error err;
	char pattern[ROUTING_PATTERN_MAX + 2];
	memset(pattern, 'a', sizeof(pattern));
	pattern[ROUTING_PATTERN_MAX + 1] = '\0';
	assert_int_equal(routing_pattern_check(pattern, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(routing_pattern_check(pattern + 1, &err), 0);
	assert_int_equal(routing_pattern_check("", &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_as_on_a_topic_exchange),
		cmocka_unit_test(a_pattern_of_many_hashes_is_quick),
		cmocka_unit_test(a_pattern_has_a_size),
	};
	return cmocka_run_group_tests_name("domain/routing_pattern", tests, NULL, NULL);
}
