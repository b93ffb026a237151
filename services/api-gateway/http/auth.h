/* SPDX-License-Identifier: MIT */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

/*
 * `Authorization: Bearer TOKEN` -> who is asking. Tokens are looked up by their SHA-256, the only form that
 * is stored; a hit is remembered for at most a second, so that a revoked token works no longer than that.
 * Thread-safe.
 */

#include "common/error.h"
#include "domain/principal.h"

#include <stddef.h>
#include <stdint.h>

struct auth;

enum { AUTH_HASH_SIZE = 32, AUTH_CACHE_MS = 1000 };

/* 1: found, *out is filled; 0: no such token; -1: *err (UNAVAILABLE: the database). */
typedef int auth_lookup(
	void *context, const unsigned char hash[AUTH_HASH_SIZE], struct principal *out, struct error *err);

struct auth *auth_create(auth_lookup *lookup, void *context);
void auth_free(struct auth *auth);

/* The token inside the header's value: scheme in any case, one space, 1 to 512 visible ASCII characters. *out
 * points into `header`. UNAUTHORIZED. */
MUST_CHECK int auth_bearer(const char *header, const char **out, struct error *err);
/* header: NULL when absent. UNAUTHORIZED, whatever is wrong with it; or the lookup's error. */
MUST_CHECK int auth_check(struct auth *auth, const char *header, struct principal *out, struct error *err);

#endif
