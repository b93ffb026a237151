/* SPDX-License-Identifier: MIT */
#include "domain/identifiers.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "db/media_bulk.h"
#include "domain/pattern.h"

#include <string.h>

static int unknown(const char *name, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no identifier type is named %.200s", name);
}

int identifiers_read(struct db_conn *conn, const char *name, struct arena *arena, struct identifier_type *out,
	struct error *err)
{
	int found = identifier_find(conn, name, arena, out, err);
	if (found == 0)
		return unknown(name, err);
	return found < 0 ? -1 : 0;
}

int identifiers_create(struct db_conn *conn, const char *name, const char *pattern, struct arena *arena,
	struct identifier_type *out, struct error *err)
{
	if (pattern && pattern_check(pattern, err))
		return -1;
	struct identifier_type row;
	if (identifier_find_or_create(conn, name, pattern ? pattern : "", arena, &row, err) < 0)
		return -1;
	if (pattern && strcmp(pattern, row.pattern) != 0)
		return error_set(err, ERROR_CONFLICT,
			"the identifier type %.100s has another pattern: %.100s", name, row.pattern);
	*out = row;
	return 0;
}

int identifiers_update(struct db_conn *conn, const char *name, const char *pattern, struct error *err)
{
	if (pattern_check(pattern, err))
		return -1;
	int changed = identifier_update(conn, name, pattern, err);
	if (changed == 0)
		return unknown(name, err);
	return changed < 0 ? -1 : 0;
}

struct mismatch_count {
	const struct pattern *pattern;
	struct identifiers_mismatches *out;
	struct arena *arena;
	int64_t deadline_ms;
};

enum { NO_TIME_LEFT = 1 };

static int count_mismatch(const char *value, void *context, struct error *err)
{
	struct mismatch_count *count = context;
	if (clock_left_ms(count->deadline_ms) == 0)
		return NO_TIME_LEFT;
	if (pattern_test(count->pattern, value, err) == 1)
		return 0;
	if (!count->out->count++)
		count->out->example = arena_strdup(count->arena, value);
	return 0;
}

int identifiers_mismatches(struct db_conn *conn, const char *name, const char *pattern, int64_t limit_ms,
	struct arena *arena, struct identifiers_mismatches *out, struct error *err)
{
	CLEANUP(pattern_cleanup) struct pattern *compiled = NULL;
	struct identifiers_mismatches found = {.complete = true};
	struct mismatch_count count = {
		.out = &found, .arena = arena, .deadline_ms = clock_monotonic_ms() + limit_ms};
	if (pattern_create(pattern, &compiled, err))
		return -1;
	count.pattern = compiled;
	int ended = media_visit_identifiers(conn, name, count_mismatch, &count, err);
	if (ended < 0)
		return -1;
	found.complete = ended != NO_TIME_LEFT;
	*out = found;
	return 0;
}

int identifiers_delete(struct db_conn *conn, const char *name, struct error *err)
{
	int deleted = identifier_delete(conn, name, err);
	if (deleted == 0)
		return unknown(name, err);
	if (deleted < 0 && err->code == ERROR_CONFLICT)
		return error_prefix(err, "%.100s: ", name);
	return deleted < 0 ? -1 : 0;
}
