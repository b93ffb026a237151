/* SPDX-License-Identifier: MIT */
#include "handlers/upload_metadata.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/utf8.h"

#include <string.h>

static bool is_known(const struct request_params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return true;
	return false;
}

static bool is_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return utf8_is_valid(text, length);
}

static const char *decode(const char *encoded, struct arena *arena)
{
	size_t length = strlen(encoded);
	char *value = arena_alloc(arena, length / 4 * 3 + 4);
	ssize_t size = base64_decode(encoded, length, BASE64_STANDARD, value);
	if (size < 0 || !is_text(value, (size_t)size))
		return NULL;
	value[size] = '\0';
	return value;
}

static int parse_pair(char *pair, struct arena *arena, struct request_params *params, struct error *err)
{
	pair += strspn(pair, " ");
	char *space = strchr(pair, ' ');
	if (space)
		*space = '\0';
	const char *value = space ? decode(space + 1 + strspn(space + 1, " "), arena) : "";
	if (!*pair || !is_text(pair, strlen(pair)) || !value)
		return error_set(err, ERROR_INVALID, "Upload-Metadata is malformed near \"%.40s\"", pair);
	if (is_known(params, pair) || params->count == UPLOAD_METADATA_MAX)
		return error_set(
			err, ERROR_INVALID, "Upload-Metadata has \"%.40s\" twice, or too many names", pair);
	params->items[params->count++] = (struct request_param){pair, value};
	return 0;
}

int upload_metadata_parse(
	const char *header, struct arena *arena, struct request_params *out, struct error *err)
{
	struct request_params params = {
		.items = arena_alloc(arena, UPLOAD_METADATA_MAX * sizeof(struct request_param))};
	char *rest = header && *header ? arena_strdup(arena, header) : NULL;
	for (char *pair; (pair = strsep(&rest, ","));)
		if (parse_pair(pair, arena, &params, err))
			return -1;
	*out = params;
	return 0;
}
