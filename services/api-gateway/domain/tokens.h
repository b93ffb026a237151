/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_TOKENS_H
#define DOMAIN_TOKENS_H

/* Tokens: 256 random bits in hex, shown once, kept as their SHA-256. */

#include "common/error.h"
#include "domain/principal.h"

#include <stdint.h>

struct db_pool;

struct tokens_source {
	struct db_pool *pool;
	int64_t timeout_ms;
};

enum { TOKEN_SIZE = 65, TOKEN_HASH_SIZE = 32 };

/* A new token of the user's own role. UNAUTHORIZED "Invalid credentials", in the same time whether the user
 * exists or not; TOO_MANY. */
MUST_CHECK int tokens_login(const struct tokens_source *source, const char *username, const char *password,
	int64_t lifetime_ms, char out[TOKEN_SIZE], struct error *err);

/* What a token's hash stands for, as auth.h wants it, with the struct tokens_source as its context: 1 / 0 /
 * -1. */
MUST_CHECK int tokens_lookup(void *tokens_source, const unsigned char hash[TOKEN_HASH_SIZE],
	struct principal *out, struct error *err);

#endif
