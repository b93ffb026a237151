/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PASSWORD_H
#define DOMAIN_PASSWORD_H

/*
 * Passwords by libxcrypt's yescrypt. The stored form says itself how it was made: besides "$y$…" those
 * that Django makes (pbkdf2_sha256$iterations$salt$hash) can be checked, so that accounts may be brought
 * along. A check costs some 10 ms of CPU and 16 MiB on purpose, and login is open to everybody: so at most
 * PASSWORD_AT_ONCE run at once, the others wait their turn, and not for ever.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

enum {
	PASSWORD_AT_ONCE = 2,
	PASSWORD_MAX_LENGTH = 511,                  /* bytes: libxcrypt's own limit */
	PASSWORD_MAX_ITERATIONS = 10 * 1000 * 1000, /* of an imported hash: some seconds */
};

/* *out, in the arena, is the form to be stored. INVALID: empty or too long. TOO_MANY: no turn before the
 * monotonic deadline. */
MUST_CHECK int password_hash(
	const char *password, int64_t deadline_ms, struct arena *arena, const char **out, struct error *err);
/* 1 right / 0 wrong / -1 TOO_MANY. hash NULL (no such user): 0, after the same work as for a wrong password.
 */
MUST_CHECK int password_check(const char *password, const char *hash, int64_t deadline_ms, struct error *err);

/* Whether the stored form is the one that password_hash() makes; if not, it is worth replacing at the next
 * login. */
bool password_is_current(const char *hash);

#endif
