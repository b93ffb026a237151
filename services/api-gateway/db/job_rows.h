/* SPDX-License-Identifier: MIT */
#ifndef DB_JOB_ROWS_H
#define DB_JOB_ROWS_H

/* Inside db/: what job_repo.c and job_states.c share. */

#include "db/job_repo.h"
#include "db/store_repo.h"

/* The columns of a struct job_row, of `j`, `s` and `c`. The store may have been deleted since. */
#define JOB_COLUMNS                                                                                          \
	" j.id, j.kind, j.class, j.state, j.media, j.pid, j.store_key, j.replaces_key, j.to_store, "         \
	"j.to_key, j.attempt,"                                                                               \
	" j.max_attempts, unix_ms(j.deadline) AS deadline, j.spec, j.result, j.error_code, j.error_message," \
	" j.gateway, j.request_id, unix_ms(j.begun) AS begun, unix_ms(j.created) AS created, "               \
	"unix_ms(j.updated) AS "                                                                             \
	"updated," STORE_COLUMNS
#define JOB_JOIN " LEFT JOIN store s ON s.pk = j.store LEFT JOIN s3_config c ON c.pk = s.s3_config "

enum job_state job_state_from_name(const char *name);
/* A UUID in its usual form: what the column takes without an error. */
bool job_is_id(const char *text);
/* What a statement with these columns gave; the texts are lent by the result. */
struct job_row *job_rows_of(const struct db_result *rows, struct arena *arena, size_t *count);
MUST_CHECK int job_rows(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct arena *arena, struct job_row **out, size_t *count,
	struct error *err);

#endif
