/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/cleanup.h"

#include <string.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	(void)state;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	static const unsigned char ZERO[20000];
	for (size_t size = 0; size < sizeof(ZERO); size += 997) {
		unsigned char *bytes = arena_alloc(arena, size);
		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		assert_memory_equal(bytes, ZERO, size);
		memset(bytes, 0xff, size); /* must not reach the next one */
	}
}

static void a_large_block_leaves_the_small_one_in_use(void **state)
{
	(void)state;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	char *first = arena_alloc(arena, 16);
	memset(arena_alloc(arena, 1 << 20), 1, 1 << 20);
	char *second = arena_alloc(arena, 16);
	assert_ptr_equal(second, first + 16);
}

static void texts_are_copied(void **state)
{
	(void)state;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	char source[] = "pid";
	char *copy = arena_strdup(arena, source);
	source[0] = 'X';
	assert_string_equal(copy, "pid");
	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_memdup(arena, "abcdef", 3), "abc");
	assert_string_equal(arena_memdup(arena, NULL, 0), "");
}

static void printf_takes_texts_longer_than_a_block(void **state)
{
	(void)state;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	assert_string_equal(arena_printf(arena, "%s/%d", "a", 7), "a/7");
	assert_int_equal(strlen(arena_printf(arena, "%*d", 30000, 1)), 30000);
}

struct note {
	char *log;
	char letter;
};

static void write_note(void *object)
{
	struct note *note = object;
	note->log[strlen(note->log)] = note->letter;
}

static void deferred_releases_run_last_first_before_the_memory_goes(void **state)
{
	(void)state;
	char log[4] = "";
	struct arena *arena = arena_create();
	for (char letter = 'a'; letter <= 'c'; letter++) {
		struct note *note = arena_alloc(arena, sizeof(*note));
		*note = (struct note){log, letter};
		arena_defer(arena, write_note, note);
	}
	assert_string_equal(log, "");
	arena_free(arena);
	assert_string_equal(log, "cba");
}

static void freeing_nothing_is_allowed(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(a_large_block_leaves_the_small_one_in_use),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(printf_takes_texts_longer_than_a_block),
		cmocka_unit_test(deferred_releases_run_last_first_before_the_memory_goes),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
