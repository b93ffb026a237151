/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/memory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void blocks_are_zeroed(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) unsigned char *block = memory_alloc(64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(block[i], 0);
	CLEANUP(cleanup_free) void *empty = memory_alloc(0);
	assert_non_null(empty);
}

static void resizing_keeps_the_bytes(void **state)
{
	(void)state;
	char *block = memory_strdup("kept");
	block = memory_resize(block, 100000);
	assert_string_equal(block, "kept");
	block = memory_resize(block, 0);
	assert_non_null(block);
	free(block);
}

static void copies_are_copies(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *bytes = memory_dup("a\0b", 3);
	assert_memory_equal(bytes, "a\0b", 3);
	CLEANUP(cleanup_free) void *nothing = memory_dup(NULL, 0);
	assert_non_null(nothing);
	CLEANUP(cleanup_free) char *text = memory_printf("%s-%d", "x", 5);
	assert_string_equal(text, "x-5");
	assert_null(memory_strdup(NULL));
}

static void no_memory_ends_the_process(void **state)
{
	(void)state;
	volatile size_t size = PTRDIFF_MAX;
	int status;
	pid_t child = fork();
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		memory_alloc(size);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_zeroed),
		cmocka_unit_test(resizing_keeps_the_bytes),
		cmocka_unit_test(copies_are_copies),
		cmocka_unit_test(no_memory_ends_the_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
