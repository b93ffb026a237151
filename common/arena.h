/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

/*
 * Memory that lives as long as one request or one job: allocated in passing, freed all at once.
 * Handlers never free. Objects of other libraries (cJSON, PGresult) join with arena_defer().
 * One arena belongs to one thread at a time. Allocation never fails (see memory.h).
 */

#include <stddef.h>

struct arena;

struct arena *arena_create(void);
/* Runs the deferred functions, last first, then frees everything. NULL is accepted. */
void arena_free(struct arena *arena);
void arena_cleanup(struct arena **arena); /* for CLEANUP() */

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL stays NULL */
/* A copy of `size` bytes with a NUL behind them. */
char *arena_memdup(struct arena *arena, const void *bytes, size_t size);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* release(object) is called by arena_free(). */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

#endif
