/* SPDX-License-Identifier: MIT */
#include "support/store_conformance_internal.h"

#include <stdio.h>
#include <string.h>

struct store_fixture *conformance_fixture;

static const int64_t SIZES[] = {0, 1, 255, 65535, 65536, 65537, 300 * 1024, 5 * 1024 * 1024};
enum { SIZE_COUNT = sizeof(SIZES) / sizeof(SIZES[0]), EDGES_MAX = 8 };

/* --- assertions */

int conformance_put(const char *key, unsigned seed, int64_t size, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, seed, size);
	return store_put(conformance_fixture->store, key, &source.base, NULL, err);
}

static int get_pattern(struct store *store, const char *key, unsigned seed, int64_t first, int64_t last,
	int64_t *count, struct error *err)
{
	struct pattern_sink sink;
	pattern_sink_init(&sink, seed, first);
	int result = store_get(store, key, first, last, &sink.base, err);
	if (result == 0 && sink.wrong)
		fail_msg("%d bytes of %s differ", sink.wrong, key);
	*count = sink.count;
	return result;
}

void assert_object(struct store *store, const char *key, unsigned seed, int64_t size)
{
	struct error err;
	struct object_info info;
	int64_t count;
	assert_success(store_stat(store, key, &info, &err));
	assert_int_equal(info.size, size);
	assert_success(get_pattern(store, key, seed, 0, -1, &count, &err));
	assert_int_equal(count, size);
}

void assert_no_object(struct store *store, const char *key)
{
	struct error err;
	struct object_info info;
	struct pattern_sink sink;
	pattern_sink_init(&sink, 0, 0);
	assert_fails_with(ERROR_NOT_FOUND, store_stat(store, key, &info, &err));
	assert_fails_with(ERROR_NOT_FOUND, store_get(store, key, 0, -1, &sink.base, &err));
	assert_int_equal(sink.count, 0);
}

void conformance_assert_nothing_left(void)
{
	if (conformance_fixture->leftovers)
		assert_int_equal(conformance_fixture->leftovers(conformance_fixture), 0);
}

bool conformance_can(unsigned capability)
{
	return (store_capabilities(conformance_fixture->store) & capability) != 0;
}

const char *conformance_fresh(const char *key)
{
	static int count;
	static char fresh[64];
	snprintf(fresh, sizeof(fresh), "%s-%d", key, ++count);
	return conformance_can(STORE_CAN_DELETE) ? key : fresh;
}

void conformance_discard(const char *key)
{
	struct error err;
	if (conformance_can(STORE_CAN_DELETE))
		assert_success(store_remove(conformance_fixture->store, key, &err));
}

/* --- round trips */

static void round_trip(int64_t size)
{
	struct error err;
	const char *key = conformance_fresh("round-trip");
	assert_success(conformance_put(key, (unsigned)size, size, &err));
	assert_object(conformance_fixture->store, key, (unsigned)size, size);
	conformance_assert_nothing_left();
	conformance_discard(key);
}

static void objects_of_every_size_come_back_as_they_went_in(void **state)
{
	(void)state;
	for (int i = 0; i < SIZE_COUNT; i++)
		round_trip(SIZES[i]);
	for (const int64_t *edge = conformance_fixture->edges; edge && *edge; edge++)
		for (int64_t size = *edge - 1; size <= *edge + 1; size++)
			round_trip(size);
}

static void a_source_that_gives_less_than_asked_is_stored_whole(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 7, 300 * 1024);
	source.piece = 4093;
	assert_success(store_put(conformance_fixture->store, "pieces", &source.base, NULL, &err));
	assert_object(conformance_fixture->store, "pieces", 7, 300 * 1024);
	conformance_discard("pieces");
}

