/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include "common/arena.h"
#include "http/request.h"

#include <string.h>

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	char lower = (char)(digit | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte behind a '%', or -1. */
static int quoted_byte(const char *text, size_t left)
{
	if (left < 3)
		return -1;
	int high = hex_digit(text[1]), low = hex_digit(text[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Length of the sequence that begins with this byte, and the least and most its second byte may be; 0: cannot
 * begin one. */
static size_t sequence(unsigned char first, unsigned char *least, unsigned char *most)
{
	*least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	*most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

bool url_is_utf8(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	for (size_t i = 0; i < length;) {
		unsigned char least, most;
		size_t size = sequence(bytes[i], &least, &most);
		if (size == 0 || size > length - i)
			return false;
		if (size > 1 && (bytes[i + 1] < least || bytes[i + 1] > most))
			return false;
		for (size_t k = 2; k < size; k++)
			if ((bytes[i + k] & 0xC0) != 0x80)
				return false;
		i += size;
	}
	return true;
}

const char *url_decode(
	const char *text, size_t length, bool plus_is_space, struct arena *arena, struct error *err)
{
	char *out = arena_alloc(arena, length + 1);
	size_t used = 0;
	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)text[i];
		if (byte == '%') {
			byte = quoted_byte(text + i, length - i);
			i += 2;
		}
		if (byte < 0) {
			error_set(err, ERROR_BAD_REQUEST, "malformed percent-encoding in the URL");
			return NULL;
		}
		if (byte == 0) {
			error_set(err, ERROR_INVALID, "NUL in the URL");
			return NULL;
		}
		out[used++] = (char)(plus_is_space && text[i] == '+' ? ' ' : byte);
	}
	if (!url_is_utf8(out, used)) {
		error_set(err, ERROR_INVALID, "the URL is not UTF-8");
		return NULL;
	}
	return out;
}

enum { MAX_QUERY_PARAMS = 256 };

int url_query(const char *raw_query, struct arena *arena, struct request_params *out, struct error *err)
{
	size_t count = 1;
	for (const char *at = raw_query; *at; at++)
		count += *at == '&';
	if (count > MAX_QUERY_PARAMS)
		return error_set(err, ERROR_BAD_REQUEST, "more than %d query parameters", MAX_QUERY_PARAMS);
	struct request_params params = {arena_alloc(arena, count * sizeof(*params.items)), 0};
	for (const char *at = raw_query; *at; at += *at == '&') {
		size_t length = strcspn(at, "&"), name_length = strcspn(at, "&=");
		if (length == 0)
			continue;
		const char *name = url_decode(at, name_length, true, arena, err);
		size_t skip = name_length < length ? name_length + 1 : length;
		const char *value = name ? url_decode(at + skip, length - skip, true, arena, err) : NULL;
		if (!value)
			return -1;
		params.items[params.count++] = (struct request_param){name, value};
		at += length;
	}
	*out = params;
	return 0;
}
