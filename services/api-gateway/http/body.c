/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/json_span.h"
#include "common/json_text.h"
#include "common/memory.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "schemas/schema.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_DEPTH = 256,
	/* cJSON parses and frees recursively, on a server thread's small stack. What is deeper are users' documents,
	 * which go to PostgreSQL as text. */
	PARSED_DEPTH = 64,
	/* A parsed value costs cJSON some 64 bytes, however short its text. */
	MAX_VALUES = 2 * 1000 * 1000,
	READ_SIZE = 64 * 1024,
};

static void release_buf(void *buf)
{
	buf_release(buf);
}

static void release_json(void *json)
{
	cJSON_Delete(json);
}

static int too_large(size_t limit, struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE, "request body larger than %zu bytes", limit);
}

static int read_whole(struct request *request, size_t limit, struct buf *out, struct error *err)
{
	if (request->source.content_length > (int64_t)limit)
		return too_large(limit, err);
	if (request->source.content_length == 0)
		return 0;
	for (;;) {
		buf_reserve(out, READ_SIZE);
		ssize_t got = request_read(request, out->data + out->length, READ_SIZE, err);
		if (got < 0)
			return -1;
		out->length += (size_t)got;
		out->data[out->length] = '\0';
		if (got == 0)
			return 0;
		if (out->length > limit)
			return too_large(limit, err);
	}
}

static cJSON *parse_pruned(const struct request *request)
{
	CLEANUP(buf_release) struct buf pruned = {0};
	json_span_prune(request->body, request->body_length, PARSED_DEPTH, &pruned);
	return cJSON_ParseWithLength(pruned.data, pruned.length);
}

static int parse(const struct gateway *gateway, struct request *request, struct error *err)
{
	int max_depth = gateway->json_depth ? gateway->json_depth : DEFAULT_DEPTH;
	if (json_text_check(request->body, request->body_length, max_depth, err) != 0)
		return -1;
	struct json_measure measure = json_span_measure(request->body, request->body_length);
	if (measure.values > MAX_VALUES)
		return error_set(err, ERROR_TOO_LARGE, "request body holds more than %d values", MAX_VALUES);
	cJSON *json = measure.depth > PARSED_DEPTH ? parse_pruned(request)
						   : cJSON_ParseWithLength(request->body, request->body_length);
	if (!json)
		return error_set(err, ERROR_BAD_REQUEST, "Cannot parse request body");
	arena_defer(request->arena, release_json, json);
	body_drop_repeated(json);
	request->json = json;
	return 0;
}

/* --- repeated names */

struct numbered_member {
	cJSON *member;
	size_t index;
};

static int compare_members(const void *a, const void *b)
{
	const struct numbered_member *x = a, *y = b;
	int order = strcmp(x->member->string, y->member->string);
	return order != 0 ? order : x->index < y->index ? -1 : 1;
}

static void drop_repeated_members(cJSON *object)
{
	size_t count = 0;
	for (const cJSON *member = object->child; member; member = member->next)
		count++;
	if (count < 2)
		return;
	struct numbered_member *members = memory_alloc(count * sizeof(*members));
	size_t at = 0;
	for (cJSON *member = object->child; member; member = member->next, at++)
		members[at] = (struct numbered_member){member, at};
	qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 0; i + 1 < count; i++)
		if (strcmp(members[i].member->string, members[i + 1].member->string) == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(object, members[i].member));
	free(members);
}

void body_drop_repeated(struct cJSON *value)
{
	if (cJSON_IsObject(value))
		drop_repeated_members(value);
	for (cJSON *child = value->child; child; child = child->next)
		body_drop_repeated(child);
}

/* --- the schema */

static size_t check(const struct gateway *gateway, const struct request *request, struct buf *problems)
{
	const struct route_body *body = &request->route->body;
	const char *loc[] = {"body", body->argument, NULL};
	if (request->json) {
		const struct schema *schema = schema_set_find(gateway->schemas, body->schema);
		assert(schema);
		return schema_check(schema, value_of_json(request->json), loc, problems);
	}
	buf_append_text(problems, "[{\"type\":\"missing\",\"loc\":[\"body\"");
	if (body->argument)
		buf_printf(problems, ",\"%s\"", body->argument);
	buf_append_text(problems, "],\"msg\":\"Field required\"}]");
	return 1;
}

static void strip_bom(struct request *request)
{
	if (request->body_length < 3 || memcmp(request->body, "\xEF\xBB\xBF", 3) != 0)
		return;
	request->body += 3;
	request->body_length -= 3;
}

int body_take(
	const struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	size_t limit = request->route->body.limit ? request->route->body.limit : gateway->body_max;
	struct buf *text = arena_alloc(request->arena, sizeof(*text));
	arena_defer(request->arena, release_buf, text);
	if (read_whole(request, limit, text, err) != 0)
		return -1;
	request->body = text->data ? text->data : "";
	request->body_length = text->length;
	strip_bom(request);
	if (request->body_length > 0 && parse(gateway, request, err) != 0)
		return -1;
	struct buf problems = {0};
	size_t count = check(gateway, request, &problems);
	if (count > 0) {
		response_set_detail(response, arena_memdup(request->arena, problems.data, problems.length));
		error_set(err, ERROR_INVALID, NULL);
		error_add_cause(err, "%.*s", 200, problems.data);
	}
	buf_release(&problems);
	return count > 0 ? -1 : 0;
}
