/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PASSWORD_H
#define DOMAIN_PASSWORD_H

/*
 * Passwords by libxcrypt's yescrypt. A check costs some 10 ms of CPU and 16 MiB on purpose, and login is open to everybody: so at most
 * PASSWORD_AT_ONCE run at once, the others wait their turn, and not for longer than PASSWORD_PATIENCE_MS.
 */

#include "common/error.h"

enum {
	PASSWORD_AT_ONCE = 2,
	PASSWORD_PATIENCE_MS = 5000,
	PASSWORD_MAX_LENGTH = 511, /* bytes: libxcrypt's own limit */
	PASSWORD_HASH_SIZE = 384,  /* of the stored form, with its NUL: CRYPT_OUTPUT_SIZE */
};

/* The form to be stored. INVALID: empty or too long. TOO_MANY: no turn in time. */
MUST_CHECK int password_hash(const char *password, char out[PASSWORD_HASH_SIZE], struct error *err);
/* 1 right / 0 wrong / -1 TOO_MANY. hash NULL (no such user): 0, after the same work as for a wrong password. */
MUST_CHECK int password_check(const char *password, const char *hash, struct error *err);

#endif
