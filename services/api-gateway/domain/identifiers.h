/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_IDENTIFIERS_H
#define DOMAIN_IDENTIFIERS_H

/* Identifier types: a name, and the pattern (pattern.h) that pids and identifiers of that type must match. */

#include "db/identifier_repo.h"
#include "domain/scope.h"

/* [{name, pattern}], by name. */
MUST_CHECK int identifiers_list(const struct scope *scope, const char **json, struct error *err);
/* NOT_FOUND */
MUST_CHECK int identifiers_read(
	const struct scope *scope, const char *name, struct identifier_type *out, struct error *err);
/* Gets or creates; pattern NULL: whatever is there, or "". INVALID: no regular expression. CONFLICT: it is there with another pattern. */
MUST_CHECK int identifiers_create(const struct scope *scope, const char *name, const char *pattern,
	struct identifier_type *out, struct error *err);
/* NOT_FOUND, INVALID. What is stored already is not checked again. */
MUST_CHECK int identifiers_update(
	const struct scope *scope, const char *name, const char *pattern, struct error *err);
/* NOT_FOUND; CONFLICT: in use. */
MUST_CHECK int identifiers_delete(const struct scope *scope, const char *name, struct error *err);

#endif
