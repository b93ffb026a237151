/* SPDX-License-Identifier: MIT */
#include "domain/job_spec.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stddef.h>

/* The numbers go as text: cJSON would round them. */
static const struct {
	const char *name;
	size_t offset;
	bool is_number;
	int64_t absent;
} FIELDS[] = {
	{"size", offsetof(struct job_spec, size), true, -1},
	{"sha256", offsetof(struct job_spec, sha256), false, 0},
	{"crc32c", offsetof(struct job_spec, crc32c), false, 0},
	{"md5", offsetof(struct job_spec, md5), false, 0},
	{"content_type", offsetof(struct job_spec, content_type), false, 0},
	{"filename", offsetof(struct job_spec, filename), false, 0},
	{"spool", offsetof(struct job_spec, spool), false, 0},
	{"spool_url", offsetof(struct job_spec, spool_url), false, 0},
	{"phase", offsetof(struct job_spec, phase), false, 0},
	{"source_url", offsetof(struct job_spec, source_url), false, 0},
	{"cursor", offsetof(struct job_spec, cursor), false, 0},
	{"bytes_per_second", offsetof(struct job_spec, bytes_per_second), true, 0},
	{"objects_per_second", offsetof(struct job_spec, objects_per_second), true, 0},
	{"fetch_url", offsetof(struct job_spec, fetch_url), false, 0},
	{"fetch_s3", offsetof(struct job_spec, fetch_s3), false, 0},
	{"actor", offsetof(struct job_spec, actor), false, 0},
	{"expires", offsetof(struct job_spec, expires_unix_ms), true, 0},
};
enum { FIELD_COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };

const char *job_spec_print(const struct job_spec *spec, struct arena *arena)
{
	CLEANUP(buf_release) struct buf out = {0};
	buf_append_text(&out, "{");
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const void *field = (const char *)spec + FIELDS[i].offset;
		const char *comma = out.length > 1 ? "," : "";
		if (FIELDS[i].is_number && *(const int64_t *)field != FIELDS[i].absent)
			buf_printf(&out, "%s\"%s\":\"%" PRId64 "\"", comma, FIELDS[i].name,
				*(const int64_t *)field);
		if (FIELDS[i].is_number || !*(const char *const *)field)
			continue;
		buf_printf(&out, "%s\"%s\":", comma, FIELDS[i].name);
		buf_append_json_string(&out, *(const char *const *)field);
	}
	buf_append_text(&out, "}");
	return arena_memdup(arena, out.data, out.length);
}

struct job_spec job_spec_parse(const char *json, struct arena *arena)
{
	struct job_spec spec = {.size = -1};
	cJSON *document = json ? cJSON_Parse(json) : NULL;
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		void *field = (char *)&spec + FIELDS[i].offset;
		const char *text =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, FIELDS[i].name));
		if (text && FIELDS[i].is_number)
			*(int64_t *)field = strtoll(text, NULL, 10);
		else if (text)
			*(const char **)field = arena_strdup(arena, text);
	}
	cJSON_Delete(document);
	return spec;
}
