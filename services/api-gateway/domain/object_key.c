/* SPDX-License-Identifier: MIT */
#include "domain/object_key.h"

#include "common/digest.h"
#include "common/random.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { READABLE_MAX = 80 };

static void make_readable(const char *pid, char out[READABLE_MAX + 1])
{
	size_t length = 0;
	for (; *pid && length < READABLE_MAX; pid++) {
		unsigned char c = (unsigned char)*pid;
		if ((c & 0xc0) == 0x80) /* the rest of a UTF-8 character that is replaced as one */
			continue;
		bool safe = isascii(c) && (isalnum(c) || c == '-' || c == '_' || c == '.');
		out[length++] = safe ? (char)c : '_';
	}
	out[length] = '\0';
}

void object_key_make(const char *pid, char out[OBJECT_KEY_SIZE])
{
	char hash[DIGEST_HEX_SIZE], readable[READABLE_MAX + 1], unique[13];
	digest_sha256_hex(pid, strlen(pid), hash);
	make_readable(pid, readable);
	random_hex(unique, 6);
	snprintf(out, OBJECT_KEY_SIZE, "%.2s/%.2s/%s.%s", hash, hash + 2, readable, unique);
}

enum { KEY_MAX = 1024 };

static bool is_segment(const char *segment, size_t length)
{
	return length > 0 && !(length <= 2 && strncmp(segment, "..", length) == 0);
}

int object_key_check(const char *key, struct error *err)
{
	size_t length = strlen(key);
	if (length == 0 || length > KEY_MAX)
		return error_set(err, ERROR_INVALID, "store_key must have 1 to %d bytes", KEY_MAX);
	for (const char *c = key; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return error_set(err, ERROR_INVALID, "store_key holds a control character");
	for (const char *segment = key;; segment++) {
		size_t width = strcspn(segment, "/");
		if (!is_segment(segment, width))
			return error_set(err, ERROR_INVALID,
				"store_key must be a path within its store: no empty segment, no '.' or "
				"'..'");
		segment += width;
		if (!*segment)
			return 0;
	}
}
