/* SPDX-License-Identifier: MIT */
#ifndef DB_RESULT_H
#define DB_RESULT_H

/* Inside db/: what a struct db_result is. The callers' side is query.h. */

#include <libpq-fe.h>

struct db_result {
	PGresult *pg;
};

struct db_result *result_create(PGresult *taken);

#endif
