/* SPDX-License-Identifier: MIT */
#ifndef DB_REPO_H
#define DB_REPO_H

/* Inside db/: what most repositories' functions end in. */

#include "db/query.h"

/* The text in the first column of the first row, lent by the arena. 1 / 0 no row / -1. */
MUST_CHECK int repo_text(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct arena *arena, const char **out, struct error *err);
/* The same for statements that always give a row. 0 / -1. */
MUST_CHECK int repo_document(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct arena *arena, const char **out, struct error *err);
/* The integer there. 1 / 0 no row / -1. */
MUST_CHECK int repo_int(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, int64_t *out, struct error *err);
/* 1 some row was affected / 0 none / -1. */
MUST_CHECK int repo_change(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct error *err);
/* 1 a row, whose result now belongs to the arena / 0 none / -1. */
MUST_CHECK int repo_row(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct arena *arena, const struct db_result **out, struct error *err);
/* All rows, the result belongs to the arena. */
MUST_CHECK int repo_rows(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct arena *arena, const struct db_result **out, struct error *err);

#endif
