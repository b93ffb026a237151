/* SPDX-License-Identifier: MIT */
#include "store/key.h"

#include "common/utf8.h"
#include "store/store.h"

#include <stdbool.h>
#include <string.h>

enum { SEGMENT_MAX = 255 }; /* NAME_MAX of every file system in use */

/* C0, DEL and C1 */
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
	for (size_t at = 0; at < total;) {
		size_t length = utf8_sequence(key + at, total - at);
		if (length == 0)
			return error_set(err, ERROR_INVALID, "the key is not valid UTF-8");
		if (is_control((const unsigned char *)key + at, length))
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
