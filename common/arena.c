/* SPDX-License-Identifier: MIT */
#include "common/arena.h"

#include "common/memory.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8 * 1024 };

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *object);
	void *object;
};

struct arena {
	struct block *blocks; /* the first one is being filled */
	struct deferred *deferred;
};

struct arena *arena_create(void)
{
	return memory_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct deferred *d = arena->deferred; d; d = d->next)
		d->release(d->object);
	while (arena->blocks) {
		struct block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
}

void arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
}

static struct block *block_add(struct arena *arena, size_t size)
{
	size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct block *block = memory_alloc(sizeof(*block) + capacity);
	block->size = capacity;
	if (arena->blocks && size > BLOCK_SIZE) { /* keep filling the present block */
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t unit = alignof(max_align_t);
	if (size > PTRDIFF_MAX)
		memory_alloc(size); /* ends the process; the rounding below would wrap */
	size = (size + unit - 1) / unit * unit;
	struct block *block = arena->blocks;
	if (!block || block->size - block->used < size)
		block = block_add(arena, size);
	void *result = block->bytes + block->used;
	block->used += size;
	return result;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_memdup(arena, text, strlen(text)) : NULL;
}

char *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
	struct deferred *d = arena_alloc(arena, sizeof(*d));
	*d = (struct deferred){arena->deferred, release, object};
	arena->deferred = d;
}
