/* SPDX-License-Identifier: MIT */
#include "domain/entity_tag.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "db/query.h"

#include <string.h>

static const char *skip_separators(const char *at)
{
	return at + strspn(at, " \t,");
}

static bool in_list(const char *header, const char *tag, bool weak_counts)
{
	if (!header)
		return false;
	const size_t length = strlen(tag);
	const char *at = skip_separators(header);
	if (*at == '*')
		return true;
	while (*at) {
		bool weak = strncmp(at, "W/", 2) == 0;
		at += weak ? 2 : 0;
		const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
		if (!end)
			return false; /* not a list of tags */
		if ((weak_counts || !weak) && (size_t)(end + 1 - at) == length &&
			memcmp(at, tag, length) == 0)
			return true;
		at = skip_separators(end + 1);
	}
	return false;
}

bool entity_tag_in_list(const char *header, const char *tag)
{
	return in_list(header, tag, true);
}

bool entity_tag_in_list_strongly(const char *header, const char *tag)
{
	return in_list(header, tag, false);
}

enum { MAX_TAGS = 64 };

const char *entity_tag_array(const char *header, struct arena *arena)
{
	const char *tags[MAX_TAGS];
	size_t count = 0;
	if (!header)
		return NULL;
	const char *at = skip_separators(header);
	if (*at == '*')
		return "{*}";
	while (*at && count < MAX_TAGS) {
		bool weak = strncmp(at, "W/", 2) == 0;
		at += weak ? 2 : 0;
		const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
		if (!end)
			break;
		if (!weak)
			tags[count++] = arena_memdup(arena, at + 1, (size_t)(end - at - 1));
		at = skip_separators(end + 1);
	}
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, tags, count);
	return arena_memdup(arena, array.data, array.length);
}