static void a_source_of_unknown_size_is_stored_whole(void **state)
{
	(void)state;
	static const int64_t UNKNOWN[] = {0, 1, 65537, 5 * 1024 * 1024};
	for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(UNKNOWN[0]); i++) {
		struct error err;
		struct pattern_source source;
		const char *key = conformance_fresh("unknown");
		pattern_source_init(&source, 8, UNKNOWN[i]);
		source.base.size = -1;
		assert_success(store_put(conformance_fixture->store, key, &source.base, NULL, &err));
		assert_object(conformance_fixture->store, key, 8, UNKNOWN[i]);
		conformance_discard(key);
	}
}

static void a_source_that_cannot_rewind_is_stored(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 9, 300 * 1024);
	source.base.rewind = NULL;
	assert_success(store_put(conformance_fixture->store, "once", &source.base, NULL, &err));
	assert_object(conformance_fixture->store, "once", 9, 300 * 1024);
	conformance_discard("once");
}

static void a_content_type_is_taken(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 10, 100);
	assert_success(
		store_put(conformance_fixture->store, "typed", &source.base, "image/png; a=\"b\"", &err));
	assert_object(conformance_fixture->store, "typed", 10, 100);
	conformance_discard("typed");
}

/* --- all or nothing */

/* The bytes at which something may change: every size of the suite and its neighbours, within the object. */
static size_t failure_points(int64_t size, int64_t *out)
{
	size_t count = 0;
	for (int i = 0; i < SIZE_COUNT; i++)
		if (SIZES[i] < size)
			out[count++] = SIZES[i];
	for (int i = 0; conformance_fixture->edges && conformance_fixture->edges[i] && i < EDGES_MAX; i++)
		for (int64_t at = conformance_fixture->edges[i] - 1; at <= conformance_fixture->edges[i] + 1;
			at++)
			if (at < size)
				out[count++] = at;
	if (size > 0)
		out[count++] = size - 1;
	out[count++] = size; /* instead of the end */
	return count;
}

enum { POINTS_MAX = SIZE_COUNT + 3 * EDGES_MAX + 2 };

static void fail_put_at(const char *key, int64_t size, int64_t announced, int64_t at)
{
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 11, size);
	source.base.size = announced;
	source.fail_at = at;
	assert_fails_with(
		ERROR_SOURCE_FAILED, store_put(conformance_fixture->store, key, &source.base, NULL, &err));
}

static void put_whose_source_fails_at_any_byte_leaves_no_key(void **state)
{
	(void)state;
	int64_t points[POINTS_MAX];
	for (int i = 0; i < SIZE_COUNT; i++) {
		size_t count = failure_points(SIZES[i], points);
		for (size_t k = 0; k < count; k++) {
			fail_put_at("failing", SIZES[i], SIZES[i], points[k]);
			assert_no_object(conformance_fixture->store, "failing");
		}
		conformance_assert_nothing_left();
	}
}

static void put_of_unknown_size_whose_source_fails_leaves_no_key(void **state)
{
	(void)state;
	static const int64_t POINTS[] = {0, 1, 65536, 5 * 1024 * 1024};
	for (size_t k = 0; k < sizeof(POINTS) / sizeof(POINTS[0]); k++) {
		fail_put_at("failing", 5 * 1024 * 1024, -1, POINTS[k]);
		assert_no_object(conformance_fixture->store, "failing");
	}
	conformance_assert_nothing_left();
}

static void replacement_whose_source_fails_leaves_the_old_object(void **state)
{
	(void)state;
	struct error err;
	int64_t points[POINTS_MAX];
	assert_success(conformance_put("kept", 12, 70000, &err));
	size_t count = failure_points(300 * 1024, points);
	for (size_t k = 0; k < count; k++) {
		if (conformance_can(STORE_CAN_REPLACE))
			fail_put_at("kept", 300 * 1024, 300 * 1024, points[k]);
		assert_object(conformance_fixture->store, "kept", 12, 70000);
	}
	conformance_assert_nothing_left();
	conformance_discard("kept");
}

