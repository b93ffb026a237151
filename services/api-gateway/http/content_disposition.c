/* SPDX-License-Identifier: MIT */
#include "http/content_disposition.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/hex.h"
#include "common/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char SEPARATORS[] = "()<>@,;:\\\"/[]?={} \t";

static bool is_token(char c)
{
	return c > ' ' && c < 0x7f && !strchr(SEPARATORS, c);
}

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " \t");
}

static const char *skip_token(const char *at)
{
	while (is_token(*at))
		at++;
	return at;
}

/* Appends what stands in quotes. Returns what follows, NULL when they are not closed. */
static const char *read_quoted(const char *at, struct buf *out)
{
	for (at++; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			at++;
		buf_append(out, at, 1);
	}
	return *at ? at + 1 : NULL;
}

/* A token, and what clients write although it is none: up to the next semicolon. */
static const char *read_unquoted(const char *at, struct buf *out)
{
	size_t length = strcspn(at, ";");
	const char *rest = at + length;
	while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
		length--;
	buf_append(out, at, length);
	return rest;
}

/* --- what a value stands for */

static void append_latin1(const char *bytes, size_t length, struct buf *out)
{
	char character[UTF8_MAX_SIZE];
	for (size_t i = 0; i < length; i++)
		buf_append(out, character, utf8_encode((unsigned char)bytes[i], character));
}

static bool decode_percent(const char *at, struct buf *out)
{
	for (; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		char digits[3] = "";
		if (*at == '%') {
			memcpy(digits, at + 1, at[1] ? 2 : 0);
			if (hex_decode(digits, &byte, 1) != 0)
				return false;
			at += 2;
		} else if (!isalnum(byte) && !strchr("!#$&+-.^_`|~", byte)) {
			return false;
		}
		buf_append(out, &byte, 1);
	}
	return true;
}

/* ext-value: charset'language'percent-encoded */
static bool decode_extended(const char *value, struct buf *out)
{
	static const char UTF8[] = "UTF-8'", LATIN1[] = "ISO-8859-1'";
	CLEANUP(buf_release) struct buf bytes = {0};
	bool is_utf8 = strncasecmp(value, UTF8, sizeof(UTF8) - 1) == 0;
	if (!is_utf8 && strncasecmp(value, LATIN1, sizeof(LATIN1) - 1) != 0)
		return false;
	const char *text = strchr(strchr(value, '\'') + 1, '\'');
	if (!text || !decode_percent(text + 1, &bytes))
		return false;
	if (!is_utf8)
		append_latin1(bytes.data, bytes.length, out);
	else if (utf8_is_valid(bytes.data, bytes.length))
		buf_append(out, bytes.data, bytes.length);
	return out->length > 0;
}

static bool decode_plain(const struct buf *value, struct buf *out)
{
	if (utf8_is_valid(value->data, value->length))
		buf_append(out, value->data, value->length);
	else
		append_latin1(value->data, value->length, out);
	return out->length > 0;
}

/* --- the header */

struct reading {
	struct buf plain, extended; /* the names found so far */
};

static void release_reading(struct reading *reading)
{
	buf_release(&reading->plain);
	buf_release(&reading->extended);
}

static void take_parameter(struct reading *reading, const char *name, size_t length, const struct buf *value)
{
	if (length == 8 && strncasecmp(name, "filename", length) == 0 && !reading->plain.length)
		decode_plain(value, &reading->plain);
	if (length == 9 && strncasecmp(name, "filename*", length) == 0 && !reading->extended.length &&
		value->length)
		decode_extended(value->data, &reading->extended);
}

/* `at` is behind a semicolon. Returns what follows the parameter, NULL when nothing can be read further. */
static const char *read_parameter(const char *at, struct reading *reading)
{
	CLEANUP(buf_release) struct buf value = {0};
	const char *name = skip_spaces(at), *end = skip_token(name);
	at = skip_spaces(end);
	if (end == name || *at != '=')
		return NULL;
	at = skip_spaces(at + 1);
	at = *at == '"' ? read_quoted(at, &value) : read_unquoted(at, &value);
	if (at)
		take_parameter(reading, name, (size_t)(end - name), &value);
	return at ? skip_spaces(at) : NULL;
}

/* Only the last segment counts: a name is not to lead anywhere. */
static const char *make_safe(const struct buf *name, struct arena *arena)
{
	CLEANUP(buf_release) struct buf safe = {0};
	for (size_t i = 0; i < name->length; i++) {
		char c = name->data[i];
		if (c == '/' || c == '\\')
			buf_clear(&safe);
		else if ((unsigned char)c >= ' ' && c != 0x7f)
			buf_append(&safe, &c, 1);
	}
	size_t length = safe.length < FILENAME_MAX_BYTES ? safe.length : FILENAME_MAX_BYTES;
	if (length == 0)
		return NULL;
	const char *text = arena_memdup(arena, safe.data, utf8_trim(safe.data, length));
	return *text && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 ? text : NULL;
}

const char *content_disposition_filename(const char *header, struct arena *arena)
{
	CLEANUP(release_reading) struct reading reading = {0};
	if (!header)
		return NULL;
	const char *at = skip_spaces(skip_token(skip_spaces(header)));
	while (at && *at == ';')
		at = read_parameter(at + 1, &reading);
	return make_safe(reading.extended.length ? &reading.extended : &reading.plain, arena);
}

/* --- and back */

static void append_fallback(const char *filename, struct buf *out)
{
	for (const char *at = filename; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		bool follows = (byte & 0xc0) == 0x80; /* one '_' for each character, not for each byte */
		bool plain = byte >= ' ' && byte < 0x7f && !strchr("\"\\%", byte);
		if (!follows)
			buf_append(out, plain ? at : "_", 1);
	}
}

static void append_extended(const char *filename, struct buf *out)
{
	for (const char *at = filename; *at; at++) {
		unsigned char byte = (unsigned char)*at;
		if (byte < 0x7f && (isalnum(byte) || strchr("!#$&+-.^_`|~", byte)))
			buf_append(out, at, 1);
		else
			buf_printf(out, "%%%02X", byte);
	}
}

const char *content_disposition_attachment(const char *filename, struct arena *arena)
{
	CLEANUP(buf_release) struct buf value = {0};
	buf_append_text(&value, "attachment; filename=\"");
	append_fallback(filename, &value);
	buf_append_text(&value, "\"; filename*=UTF-8''");
	append_extended(filename, &value);
	return arena_memdup(arena, value.data, value.length);
}
