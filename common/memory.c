/* SPDX-License-Identifier: MIT */
#include "common/memory.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *block)
{
	if (!block) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return block;
}

void *memory_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *memory_resize(void *block, size_t size)
{
	return checked(realloc(block, size ? size : 1));
}

char *memory_strdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

void *memory_dup(const void *bytes, size_t size)
{
	void *copy = memory_alloc(size);
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *memory_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	return checked(length < 0 ? NULL : text);
}

void memory_keep_little(void)
{
	enum { LARGE = 512 * 1024 };
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, 2 * LARGE);
}
