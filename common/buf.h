/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

/*
 * A growing run of bytes, always followed by a NUL that is not counted: bodies and messages being built.
 * Zero-initialise it ({0}) and release it. Growth never fails (see memory.h); whoever fills it with a
 * stranger's bytes checks the limit first.
 */

#include <stddef.h>

struct buf {
	char *data; /* NULL while empty */
	size_t length;
	size_t capacity;
};

void buf_release(struct buf *buf); /* also for CLEANUP(); leaves it empty */
void buf_clear(struct buf *buf);   /* keeps the memory */
void buf_reserve(struct buf *buf, size_t more);
void buf_append(struct buf *buf, const void *bytes, size_t length);
void buf_append_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text as a JSON string with its quotes, escaped as RFC 8259 asks; bytes that are no UTF-8 become
 * U+FFFD. NULL gives null. */
void buf_append_json_string(struct buf *buf, const char *text);

#endif