static void short_and_long_sources_are_refused_and_leave_no_key(void **state)
{
	(void)state;
	static const struct {
		int64_t size, announced;
	} CASES[] = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {65536, 65537}, {65537, 65536}, {100, 5 * 1024 * 1024},
		{5 * 1024 * 1024, 100}, {5 * 1024 * 1024 + 1, 5 * 1024 * 1024}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		fail_put_at("mismatch", CASES[i].size, CASES[i].announced, -1);
		assert_no_object(conformance_fixture->store, "mismatch");
	}
	conformance_assert_nothing_left();
}

static void a_failed_put_can_be_repeated(void **state)
{
	(void)state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 13, 300 * 1024);
	source.fail_at = 100000;
	assert_fails_with(ERROR_SOURCE_FAILED,
		store_put(conformance_fixture->store, "again", &source.base, NULL, &err));
	source.fail_at = -1;
	assert_success(source.base.rewind(&source.base, &err));
	assert_success(store_put(conformance_fixture->store, "again", &source.base, NULL, &err));
	assert_object(conformance_fixture->store, "again", 13, 300 * 1024);
	conformance_discard("again");
}

static void get_whose_sink_fails_at_any_byte_stops_with_that_error(void **state)
{
	(void)state;
	struct error err;
	int64_t points[POINTS_MAX];
	const int64_t size = 300 * 1024;
	assert_success(conformance_put("sink", 14, size, &err));
	size_t count = failure_points(size, points);
	for (size_t k = 0; k < count; k++) {
		struct pattern_sink sink;
		pattern_sink_init(&sink, 14, 0);
		sink.fail_at = points[k];
		if (points[k] == size) /* never reached */
			assert_success(
				store_get(conformance_fixture->store, "sink", 0, -1, &sink.base, &err));
		else
			assert_fails_with(ERROR_CANCELLED,
				store_get(conformance_fixture->store, "sink", 0, -1, &sink.base, &err));
		assert_int_equal(sink.wrong, 0);
		assert_int_equal(sink.count, points[k]);
	}
	assert_object(conformance_fixture->store, "sink", 14, size);
	conformance_discard("sink");
}

/* --- replacing and removing */

/* At least once is how jobs arrive. */
static void the_same_object_can_be_put_again(void **state)
{
	(void)state;
	struct error err;
	for (int i = 0; i < 2; i++) {
		assert_success(conformance_put("repeated", 25, 70000, &err));
		assert_object(conformance_fixture->store, "repeated", 25, 70000);
	}
	conformance_assert_nothing_left();
	conformance_discard("repeated");
}

static void put_replaces_an_object_or_conflicts(void **state)
{
	(void)state;
	struct error err;
	assert_success(conformance_put("replaced", 15, 300 * 1024, &err));
	if (conformance_can(STORE_CAN_REPLACE)) {
		assert_success(conformance_put("replaced", 16, 10, &err));
		assert_object(conformance_fixture->store, "replaced", 16, 10);
	} else {
		assert_fails_with(ERROR_CONFLICT, conformance_put("replaced", 16, 10, &err));
		assert_object(conformance_fixture->store, "replaced", 15, 300 * 1024);
	}
	conformance_assert_nothing_left();
	conformance_discard("replaced");
}

static void removed_objects_are_gone_and_removing_twice_is_success(void **state)
{
	(void)state;
	struct error err;
	if (!conformance_can(STORE_CAN_DELETE))
		return;
	assert_success(conformance_put("dir/removed", 17, 1000, &err));
	assert_success(store_remove(conformance_fixture->store, "dir/removed", &err));
	assert_no_object(conformance_fixture->store, "dir/removed");
	assert_success(store_remove(conformance_fixture->store, "dir/removed", &err));
	assert_success(store_remove(conformance_fixture->store, "never/was/there", &err));
}

static void removing_one_object_leaves_its_neighbours(void **state)
{
	(void)state;
	struct error err;
	if (!conformance_can(STORE_CAN_DELETE))
		return;
	assert_success(conformance_put("n/1", 18, 10, &err));
	assert_success(conformance_put("n/10", 19, 20, &err));
	assert_success(store_remove(conformance_fixture->store, "n/1", &err));
	assert_no_object(conformance_fixture->store, "n/1");
	assert_object(conformance_fixture->store, "n/10", 19, 20);
	conformance_discard("n/10");
}

