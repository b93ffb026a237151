/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_CREDENTIALS_H
#define DOMAIN_CREDENTIALS_H

/* Is this the password of that user: for a login, and before a password is changed. */

#include "common/error.h"

#include <stdint.h>

struct db_pool;
struct login_limit;

struct credentials {
	const char *username, *password;
	const char *address; /* where the attempt comes from; "" unknown */
};

struct credentials_checker {
	struct db_pool *pool;
	int64_t timeout_ms;
	struct login_limit *limit; /* NULL: none */
};

/* 0 and *user_pk. UNAUTHORIZED "Invalid credentials", in the same time whether the user exists or not.
 * TOO_MANY, with *wait_ms (else 0) when it is because of earlier failures: then nothing is said about the
 * password, not even when many attempts were made at once. A hash of an older form is replaced. */
MUST_CHECK int credentials_check(const struct credentials_checker *checker, const struct credentials *given,
	int64_t *user_pk, int64_t *wait_ms, struct error *err);

#endif
