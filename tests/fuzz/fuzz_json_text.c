/* SPDX-License-Identifier: MIT */

/* What the check of JSON lets through must be what cJSON reads to the end. */

#include "common/json_text.h"
#include "fuzz/fuzz.h"

#include <cjson/cJSON.h>

enum { DEPTH = 100 };

static size_t depth_of(const cJSON *value)
{
	size_t deepest = 0;
	for (const cJSON *child = value->child; child; child = child->next) {
		size_t depth = 1 + depth_of(child);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct error err = {0};
	if (json_text_check(text, size, DEPTH, &err) == 0) {
		const char *end;
		cJSON *json = cJSON_ParseWithLengthOpts(text, size, &end, false);
		INSIST(json != NULL);
		INSIST(depth_of(json) <= DEPTH);
		while (end < text + size && memchr(" \t\r\n", *end, 4))
			end++;
		INSIST(end == text + size);
		cJSON_Delete(json);
	} else {
		INSIST(err.code == ERROR_BAD_REQUEST || err.code == ERROR_INVALID ||
			err.code == ERROR_TOO_LARGE);
	}
	free(text);
	return 0;
}
