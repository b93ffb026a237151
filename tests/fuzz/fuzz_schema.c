/* SPDX-License-Identifier: MIT */

/* A body by each schema of rest/: the first byte says which. What is told of its problems is JSON itself. */

#include "common/buf.h"
#include "common/json_text.h"
#include "fuzz/fuzz.h"
#include "http/body.h"
#include "schemas/schema.h"

#include <cjson/cJSON.h>

enum { DEPTH = 100, MAX_SCHEMAS = 256 };

static struct schema_set *schemas;
static const struct schema *known[MAX_SCHEMAS];
static size_t known_count;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	struct error err = {0};
	INSIST(schema_set_create(schema_files, &schemas, &err) == 0);
	for (const struct embedded_file *file = schema_files; file->name && known_count < MAX_SCHEMAS; file++)
		if (strncmp(file->name, "rest/", 5) == 0)
			known[known_count++] = schema_set_find(schemas, file->name);
	return 0;
}

static void insist_on_problems(const struct buf *problems, size_t count)
{
	struct error err = {0};
	INSIST((count == 0) == (problems->length == 0));
	if (count == 0)
		return;
	INSIST(json_text_check(problems->data, problems->length, DEPTH, &err) == 0);
	cJSON *told = cJSON_ParseWithLength(problems->data, problems->length);
	INSIST(cJSON_IsArray(told) && cJSON_GetArraySize(told) <= SCHEMA_MAX_PROBLEMS);
	cJSON_Delete(told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const LOC[] = {"body", NULL};
	struct error err = {0};
	if (size < 2)
		return 0;
	const struct schema *schema = known[data[0] % known_count];
	char *text = fuzz_copy(data + 1, size - 1);
	cJSON *json = NULL;
	if (json_text_check(text, size - 1, DEPTH, &err) == 0)
		json = cJSON_ParseWithLength(text, size - 1);
	if (json) {
		struct buf problems = {0};
		body_drop_repeated(json);
		size_t count = schema_check(schema, value_of_json(json), LOC, &problems);
		insist_on_problems(&problems, count);
		buf_release(&problems);
		cJSON_Delete(json);
	}
	free(text);
	return 0;
}
