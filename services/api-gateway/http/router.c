/* SPDX-License-Identifier: MIT */

/*
 * Patterns are compiled and sorted once, the best first, so that the first row that fits a path is the
 * answer. A few dozen rows: a scan is cheaper than any tree.
 */

#include "http/router.h"

#include "common/arena.h"
#include "common/buf.h"
#include "http/url.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char ROUTE_RAW[] = "raw";

enum { MAX_SEGMENTS = 12 };

/* In the order of preference. */
enum segment_kind { SEGMENT_LITERAL, SEGMENT_ONE, SEGMENT_MANY };

struct segment {
	enum segment_kind kind;
	const char *text; /* the literal, or the parameter's name */
};

struct pattern {
	const struct route *route;
	struct segment segments[MAX_SEGMENTS];
	size_t count;
};

struct router {
	struct arena *arena;
	const struct route *table;
	struct pattern *patterns;
	size_t count;
};

/* A path, split and decoded. */
struct path {
	const char **segments;
	size_t count;
};

/* --- patterns */

static struct segment compile_segment(struct arena *arena, const char *text, size_t length)
{
	if (text[0] != '{')
		return (struct segment){SEGMENT_LITERAL, arena_memdup(arena, text, length)};
	assert(length > 2 && text[length - 1] == '}');
	bool many = length > 5 && memcmp(text + length - 4, "...}", 4) == 0;
	return (struct segment){
		many ? SEGMENT_MANY : SEGMENT_ONE, arena_memdup(arena, text + 1, length - (many ? 5 : 2))};
}

static void compile_pattern(struct arena *arena, const struct route *route, struct pattern *out)
{
	bool many = false;
	out->route = route;
	const char *at = route->pattern;
	assert(*at == '/');
	while (*at == '/') {
		size_t length = strcspn(++at, "/");
		assert(out->count < MAX_SEGMENTS);
		struct segment *segment = &out->segments[out->count++];
		*segment = compile_segment(arena, at, length);
		assert(!many || segment->kind == SEGMENT_LITERAL);
		many = many || segment->kind == SEGMENT_MANY;
		at += length;
	}
}

/* Below 0: a is preferred. The first segment that differs in kind decides, or what follows {name...}: the longer
 * tail; then the longer pattern. */
static int compare_shape(const struct pattern *a, const struct pattern *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (a->segments[i].kind != b->segments[i].kind)
			return (int)a->segments[i].kind - (int)b->segments[i].kind;
		if (a->segments[i].kind == SEGMENT_MANY && a->count != b->count)
			return a->count > b->count ? -1 : 1;
		if (a->segments[i].kind != SEGMENT_LITERAL)
			continue;
		int order = strcmp(a->segments[i].text, b->segments[i].text);
		if (order != 0)
			return order;
	}
	return a->count == b->count ? 0 : a->count > b->count ? -1 : 1;
}

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	int order = compare_shape(x, y);
	return order != 0 ? order : strcmp(x->route->method, y->route->method);
}

struct router *router_create(const struct route *table)
{
	struct arena *arena = arena_create();
	struct router *router = arena_alloc(arena, sizeof(*router));
	*router = (struct router){.arena = arena, .table = table};
	while (table[router->count].method)
		router->count++;
	router->patterns = arena_alloc(arena, (router->count + 1) * sizeof(struct pattern));
	for (size_t i = 0; i < router->count; i++)
		compile_pattern(arena, &table[i], &router->patterns[i]);
	qsort(router->patterns, router->count, sizeof(struct pattern), compare_patterns);
	for (size_t i = 1; i < router->count; i++)
		assert(compare_patterns(&router->patterns[i - 1], &router->patterns[i]) != 0);
	return router;
}

void router_free(struct router *router)
{
	if (router)
		arena_free(router->arena);
}

const struct route *router_table(const struct router *router)
{
	return router->table;
}

/* --- paths */

static int split_path(const char *raw, struct arena *arena, struct path *out, struct error *err)
{
	if (raw[0] != '/')
		return error_set(err, ERROR_BAD_REQUEST, "the path must begin with a slash");
	size_t slashes = 0;
	for (const char *at = raw; *at; at++)
		slashes += *at == '/';
	out->segments = arena_alloc(arena, slashes * sizeof(*out->segments));
	out->count = 0;
	const char *at = raw;
	while (*at == '/') {
		size_t length = strcspn(++at, "/");
		const char *decoded = url_decode(at, length, false, arena, err);
		if (!decoded)
			return -1;
		out->segments[out->count++] = decoded;
		at += length;
	}
	return 0;
}

