/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "domain/pattern.h"

#include "common/cleanup.h"
#include "common/memory.h"

#include <pcre2.h>
#include <string.h>

enum {
	NESTED_PARENTHESES = 50, /* compiling recurses, on a server thread's small stack */
	MATCH_LIMIT = 200 * 1000,
	DEPTH_LIMIT = 2000,
	HEAP_LIMIT_KIB = 4 * 1024,
};

static void free_code(pcre2_code **code)
{
	pcre2_code_free(*code);
}

static void free_compile_context(pcre2_compile_context **context)
{
	pcre2_compile_context_free(*context);
}

static pcre2_code *compile(const char *pattern, struct error *err)
{
	size_t length = strlen(pattern);
	if (length > PATTERN_MAX_LENGTH) {
		error_set(err, ERROR_INVALID, "pattern longer than %d bytes", PATTERN_MAX_LENGTH);
		return NULL;
	}
	CLEANUP(free_compile_context) pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_set_parens_nest_limit(context, NESTED_PARENTHESES);
	const uint32_t options =
		PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C;
	int code;
	PCRE2_SIZE at;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, length, options, &code, &at, context);
	if (!compiled) {
		PCRE2_UCHAR why[160] = "";
		pcre2_get_error_message(code, why, sizeof(why));
		error_set(err, ERROR_INVALID, "invalid pattern at %zu: %s", (size_t)at, (const char *)why);
	}
	return compiled;
}

int pattern_check(const char *pattern, struct error *err)
{
	CLEANUP(free_code) pcre2_code *code = compile(pattern, err);
	return code ? 0 : -1;
}

struct pattern {
	pcre2_code *code; /* NULL: anything matches */
	pcre2_match_context *context;
	pcre2_match_data *data;
};

int pattern_create(const char *pattern, struct pattern **out, struct error *err)
{
	pcre2_code *code = NULL;
	if (pattern[0] && !(code = compile(pattern, err)))
		return -1;
	struct pattern *created = memory_alloc(sizeof(*created));
	*created = (struct pattern){code, pcre2_match_context_create(NULL), pcre2_match_data_create(1, NULL)};
	pcre2_set_match_limit(created->context, MATCH_LIMIT);
	pcre2_set_depth_limit(created->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(created->context, HEAP_LIMIT_KIB);
	*out = created;
	return 0;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_data_free(pattern->data);
	pcre2_match_context_free(pattern->context);
	pcre2_code_free(pattern->code);
	free(pattern);
}

void pattern_cleanup(struct pattern **pattern)
{
	pattern_free(*pattern);
}

int pattern_test(const struct pattern *pattern, const char *text, struct error *err)
{
	if (!pattern->code)
		return 1;
	int result = pcre2_match(
		pattern->code, (PCRE2_SPTR)text, strlen(text), 0, 0, pattern->data, pattern->context);
	if (result >= 0)
		return 1;
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	error_set(err, ERROR_INVALID, "the pattern takes too much effort on this text");
	return error_add_cause(err, "pcre2_match: %d", result);
}

int pattern_matches(const char *pattern, const char *text, struct error *err)
{
	CLEANUP(pattern_cleanup) struct pattern *compiled = NULL;
	if (pattern_create(pattern, &compiled, err))
		return -1;
	return pattern_test(compiled, text, err);
}
