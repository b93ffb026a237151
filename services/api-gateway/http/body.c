/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/json_span.h"
#include "common/json_text.h"
#include "common/memory.h"
#include "gateway.h"
#include "http/body_bytes.h"
#include "http/budget.h"
#include "http/elements.h"
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
	/* cJSON parses and frees recursively, on a server thread's small stack. What is deeper are users'
	 * documents, which go to PostgreSQL as text. */
	PARSED_DEPTH = 64,
	/* A parsed value costs cJSON some 64 bytes, however short its text. */
	MAX_VALUES = 2 * 1000 * 1000,
	VALUE_COST = 96, /* that, its allocation, and a link to it */
	/* Until the values are counted: the text, a copy of its strings, and the tree. */
	TEXT_FACTOR = 3,
	/* Too small to be worth counting. */
	UNCOUNTED = 64 * 1024,
	BUDGET_WAIT_MS = 20000,
	SMALL_BODY_MAX = 64 * 1024, /* without a setting: in tests */
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

/* --- the memory of all bodies */

static void release_share(void *share)
{
	budget_share_release(share);
}

static int reserve(struct budget_share *share, size_t bytes, struct error *err)
{
	int64_t amount = bytes > UNCOUNTED ? (int64_t)bytes : 0;
	if (amount == share->taken)
		return 0;
	return budget_share_set(share, amount, clock_monotonic_ms() + BUDGET_WAIT_MS, err);
}

/* --- the text */

static size_t limit_of(const struct gateway *gateway, const struct route_body *body)
{
	if (body->limit == ROUTE_SMALL)
		return gateway->small_body_max ? gateway->small_body_max : SMALL_BODY_MAX;
	return body->limit ? body->limit : gateway->body_max;
}

/* Appends the next piece; of a body with bytes, what is left of it. */
static ssize_t read_piece(struct request *request, struct buf *out, struct error *err)
{
	if (request->bytes)
		return body_bytes_read(request->bytes, request, out, err);
	buf_reserve(out, READ_SIZE);
	ssize_t got = request_read(request, out->data + out->length, READ_SIZE, err);
	out->length += got > 0 ? (size_t)got : 0;
	out->data[out->length] = '\0';
	return got;
}

static bool is_known(const struct request *request)
{
	return request->source.content_length >= 0 && !request->bytes;
}

/* What is kept of a body of unknown length asks for more each time it has to grow. */
static int read_pieces(
	struct request *request, size_t limit, struct budget_share *share, struct buf *out, struct error *err)
{
	size_t reserved = 0;
	for (;;) {
		if (out->length + READ_SIZE > reserved && !is_known(request)) {
			reserved = 2 * (out->length + READ_SIZE);
			if (reserve(share, reserved * TEXT_FACTOR, err) != 0)
				return -1;
		}
		ssize_t got = read_piece(request, out, err);
		if (got <= 0)
			return (int)got;
		if (out->length > limit)
			return too_large(limit, err);
	}
}

/* The client's time begins when there is room for what it sends. */
static int read_whole(const struct gateway *gateway, struct request *request, struct budget_share *share,
	struct buf *out, struct error *err)
{
	size_t limit = limit_of(gateway, &request->route->body);
	int64_t length = request->source.content_length;
	if (is_known(request) && length > (int64_t)limit)
		return too_large(limit, err);
	if (length == 0)
		return 0;
	if (is_known(request) && reserve(share, (size_t)length * TEXT_FACTOR, err) != 0)
		return -1;
	request_set_deadline(request, request->bytes ? 0 : gateway->request_deadline_ms);
	if (read_pieces(request, limit, share, out, err) != 0)
		return -1;
	request_set_deadline(request, 0);
	return 0;
}

cJSON *body_parse(const char *text, size_t length, int depth)
{
	CLEANUP(buf_release) struct buf pruned = {0};
	if (depth <= PARSED_DEPTH)
		return cJSON_ParseWithLength(text, length);
	json_span_prune(text, length, PARSED_DEPTH, &pruned);
	return cJSON_ParseWithLength(pruned.data, pruned.length);
}

