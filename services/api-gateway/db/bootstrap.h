/* SPDX-License-Identifier: MIT */
#ifndef DB_BOOTSTRAP_H
#define DB_BOOTSTRAP_H

/*
 * First start: the accounts named by the settings and the identifier type DEFAULT. Idempotent, also when
 * several gateways start together: an account that exists is left as it is (its password may have been
 * changed since).
 */

#include "common/error.h"

#include <stdbool.h>

struct db_conn;

struct bootstrap_account {
	const char *name;          /* NULL ends a list */
	const char *password_hash; /* NULL: INVALID unless the account exists */
	const char *role;          /* "reader", "writer", "admin" */
};

/* Whether every account of the list exists: then no password needs to be hashed. 1 / 0 / -1. */
MUST_CHECK int bootstrap_done(
	struct db_conn *conn, const struct bootstrap_account *accounts, struct error *err);
MUST_CHECK int bootstrap_run(
	struct db_conn *conn, const struct bootstrap_account *accounts, struct error *err);

#endif
