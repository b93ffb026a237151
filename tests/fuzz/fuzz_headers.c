/* SPDX-License-Identifier: MIT */

/* Header values: Range, lists of entity tags, Authorization. The first four bytes are the object's size. */

#include "domain/entity_tag.h"
#include "fuzz/fuzz.h"
#include "http/auth.h"
#include "http/byte_range.h"

#include <strings.h>

static void range(const char *value, int64_t size)
{
	struct byte_range found = {-7, -7};
	int result = byte_range_parse(value, size, &found);
	INSIST(result >= -1 && result <= 1);
	if (result == 1)
		INSIST(found.first >= 0 && found.first <= found.last && found.last < size);
	else
		INSIST(found.first == -7 && found.last == -7);
}

static void tags(const char *value)
{
	static const char TAG[] = "\"abc\"";
	bool weakly = entity_tag_in_list(value, TAG), strongly = entity_tag_in_list_strongly(value, TAG);
	INSIST(weakly || !strongly);
	INSIST(!weakly || strstr(value, TAG) || strchr(value, '*'));
}

static void bearer(const char *value)
{
	struct error err = {0};
	const char *token;
	if (auth_bearer(value, &token, &err) != 0) {
		INSIST(err.code == ERROR_UNAUTHORIZED);
		return;
	}
	INSIST(strncasecmp(value, "Bearer ", 7) == 0 && token == value + 7);
	INSIST(*token && strlen(token) <= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t object = 0;
	if (size < sizeof(object))
		return 0;
	memcpy(&object, data, sizeof(object));
	char *value = fuzz_text(data + sizeof(object), size - sizeof(object));
	range(value, object);
	tags(value);
	bearer(value);
	free(value);
	return 0;
}