/* --- ranges */

static void ranges_give_exactly_their_bytes(void **state)
{
	(void)state;
	struct error err;
	if (!conformance_can(STORE_CAN_RANGE))
		return;
	const int64_t size = 300 * 1024;
	const struct {
		int64_t first, last, count;
	} CASES[] = {{0, -1, size}, {0, 0, 1}, {0, size - 1, size}, {0, size, size}, {0, INT64_MAX, size},
		{1, -1, size - 1}, {size - 1, -1, 1}, {size - 1, size - 1, 1}, {65535, 65536, 2},
		{65536, 131071, 65536}, {1000, size + 5, size - 1000}};
	assert_success(conformance_put("range", 20, size, &err));
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		int64_t count;
		assert_success(get_pattern(conformance_fixture->store, "range", 20, CASES[i].first,
			CASES[i].last, &count, &err));
		assert_int_equal(count, CASES[i].count);
	}
	conformance_discard("range");
}

static void assert_range_refused(const char *key, int64_t first, int64_t last)
{
	struct error err;
	struct pattern_sink sink;
	pattern_sink_init(&sink, 0, 0);
	assert_fails_with(
		ERROR_RANGE, store_get(conformance_fixture->store, key, first, last, &sink.base, &err));
	assert_int_equal(sink.count, 0);
}

static void ranges_beyond_the_end_are_refused_before_the_first_byte(void **state)
{
	(void)state;
	struct error err;
	if (!conformance_can(STORE_CAN_RANGE))
		return;
	assert_success(conformance_put("short", 21, 100, &err));
	assert_success(conformance_put("empty", 21, 0, &err));
	assert_range_refused("short", 100, -1);
	assert_range_refused("short", 100, 200);
	assert_range_refused("short", INT64_MAX, -1);
	assert_range_refused("short", 5, 4);
	assert_range_refused("short", -1, -1);
	assert_range_refused("empty", 0, 0);
	assert_range_refused("empty", 1, -1);
	assert_object(conformance_fixture->store, "empty", 21, 0);
	conformance_discard("short");
	conformance_discard("empty");
}

static void a_range_of_a_missing_key_is_not_found(void **state)
{
	(void)state;
	struct error err;
	int64_t count;
	if (conformance_can(STORE_CAN_RANGE))
		assert_fails_with(ERROR_NOT_FOUND,
			get_pattern(conformance_fixture->store, "missing", 0, 5, 10, &count, &err));
	assert_no_object(conformance_fixture->store, "missing");
}

/* --- listing */

struct listing {
	char keys[64][64];
	int64_t sizes[64];
	int count, stop_after;
};

static int collect(void *context, const char *key, const struct object_info *info)
{
	struct listing *listing = context;
	assert_true(listing->count < 64);
	snprintf(listing->keys[listing->count], sizeof(listing->keys[0]), "%s", key);
	listing->sizes[listing->count++] = info->size;
	return listing->count == listing->stop_after ? 42 : 0;
}

static int64_t listed_size(const struct listing *listing, const char *key)
{
	int64_t size = -1;
	for (int i = 0; i < listing->count; i++)
		if (strcmp(listing->keys[i], key) == 0) {
			assert_int_equal(size, -1); /* named once only */
			size = listing->sizes[i];
		}
	return size;
}

static const char *const LISTED[] = {"list/a", "list/b/c", "list/b/d/e", "list/b.d", "listing", "other"};
enum { LISTED_COUNT = sizeof(LISTED) / sizeof(LISTED[0]) };

static void assert_listing(const char *prefix)
{
	struct error err;
	struct listing listing = {0};
	int expected = 0;
	assert_success(store_list(conformance_fixture->store, prefix, collect, &listing, &err));
	for (int i = 0; i < LISTED_COUNT; i++) {
		bool fits = strncmp(LISTED[i], prefix, strlen(prefix)) == 0;
		assert_int_equal(listed_size(&listing, LISTED[i]), fits ? i + 1 : -1);
		expected += fits;
	}
	assert_int_equal(listing.count, expected);
}

