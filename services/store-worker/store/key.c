/* SPDX-License-Identifier: MIT */
#include "store/key.h"

#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SEGMENT_MAX = 255 }; /* NAME_MAX of every file system in use */

/* Length of the UTF-8 sequence at text (RFC 3629: shortest form, no surrogates), 0 when malformed. The terminating NUL
 * is never a continuation byte, so this does not read past the end. */
static size_t sequence_length(const unsigned char *text)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high, length;
	} FORMS[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
		if (text[0] < FORMS[i].first_low || text[0] > FORMS[i].first_high)
			continue;
		if (FORMS[i].length > 1 && (text[1] < FORMS[i].second_low || text[1] > FORMS[i].second_high))
			return 0;
		for (size_t k = 2; k < FORMS[i].length; k++)
			if ((text[k] & 0xc0) != 0x80)
				return 0;
		return FORMS[i].length;
	}
	return 0;
}

static bool is_control(const unsigned char *text, size_t length)
{
	return text[0] < 0x20 || text[0] == 0x7f || (length == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

int key_check(const char *key, struct error *err)
{
	size_t total = strlen(key);
	if (total == 0)
		return error_set(err, ERROR_INVALID, "the key is empty");
	if (total > STORE_KEY_MAX)
		return error_set(err, ERROR_INVALID, "the key is longer than %d bytes", STORE_KEY_MAX);
	for (const unsigned char *at = (const unsigned char *)key; *at;) {
		size_t length = sequence_length(at);
		if (length == 0)
			return error_set(err, ERROR_INVALID, "the key is not valid UTF-8");
		if (is_control(at, length))
			return error_set(err, ERROR_INVALID, "the key contains a control character");
		at += length;
	}
	return 0;
}

int key_check_path(const char *key, struct error *err)
{
	const char *segment = key;
	for (;;) {
		size_t length = strcspn(segment, "/");
		if (length == 0)
			return error_set(err, ERROR_INVALID,
				"the key has an empty path segment (a leading, trailing or double slash)");
		if (length > SEGMENT_MAX)
			return error_set(err, ERROR_INVALID,
				"a path segment of the key is longer than %d bytes", SEGMENT_MAX);
		if (strncmp(segment, "..", length) == 0 && length <= 2)
			return error_set(err, ERROR_INVALID, "the key has a path segment \"%.*s\"",
				(int)length, segment);
		if (length == strlen(STORE_TEMPORARY_NAME) &&
			strncmp(segment, STORE_TEMPORARY_NAME, length) == 0)
			return error_set(
				err, ERROR_INVALID, "keys below %s are reserved", STORE_TEMPORARY_NAME);
		if (segment[length] == '\0')
			return 0;
		segment += length + 1;
	}
}