/* How many segments of the path segment i of the pattern takes. */
static size_t width(const struct pattern *pattern, size_t i, const struct path *path)
{
	return pattern->segments[i].kind == SEGMENT_MANY ? path->count - pattern->count + 1 : 1;
}

/* Many segments may hold empty ones ("a//b"), but not be nothing. */
static bool is_empty(const struct path *path, size_t from, size_t count)
{
	return count == 1 && path->segments[from][0] == '\0';
}

static bool fits(const struct pattern *pattern, const struct path *path)
{
	bool many = false;
	for (size_t i = 0; i < pattern->count; i++)
		many = many || pattern->segments[i].kind == SEGMENT_MANY;
	if (many ? path->count < pattern->count : path->count != pattern->count)
		return false;
	size_t at = 0;
	for (size_t i = 0; i < pattern->count; i++) {
		const struct segment *segment = &pattern->segments[i];
		size_t taken = width(pattern, i, path);
		if (segment->kind == SEGMENT_LITERAL ? strcmp(segment->text, path->segments[at]) != 0
						     : is_empty(path, at, taken))
			return false;
		at += taken;
	}
	return true;
}

static const char *join(const struct path *path, size_t from, size_t count, struct arena *arena)
{
	size_t length = 0;
	for (size_t i = from; i < from + count; i++)
		length += strlen(path->segments[i]) + 1;
	char *joined = arena_alloc(arena, length);
	char *end = joined;
	for (size_t i = from; i < from + count; i++) {
		if (i > from)
			*end++ = '/';
		end = stpcpy(end, path->segments[i]);
	}
	return joined;
}

static void take_params(const struct pattern *pattern, const struct path *path, struct arena *arena,
	struct request_params *out)
{
	out->items = arena_alloc(arena, (pattern->count + 1) * sizeof(*out->items));
	size_t at = 0;
	for (size_t i = 0; i < pattern->count; i++) {
		size_t taken = width(pattern, i, path);
		if (pattern->segments[i].kind != SEGMENT_LITERAL)
			out->items[out->count++] = (struct request_param){
				pattern->segments[i].text, join(path, at, taken, arena)};
		at += taken;
	}
}

/* --- matching */

static bool is_spelled_out(const struct pattern *pattern)
{
	for (size_t i = 0; i < pattern->count; i++)
		if (pattern->segments[i].kind != SEGMENT_LITERAL)
			return false;
	return true;
}

struct search {
	const struct pattern *exact,
		*get; /* the best row with the method; the best GET, which can stand in for HEAD */
	struct buf allow;
};

static void add_allowed(struct search *search, const char *method)
{
	const char *known = search->allow.data ? search->allow.data : "";
	size_t length = strlen(method);
	for (const char *at = known; *at; at += strspn(at, ", ")) {
		size_t name = strcspn(at, ", ");
		if (name == length && memcmp(at, method, length) == 0)
			return;
		at += name;
	}
	buf_printf(&search->allow, "%s%s", *known ? ", " : "", method);
}

static void search_patterns(
	const struct router *router, const char *method, const struct path *path, struct search *search)
{
	bool spelled_out = false;
	for (size_t i = 0; i < router->count; i++) {
		const struct pattern *pattern = &router->patterns[i];
		if ((spelled_out && !is_spelled_out(pattern)) || !fits(pattern, path))
			continue;
		spelled_out = spelled_out || is_spelled_out(pattern);
		bool get = strcmp(pattern->route->method, "GET") == 0;
		if (!search->exact && strcmp(pattern->route->method, method) == 0)
			search->exact = pattern;
		if (!search->get && get)
			search->get = pattern;
		add_allowed(search, pattern->route->method);
		if (get)
			add_allowed(search, "HEAD");
	}
}

static int refuse(
	const struct search *search, struct arena *arena, struct route_match *out, struct error *err)
{
	if (!search->allow.data)
		return error_set(err, ERROR_NOT_FOUND, "Not Found");
	out->allow = arena_strdup(arena, search->allow.data);
	return error_set(err, ERROR_METHOD_NOT_ALLOWED, "Method Not Allowed");
}

int router_match(const struct router *router, const char *method, const char *raw_path, struct arena *arena,
	struct route_match *out, struct error *err)
{
	struct path path;
	if (split_path(raw_path, arena, &path, err) != 0)
		return -1;
	struct search search = {0};
	search_patterns(router, method, &path, &search);
	const struct pattern *found = search.exact;
	if (strcmp(method, "HEAD") == 0 && search.get && (!found || compare_shape(search.get, found) < 0))
		found = search.get;
	int result = 0;
	if (found) {
		out->route = found->route;
		take_params(found, &path, arena, &out->params);
	} else {
		result = refuse(&search, arena, out, err);
	}
	buf_release(&search.allow);
	return result;
}