static void listing_names_every_object_with_the_prefix_once(void **state)
{
	(void)state;
	static const char *const PREFIXES[] = {
		"", "l", "list", "list/", "list/b", "list/b/", "list/b/c", "list/b/c/", "nothing", "o"};
	struct error err;
	if (!conformance_can(STORE_CAN_LIST))
		return;
	for (int i = 0; i < LISTED_COUNT; i++)
		assert_success(conformance_put(LISTED[i], 22, i + 1, &err));
	for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++)
		if (conformance_can(STORE_CAN_DELETE) || strncmp(PREFIXES[i], "list", 4) == 0)
			assert_listing(PREFIXES[i]); /* else earlier cases' objects are there too */
	struct listing listing = {.stop_after = 2};
	assert_int_equal(store_list(conformance_fixture->store, "list", collect, &listing, &err), 42);
	assert_int_equal(listing.count, 2);
	for (int i = 0; i < LISTED_COUNT; i++)
		conformance_discard(LISTED[i]);
}

/* --- keys */

static void awkward_keys_work_or_are_refused_whole(void **state)
{
	(void)state;
	static const char *const KEYS[] = {"a b", "a+b", "100%", "%2F", "a%2Fb",
		"ключ/\xe2\x82\xac/\xf0\x9f\x90\x8d", "a//b", "/leading", "trailing/", "what?", "#tag",
		"'single'", "\"double\"", ".hidden", "dir/.hidden", "...", "a..b", "..a", "a;b", "a&b=c",
		"a\\b", "*", "[x]", "{y}", "~", "-rf", "a:b", "<a>", "|", "$HOME", "`x`", "e\xcc\x81", "CON",
		"a,b@c!"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		struct error err;
		if (conformance_put(KEYS[i], (unsigned)i, 1000 + (int64_t)i, &err) == 0) {
			assert_object(conformance_fixture->store, KEYS[i], (unsigned)i, 1000 + (int64_t)i);
			conformance_discard(KEYS[i]);
		} else {
			assert_int_equal(err.code, ERROR_INVALID);
			struct object_info info;
			assert_int_equal(store_stat(conformance_fixture->store, KEYS[i], &info, &err), -1);
		}
	}
	conformance_assert_nothing_left();
}

static void keys_that_differ_little_are_different_objects(void **state)
{
	(void)state;
	static const char *const KEYS[] = {
		"case", "Case", "case ", "case%20", "case+", "case-\xc3\xa9", "case-e\xcc\x81"};
	enum { COUNT = sizeof(KEYS) / sizeof(KEYS[0]) };
	struct error err;
	for (int i = 0; i < COUNT; i++)
		assert_success(conformance_put(KEYS[i], (unsigned)i, 50 + i, &err));
	for (int i = 0; i < COUNT; i++)
		assert_object(conformance_fixture->store, KEYS[i], (unsigned)i, 50 + i);
	for (int i = 0; i < COUNT; i++)
		conformance_discard(KEYS[i]);
}

static void long_keys_work_or_are_refused_whole(void **state)
{
	(void)state;
	char flat[STORE_KEY_MAX + 1], deep[STORE_KEY_MAX + 1];
	memset(flat, 'k', STORE_KEY_MAX);
	memset(deep, 'd', STORE_KEY_MAX);
	for (int i = 99; i < STORE_KEY_MAX - 1; i += 100)
		deep[i] = '/';
	flat[STORE_KEY_MAX] = deep[STORE_KEY_MAX] = '\0';
	struct error err;
	assert_success(conformance_put(deep, 23, 500, &err));
	assert_object(conformance_fixture->store, deep, 23, 500);
	conformance_discard(deep);
	if (conformance_put(flat, 24, 600, &err) == 0) {
		assert_object(conformance_fixture->store, flat, 24, 600);
		conformance_discard(flat);
	} else {
		assert_int_equal(err.code, ERROR_INVALID);
	}
	conformance_assert_nothing_left();
}

