/* SPDX-License-Identifier: MIT */
#ifndef DB_SQLSTATE_H
#define DB_SQLSTATE_H

/* What PostgreSQL's errors mean to us: the two tables, one by SQLSTATE, one by the constraint that was
 * violated. */

#include "common/error.h"

/* Sets code and message from the SQLSTATE and, for the constraints we name, a sentence for the client.
 * The cause is `statement: SQLSTATE detail`. Always -1. */
int sqlstate_set(struct error *err, const char *sqlstate, const char *constraint, const char *statement,
	const char *detail);

#endif
