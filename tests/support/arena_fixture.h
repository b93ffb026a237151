/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ARENA_FIXTURE_H
#define TESTS_SUPPORT_ARENA_FIXTURE_H

/* An arena for what a test, or a group of them, is lent. */

#include "support/cmocka.h"

#include "common/arena.h"

static struct arena *arena;

static int arena_begin(void **state)
{
	(void)state;
	arena = arena_create();
	return 0;
}

static int arena_end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#endif
