/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PEOPLE_H
#define DOMAIN_PEOPLE_H

/*
 * Accounts, as admins over REST and operators on the command line manage them. Nobody is ever deleted, as
 * histories name them; a disabled account has no tokens and cannot log in. There is always an active
 * admin.
 */

#include "common/error.h"
#include "db/query.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_pool;
struct principal;

struct people {
	struct db_pool *pool;
	int64_t timeout_ms;
	int64_t password_min; /* characters of a new password, at least */
};

enum people_active { PEOPLE_AS_IS, PEOPLE_ENABLE, PEOPLE_DISABLE };

struct people_change {
	const char *password, *role; /* NULL: as it is */
	enum people_active active;
	const char *if_match; /* the versions it is meant for, as an If-Match has them; NULL: any */
};

/* *json is {name, role, active, created, updated}. INVALID, CONFLICT (the name is taken). */
MUST_CHECK int people_create(const struct people *people, const char *name, const char *password,
	const char *role, struct arena *arena, const char **json, struct error *err);
/* A new password ends the tokens of logins, but for keep_token_pk (0: none); disabling ends all.
 * NOT_FOUND, INVALID, PRECONDITION_FAILED, CONFLICT: it would leave no active admin. */
MUST_CHECK int people_change(const struct people *people, const char *name,
	const struct people_change *change, int64_t keep_token_pk, struct arena *arena, const char **json,
	struct error *err);
/* *tag (row_tag.h; tag may be NULL) is its entity tag. NOT_FOUND */
MUST_CHECK int people_read(const struct people *people, const char *name, struct arena *arena,
	const char **json, const char **tag, struct error *err);
/* Tells visit() of each, by name; it may stop with another value than 0, which is then returned. */
MUST_CHECK int people_list(
	const struct people *people, db_visit_text_fn *visit, void *context, struct error *err);

#endif
