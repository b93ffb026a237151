/* SPDX-License-Identifier: MIT */
/* The text is known to be well-formed, so only quotes, brackets and commas need a look. */
#include "common/json_span.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/json_text.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* From the opening quote to behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

static bool opens(char c)
{
	return c == '{' || c == '[';
}

static bool closes(char c)
{
	return c == '}' || c == ']';
}

/* To behind the value that begins here. */
static const char *skip_value(const char *at, const char *end)
{
	if (at < end && *at == '"')
		return skip_string(at, end);
	if (at == end || !opens(*at)) {
		while (at < end && *at != ',' && !closes(*at) && !is_space(*at))
			at++;
		return at;
	}
	int depth = 0;
	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		depth += opens(*at) - closes(*at);
		at++;
		if (depth == 0)
			break;
	}
	return at;
}

/* `from` points behind the opening quote. */
static bool is_name(const char *from, size_t length, const char *name)
{
	if (!memchr(from, '\\', length))
		return strlen(name) == length && memcmp(from, name, length) == 0;
	CLEANUP(buf_release) struct buf plain = {0};
	json_text_unescape(from, length, &plain);
	return strcmp(plain.data, name) == 0;
}

static bool find_member(struct json_span object, const char *name, struct json_span *out)
{
	const char *end = object.text + object.length, *at = object.text + 1;
	bool found = false;
	if (object.length == 0 || object.text[0] != '{')
		return false;
	for (;;) {
		at = skip_space(at, end);
		if (at == end || *at != '"')
			return found; /* the closing brace */
		const char *from = at + 1;
		at = skip_string(at, end);
		bool wanted = is_name(from, (size_t)(at - 1 - from), name);
		at = skip_space(at, end) + 1; /* the colon */
		const char *value = skip_space(at, end);
		at = skip_value(value, end);
		if (wanted)
			*out = (struct json_span){value, (size_t)(at - value)};
		found = found || wanted;
		at = skip_space(at, end);
		if (at < end && *at == ',')
			at++;
	}
}

bool json_span_find(const char *text, size_t length, const char *const *path, struct json_span *out)
{
	const char *end = text + length, *begin = skip_space(text, end);
	struct json_span span = {begin, (size_t)(skip_value(begin, end) - begin)};
	for (; *path; path++)
		if (!find_member(span, *path, &span))
			return false;
	*out = span;
	return true;
}

struct json_measure json_span_measure(const char *text, size_t length)
{
	struct json_measure measure = {.values = 1};
	int depth = 0;
	for (const char *at = text, *end = text + length; at < end;) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		depth += opens(*at) - closes(*at);
		if (depth > measure.depth)
			measure.depth = depth;
		measure.values += *at == ',' || opens(*at);
		at++;
	}
	return measure;
}

void json_span_prune(const char *text, size_t length, int depth, struct buf *out)
{
	int present = 0;
	const char *kept = text, *end = text + length;
	for (const char *at = text; at < end;) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (opens(*at) && present == depth) {
			buf_append(out, kept, (size_t)(at + 1 - kept));
			at = skip_value(at, end);
			kept = at - 1; /* the closing bracket */
			continue;
		}
		present += opens(*at) - closes(*at);
		at++;
	}
	buf_append(out, kept, (size_t)(end - kept));
}
