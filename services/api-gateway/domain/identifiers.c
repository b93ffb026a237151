/* SPDX-License-Identifier: MIT */
#include "domain/identifiers.h"

#include "domain/pattern.h"

#include <string.h>

static int unknown(const char *name, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no identifier type is named %.200s", name);
}

int identifiers_list(const struct scope *scope, const char **json, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	return conn ? identifier_list_json(conn, scope->arena, json, err) : -1;
}

int identifiers_read(
	const struct scope *scope, const char *name, struct identifier_type *out, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	int found = conn ? identifier_find(conn, name, scope->arena, out, err) : -1;
	if (found == 0)
		return unknown(name, err);
	return found < 0 ? -1 : 0;
}

int identifiers_create(const struct scope *scope, const char *name, const char *pattern,
	struct identifier_type *out, struct error *err)
{
	if (pattern && pattern_check(pattern, err) != 0)
		return -1;
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	struct identifier_type row;
	if (!conn ||
		identifier_find_or_create(conn, name, pattern ? pattern : "", scope->arena, &row, err) < 0)
		return -1;
	if (pattern && strcmp(pattern, row.pattern) != 0)
		return error_set(err, ERROR_CONFLICT,
			"the identifier type %.100s has another pattern: %.100s", name, row.pattern);
	*out = row;
	return 0;
}

int identifiers_update(const struct scope *scope, const char *name, const char *pattern, struct error *err)
{
	if (pattern_check(pattern, err) != 0)
		return -1;
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	int changed = conn ? identifier_update(conn, name, pattern, err) : -1;
	if (changed == 0)
		return unknown(name, err);
	return changed < 0 ? -1 : 0;
}

int identifiers_delete(const struct scope *scope, const char *name, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = scope_acquire(scope, err);
	int deleted = conn ? identifier_delete(conn, name, err) : -1;
	if (deleted == 0)
		return unknown(name, err);
	return deleted < 0 ? -1 : 0;
}
