/* SPDX-License-Identifier: MIT */
#include "domain/identifier_types.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "db/identifier_repo.h"
#include "db/query.h"
#include "domain/pattern.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 16 }; /* names just added, which most elements of a list repeat */

struct identifier_names {
	struct arena *arena;
	struct buf pointers; /* const char * */
	const char *recent[REMEMBERED];
	size_t count;
};

struct identifier_types {
	struct arena *arena;
	struct identifier_type *rows; /* sorted by name */
	struct pattern **patterns;    /* NULL until needed */
	size_t count;
};

static void release_names(void *names)
{
	buf_release(&((struct identifier_names *)names)->pointers);
}

static void release_pattern(void *pattern)
{
	pattern_free(pattern);
}

struct identifier_names *identifier_names_create(struct arena *arena)
{
	struct identifier_names *names = arena_alloc(arena, sizeof(*names));
	names->arena = arena;
	arena_defer(arena, release_names, names);
	return names;
}

void identifier_names_add(struct identifier_names *names, const char *name)
{
	if (!name)
		return;
	for (size_t i = 0; i < REMEMBERED && names->recent[i]; i++)
		if (strcmp(names->recent[i], name) == 0)
			return;
	names->recent[names->count++ % REMEMBERED] = name;
	buf_append(&names->pointers, &name, sizeof(name));
}

void identifier_names_add_members(struct identifier_names *names, const cJSON *identifiers)
{
	if (!cJSON_IsObject(identifiers))
		return;
	const cJSON *identifier;
	cJSON_ArrayForEach(identifier, identifiers)
		identifier_names_add(names, identifier->string);
}

int identifier_names_load(struct identifier_names *names, struct db_conn *conn, struct identifier_types **out,
	struct error *err)
{
	CLEANUP(buf_release) struct buf array = {0};
	struct identifier_types *types = arena_alloc(names->arena, sizeof(*types));
	types->arena = names->arena;
	db_text_array(&array, (const char *const *)(void *)names->pointers.data, names->count);
	if (identifier_find_many(conn, array.data, names->arena, &types->rows, &types->count, err))
		return -1;
	types->patterns = arena_alloc(names->arena, (types->count + 1) * sizeof(*types->patterns));
	*out = types;
	return 0;
}

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct identifier_type *)row)->name);
}

int identifier_types_check(struct identifier_types *types, const char *what, const char *name,
	const char *value, struct error *err)
{
	struct identifier_type *row = bsearch(name, types->rows, types->count, sizeof(*row), compare_name);
	if (!row)
		return error_set(err, ERROR_INVALID, "bad %s: %s", what, name);
	struct pattern **pattern = &types->patterns[row - types->rows];
	if (!*pattern) {
		if (pattern_create(row->pattern, pattern, err))
			return -1;
		arena_defer(types->arena, release_pattern, *pattern);
	}
	int matches = pattern_test(*pattern, value, err);
	if (matches < 0)
		return -1;
	return matches ? 0
		       : error_set(err, ERROR_INVALID, "%s does not match the pattern of identifier type %s",
				 what, name);
}

int identifier_types_check_members(
	struct identifier_types *types, const cJSON *identifiers, struct error *err)
{
	const cJSON *identifier;
	cJSON_ArrayForEach(identifier, identifiers) {
		if (identifier_types_check(types, "identifier_type", identifier->string,
			    cJSON_GetStringValue(identifier), err))
			return -1;
	}
	return 0;
}
