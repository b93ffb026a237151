/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_LOGIN_LIMIT_H
#define DOMAIN_LOGIN_LIMIT_H

/*
 * How often a password may be guessed. Failures are counted for a name from an address (LOGIN_FAILURES
 * within the window), and, five times as many, for a name from anywhere and for an address whatever the
 * name. Who has logged in from an address during the last day is not held up by what others do there, or
 * do elsewhere with that name.
 * Counters leak: one failure is forgotten every window / failures. The state is this process's own (each
 * gateway counts for itself) and of fixed size: when it is full, counters that say least make room.
 * Thread-safe.
 */

#include <stdint.h>

struct login_limit;

enum { LOGIN_LIMIT_SHARED_FACTOR = 5, LOGIN_LIMIT_TRUST_MS = 24 * 3600 * 1000 };

/* failures: 1 and more, within window_ms. */
struct login_limit *login_limit_create(int64_t failures, int64_t window_ms);
void login_limit_free(struct login_limit *limit); /* NULL is accepted */

/* How many milliseconds the next attempt must wait; 0: it may be made now. */
int64_t login_limit_wait(struct login_limit *limit, const char *name, const char *address);
/* What became of an attempt. */
void login_limit_failed(struct login_limit *limit, const char *name, const char *address);
void login_limit_succeeded(struct login_limit *limit, const char *name, const char *address);

#endif
