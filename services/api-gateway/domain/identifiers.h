/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_IDENTIFIERS_H
#define DOMAIN_IDENTIFIERS_H

/* Identifier types: a name, and the pattern (pattern.h) that pids and identifiers of that type must match. */

#include "db/identifier_repo.h"

#include <stdbool.h>
#include <stdint.h>

/* NOT_FOUND */
MUST_CHECK int identifiers_read(struct db_conn *conn, const char *name, struct arena *arena,
	struct identifier_type *out, struct error *err);
/* Gets or creates; pattern NULL: whatever is there, or "". INVALID: no regular expression. CONFLICT: it is
 * there with another pattern. */
MUST_CHECK int identifiers_create(struct db_conn *conn, const char *name, const char *pattern,
	struct arena *arena, struct identifier_type *out, struct error *err);
/* NOT_FOUND, INVALID. What is stored already stays; identifiers_mismatches() tells of it. */
MUST_CHECK int identifiers_update(
	struct db_conn *conn, const char *name, const char *pattern, struct error *err);

struct identifiers_mismatches {
	int64_t count;
	bool complete;       /* false: there was no time to look at all */
	const char *example; /* one of them, the arena's; NULL: none */
};
/* How many pids and identifiers of this type do not match its pattern. Takes no longer than limit_ms, on a
 * connection whose deadline is later. */
MUST_CHECK int identifiers_mismatches(struct db_conn *conn, const char *name, const char *pattern,
	int64_t limit_ms, struct arena *arena, struct identifiers_mismatches *out, struct error *err);
/* NOT_FOUND; CONFLICT: in use. */
MUST_CHECK int identifiers_delete(struct db_conn *conn, const char *name, struct error *err);

#endif
