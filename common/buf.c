/* SPDX-License-Identifier: MIT */
#include "common/buf.h"

#include "common/memory.h"
#include "common/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_reserve(struct buf *buf, size_t more)
{
	size_t need;
	if (__builtin_add_overflow(buf->length + 1, more, &need))
		need = SIZE_MAX; /* refused by the allocator, loudly */
	if (need <= buf->capacity)
		return;
	size_t capacity = buf->capacity ? buf->capacity : 64;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
	buf->data = memory_resize(buf->data, capacity);
	buf->capacity = capacity;
}

void buf_append(struct buf *buf, const void *bytes, size_t length)
{
	buf_reserve(buf, length);
	if (length)
		memcpy(buf->data + buf->length, bytes, length);
	buf->length += length;
	buf->data[buf->length] = '\0';
}

void buf_append_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	buf_reserve(buf, (size_t)length);
	vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
	va_end(again);
	buf->length += (size_t)length;
}

static const char *json_escape(unsigned char c, char scratch[8])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		if (c >= 0x20)
			return NULL;
		snprintf(scratch, 8, "\\u%04x", c);
		return scratch;
	}
}

void buf_append_json_string(struct buf *buf, const char *text)
{
	if (!text) {
		buf_append_text(buf, "null");
		return;
	}
	buf_append(buf, "\"", 1);
	const char *run = text, *end = text + strlen(text);
	while (text < end) {
		char scratch[8];
		size_t size = utf8_sequence(text, (size_t)(end - text));
		const char *escape = size ? json_escape((unsigned char)*text, scratch) : "\\ufffd";
		if (escape) {
			buf_append(buf, run, (size_t)(text - run));
			buf_append_text(buf, escape);
			run = text + 1;
		}
		text += size ? size : 1;
	}
	buf_append(buf, run, (size_t)(text - run));
	buf_append(buf, "\"", 1);
}
