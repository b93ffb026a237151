/* SPDX-License-Identifier: MIT */

/* tus' Upload-Metadata. */

#include "common/arena.h"
#include "common/utf8.h"
#include "fuzz/fuzz.h"
#include "handlers/upload_metadata.h"

static void check(const struct request_params *params)
{
	INSIST(params->count <= UPLOAD_METADATA_MAX);
	for (size_t i = 0; i < params->count; i++) {
		const struct request_param *one = &params->items[i];
		INSIST(*one->name && !strpbrk(one->name, " ,"));
		INSIST(utf8_is_valid(one->name, strlen(one->name)));
		INSIST(utf8_is_valid(one->value, strlen(one->value)));
		for (const char *at = one->value; *at; at++)
			INSIST((unsigned char)*at >= 0x20 && *at != 0x7f);
		for (size_t j = 0; j < i; j++)
			INSIST(strcmp(one->name, params->items[j].name) != 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_params params = {.count = 99};
	struct error err = {0};
	struct arena *arena = arena_create();
	char *value = fuzz_text(data, size);
	if (upload_metadata_parse(value, arena, &params, &err) == 0)
		check(&params);
	else
		INSIST(err.code == ERROR_INVALID && params.count == 99);
	free(value);
	arena_free(arena);
	return 0;
}