static void assert_key_refused(const char *key)
{
	struct error err;
	struct object_info info;
	struct pattern_sink sink;
	pattern_sink_init(&sink, 0, 0);
	assert_fails_with(ERROR_INVALID, conformance_put(key, 1, 10, &err));
	assert_fails_with(ERROR_INVALID, store_get(conformance_fixture->store, key, 0, -1, &sink.base, &err));
	assert_fails_with(ERROR_INVALID, store_stat(conformance_fixture->store, key, &info, &err));
	if (conformance_can(STORE_CAN_DELETE))
		assert_fails_with(ERROR_INVALID, store_remove(conformance_fixture->store, key, &err));
}

static void keys_that_no_store_takes_are_refused(void **state)
{
	(void)state;
	char too_long[STORE_KEY_MAX + 2];
	memset(too_long, 'x', STORE_KEY_MAX + 1);
	for (int i = 100; i < STORE_KEY_MAX; i += 100)
		too_long[i] = '/';
	too_long[STORE_KEY_MAX + 1] = '\0';
	assert_key_refused("");
	assert_key_refused(too_long);
	assert_key_refused("line\nbreak");
	assert_key_refused("\x7f");
	assert_key_refused("not utf-8 \xff");
	assert_key_refused("over\xc0\xaflong");
	assert_key_refused("surrogate\xed\xa0\x80");
	assert_key_refused("cut\xe2\x82");
}

int store_conformance_run(struct store_fixture *subject)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(objects_of_every_size_come_back_as_they_went_in),
		cmocka_unit_test(a_source_that_gives_less_than_asked_is_stored_whole),
		cmocka_unit_test(a_source_of_unknown_size_is_stored_whole),
		cmocka_unit_test(a_source_that_cannot_rewind_is_stored),
		cmocka_unit_test(a_content_type_is_taken),
		cmocka_unit_test(put_whose_source_fails_at_any_byte_leaves_no_key),
		cmocka_unit_test(put_of_unknown_size_whose_source_fails_leaves_no_key),
		cmocka_unit_test(replacement_whose_source_fails_leaves_the_old_object),
		cmocka_unit_test(short_and_long_sources_are_refused_and_leave_no_key),
		cmocka_unit_test(a_failed_put_can_be_repeated),
		cmocka_unit_test(get_whose_sink_fails_at_any_byte_stops_with_that_error),
		cmocka_unit_test(the_same_object_can_be_put_again),
		cmocka_unit_test(put_replaces_an_object_or_conflicts),
		cmocka_unit_test(removed_objects_are_gone_and_removing_twice_is_success),
		cmocka_unit_test(removing_one_object_leaves_its_neighbours),
		cmocka_unit_test(ranges_give_exactly_their_bytes),
		cmocka_unit_test(ranges_beyond_the_end_are_refused_before_the_first_byte),
		cmocka_unit_test(a_range_of_a_missing_key_is_not_found),
		cmocka_unit_test(listing_names_every_object_with_the_prefix_once),
		cmocka_unit_test(awkward_keys_work_or_are_refused_whole),
		cmocka_unit_test(keys_that_differ_little_are_different_objects),
		cmocka_unit_test(long_keys_work_or_are_refused_whole),
		cmocka_unit_test(keys_that_no_store_takes_are_refused),
		cmocka_unit_test(concurrent_puts_of_one_key_leave_one_whole_winner),
		cmocka_unit_test(concurrent_puts_where_nothing_is_replaced_have_one_winner),
		cmocka_unit_test(readers_during_replacement_see_whole_objects),
		cmocka_unit_test(puts_and_removes_of_one_key_do_not_break_each_other),
	};
	conformance_fixture = subject;
	return cmocka_run_group_tests_name(subject->name, TESTS, NULL, NULL);
}

int store_conformance_run_many(struct store_fixture *subject)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(thousands_of_objects_are_kept_apart)};
	conformance_fixture = subject;
	return cmocka_run_group_tests_name(subject->name, TESTS, NULL, NULL);
}
