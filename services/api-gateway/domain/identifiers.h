/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_IDENTIFIERS_H
#define DOMAIN_IDENTIFIERS_H

/* Identifier types: a name, and the pattern (pattern.h) that pids and identifiers of that type must match. */

#include "db/identifier_repo.h"

/* INVALID: the value is not what the type's pattern asks for; names both. */
MUST_CHECK int identifier_check(const struct identifier_type *type, const char *value, struct error *err);

/* NOT_FOUND */
MUST_CHECK int identifiers_read(struct db_conn *conn, const char *name, struct arena *arena,
	struct identifier_type *out, struct error *err);
/* Gets or creates; pattern NULL: whatever is there, or "". INVALID: no regular expression. CONFLICT: it is there with another pattern. */
MUST_CHECK int identifiers_create(struct db_conn *conn, const char *name, const char *pattern,
	struct arena *arena, struct identifier_type *out, struct error *err);
/* NOT_FOUND, INVALID. What is stored already is not checked again. */
MUST_CHECK int identifiers_update(
	struct db_conn *conn, const char *name, const char *pattern, struct error *err);
/* NOT_FOUND; CONFLICT: in use. */
MUST_CHECK int identifiers_delete(struct db_conn *conn, const char *name, struct error *err);

#endif