static int parse(
	const struct gateway *gateway, struct request *request, struct budget_share *share, struct error *err)
{
	struct json_text_limits limits = {
		.max_depth = gateway->json_depth ? gateway->json_depth : DEFAULT_DEPTH,
		.max_string = gateway->string_max,
	};
	if (json_text_check_within(request->body, request->body_length, &limits, err) != 0)
		return -1;
	struct json_measure measure = json_span_measure(request->body, request->body_length);
	if (measure.values > MAX_VALUES)
		return error_set(err, ERROR_TOO_LARGE, "request body holds more than %d values", MAX_VALUES);
	if (reserve(share, 2 * request->body_length + measure.values * VALUE_COST, err) != 0)
		return -1;
	cJSON *json = body_parse(request->body, request->body_length, measure.depth);
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

/* --- the length of lists: the body itself, and a body's members (what a document holds deeper is its own
 * affair) */

static bool list_fits(const struct request *request, const cJSON *list, size_t max, struct buf *problems)
{
	size_t length = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;
	if (length <= max)
		return true;
	buf_append_text(problems, "[{\"type\":\"too_long\",\"loc\":[\"body\"");
	if (request->route->body.argument)
		buf_printf(problems, ",\"%s\"", request->route->body.argument);
	if (list != request->json) {
		buf_append_text(problems, ",");
		buf_append_json_string(problems, list->string);
	}
	buf_printf(problems, "],\"msg\":\"List should have at most %zu items after validation, not %zu\"}]",
		max, length);
	return false;
}

static bool lists_fit(const struct gateway *gateway, const struct request *request, struct buf *problems)
{
	if (gateway->list_max == 0 || !request->json)
		return true;
	if (!list_fits(request, request->json, gateway->list_max, problems))
		return false;
	if (cJSON_IsObject(request->json))
		for (const cJSON *member = request->json->child; member; member = member->next)
			if (!list_fits(request, member, gateway->list_max, problems))
				return false;
	return true;
}

/* --- the schema */

/* Where elements may fail alone, a list with problems may still be good enough for its handler. */
static size_t check_elements(struct request *request, const struct schema *schema, size_t count)
{
	enum route_elements elements = request->route->body.elements;
	const char *partial = request_query(request, "partial");
	bool wished = elements == ROUTE_IF_WISHED && partial &&
		      (strcmp(partial, "true") == 0 || strcmp(partial, "1") == 0);
	if (count == 0 || (elements != ROUTE_ALONE && !wished))
		return count;
	request->element_errors = elements_judge(schema, request->json, wished, request->arena);
	return request->element_errors ? 0 : count;
}

static size_t check(const struct gateway *gateway, struct request *request, struct buf *problems)
{
	const struct route_body *body = &request->route->body;
	const char *loc[] = {"body", body->argument, NULL};
	if (!lists_fit(gateway, request, problems))
		return 1;
	if (request->json) {
		const struct schema *schema = schema_set_find(gateway->schemas, body->schema);
		assert(schema);
		size_t count = schema_check(schema, value_of_json(request->json), loc, problems);
		return check_elements(request, schema, count);
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

/* Reads and parses. What it takes of the memory of all bodies is given back with the arena, after the text
 * and the tree. */
static int load(const struct gateway *gateway, struct request *request, struct error *err)
{
	struct budget_share *share = arena_alloc(request->arena, sizeof(*share));
	struct buf *text = arena_alloc(request->arena, sizeof(*text));
	share->budget = gateway->bodies;
	if (request->route->body.bytes)
		request->bytes = body_bytes_create(request, request->route->body.bytes, gateway->transfer);
	arena_defer(request->arena, release_share, share);
	arena_defer(request->arena, release_buf, text);
	if (read_whole(gateway, request, share, text, err) != 0)
		return -1;
	request->body = text->data ? text->data : "";
	request->body_length = text->length;
	strip_bom(request);
	if (request->body_length > 0 && parse(gateway, request, share, err) != 0)
		return -1;
	return request->bytes ? body_bytes_finish(request->bytes, err) : 0;
}

int body_take(
	const struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	if (load(gateway, request, err) != 0)
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
