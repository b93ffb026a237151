/* SPDX-License-Identifier: MIT */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

/*
 * Heap allocation that does not return on failure: a process that is out of memory is ended and restarted by
 * its supervisor. Every size that a stranger chooses is limited before it gets here. free() releases.
 */

#include <stddef.h>

void *memory_alloc(size_t size);               /* zeroed */
void *memory_resize(void *block, size_t size); /* as realloc */
char *memory_strdup(const char *text);         /* NULL stays NULL */
void *memory_dup(const void *bytes, size_t size);
char *memory_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For main(), before there are threads: what is freed can be used by every thread, and large blocks go back to the
 * system. By itself glibc keeps an arena for every few threads, each as large as its largest request ever was, and
 * takes a freed large block as a sign to keep such blocks from then on. One arena costs no speed that could be
 * measured: what is small comes from each thread's own cache. */
void memory_keep_little(void);

#endif
