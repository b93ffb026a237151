/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_TOKENS_H
#define DOMAIN_TOKENS_H

/*
 * Tokens: 256 random bits in hex, shown once, kept as their SHA-256. A login's token stands for the user;
 * one that is made for a program may have a lower role, and may itself make others only within its own
 * role and lifetime.
 */

#include "common/error.h"
#include "domain/principal.h"

#include <stdint.h>

struct arena;
struct db_pool;

struct tokens_source {
	struct db_pool *pool;
	int64_t timeout_ms;
};

enum { TOKEN_SIZE = 65, TOKEN_HASH_SIZE = 32, TOKEN_PAGE_MAX = 1000 };

/* A new token of the user's own role, for someone whose credentials are right. */
MUST_CHECK int tokens_start_login(const struct tokens_source *source, int64_t user_pk, int64_t lifetime_ms,
	char out[TOKEN_SIZE], struct error *err);

struct token_wish {
	const char *user;    /* whose; NULL: the asking one's */
	const char *name;    /* NULL: none */
	const char *role;    /* NULL: as high as may be */
	int64_t lifetime_ms; /* 0: default_ms, or what is left of the asking token */
	int64_t default_ms, maximum_ms;
};

struct token_made {
	char text[TOKEN_SIZE];
	int64_t pk;
	const char *json; /* as token_read_json */
};

/* by: who asks, NULL for an operator. FORBIDDEN: another's token without being admin, or beyond the asking
 * token's role. INVALID: a lifetime beyond the maximum or the asking token's own, no such role, a role
 * above the user's. NOT_FOUND: no such user. CONFLICT: the user is disabled. */
MUST_CHECK int tokens_make(const struct tokens_source *source, const struct principal *by,
	const struct token_wish *wish, struct arena *arena, struct token_made *out, struct error *err);
/* Ends it, one's own or, as admin, anybody's: in force on every gateway within AUTH_CACHE_MS. NOT_FOUND:
 * no such live token that the asking one may see. */
MUST_CHECK int tokens_revoke(
	const struct tokens_source *source, const struct principal *by, int64_t pk, struct error *err);

struct token_query {
	const char *user;  /* NULL: the asking one's own (an operator's: everybody's); others' need admin */
	int64_t before_pk; /* 0: from the newest on */
	int64_t limit;
};
/* A JSON list, newest first. NOT_FOUND, FORBIDDEN. */
MUST_CHECK int tokens_list(const struct tokens_source *source, const struct principal *by,
	const struct token_query *query, struct arena *arena, const char **json, struct error *err);

/* One token, as in that list. NOT_FOUND. */
MUST_CHECK int tokens_read(const struct tokens_source *source, int64_t pk, struct arena *arena,
	const char **json, struct error *err);

/* What a token's hash stands for, as auth.h wants it, with the struct tokens_source as its context: 1 / 0 /
 * -1. */
MUST_CHECK int tokens_lookup(void *tokens_source, const unsigned char hash[TOKEN_HASH_SIZE],
	struct principal *out, struct error *err);

#endif
