/* SPDX-License-Identifier: MIT */
#ifndef DB_QUERY_H
#define DB_QUERY_H

/*
 * Statements and their results. Every statement is a static const struct db_statement, prepared on a
 * connection the first time it is used there; parameters are always parameters.
 *
 *	static const struct db_statement FIND = {"store_find", "SELECT pk, bucket FROM store WHERE pk =
 *	$1"};
 *	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
 *	int found = db_query_one(conn, &FIND, DB_PARAMS(DB_INT(pk)), &row, err);
 *	if (found == 1) bucket = arena_strdup(arena, db_text(row, 0, "bucket"));
 *
 * Errors of the server are translated in one place (db_error_of_sqlstate): unique violation CONFLICT,
 * foreign key CONFLICT, malformed values INVALID, connection loss and shutdown UNAVAILABLE, timeouts
 * DEADLINE, deadlock and serialisation UNAVAILABLE, disk full FULL, the rest INTERNAL. The cause holds
 * SQLSTATE, statement name and the server's primary message; the violated constraint is asked for with
 * db_error_constraint().
 */

#include "common/cleanup.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct db_conn;
struct db_result;

enum { DB_MAX_PARAMS = 32 };

struct db_statement {
	const char *name; /* unique in the program, at most 63 characters */
	const char *sql;
};

/* --- parameters: text as PostgreSQL reads it, borrowed for the call */

enum db_param_kind { DB_PARAM_END, DB_PARAM_TEXT, DB_PARAM_INT, DB_PARAM_BOOL };
struct db_param {
	enum db_param_kind kind;
	const char *text; /* NULL: SQL NULL */
	int64_t number;
};
#define DB_TEXT(value) ((struct db_param){DB_PARAM_TEXT, (value), 0}) /* NULL pointer: SQL NULL */
#define DB_NULL        ((struct db_param){DB_PARAM_TEXT, (const char *)0, 0})
#define DB_INT(value)  ((struct db_param){DB_PARAM_INT, (const char *)0, (value)})
#define DB_BOOL(value) ((struct db_param){DB_PARAM_BOOL, (const char *)0, (value)})
/* An integer, or SQL NULL when it equals `none` (0 for keys, -1 for sizes). */
#define DB_INT_OR_NULL(value, none) ((value) == (none) ? DB_NULL : DB_INT(value))
#define DB_NO_PARAMS                ((const struct db_param *)0)

#define DB_PARAMS(...) ((const struct db_param[]){__VA_ARGS__, {DB_PARAM_END, (const char *)0, 0}})

/* Appends a text[] literal of the strings, for a DB_TEXT parameter cast to text[]. */
void db_text_array(struct buf *out, const char *const *values, size_t count);

/* --- running */

/* Rows do not interest; *changed (may be NULL) is how many rows were affected. */
MUST_CHECK int db_execute(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, int64_t *changed, struct error *err);
/* 1 and a result of at least one row (the first counts) · 0: no row · -1. */
MUST_CHECK int db_query_one(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct db_result **out, struct error *err);
/* All rows at once: for results with a bound. */
MUST_CHECK int db_query(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, struct db_result **out, struct error *err);
/* Row by row in constant memory. visit() gets a result whose row 0 is the row, valid during the call;
 * non-zero stops the query (the server is told), and that value is returned; visit() must have set *err
 * if it is -1. The statement timeout of the server does not count the time spent in visit(); the
 * connection's deadline does. 0 after the last row. */
MUST_CHECK int db_stream(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params,
	int (*visit)(const struct db_result *row, void *context, struct error *err), void *context,
	struct error *err);
/* The same for statements with one column of text that is never NULL. */
typedef int db_visit_text_fn(const char *text, size_t length, void *context, struct error *err);
MUST_CHECK int db_stream_text(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, db_visit_text_fn *visit, void *context, struct error *err);

/* --- results */

void db_result_free(struct db_result *result);     /* NULL is accepted */
void db_result_cleanup(struct db_result **result); /* for CLEANUP() */
/* The result is freed with the arena; texts taken from it live as long. */
void db_result_to_arena(struct db_result *result, struct arena *arena);
int db_rows(const struct db_result *result);
/* By column name, which must exist. NULL column: NULL, 0, false. Lent by the result. */
const char *db_text(const struct db_result *result, int row, const char *column);
size_t db_length(const struct db_result *result, int row, const char *column);
int64_t db_int(const struct db_result *result, int row, const char *column);
bool db_bool(const struct db_result *result, int row, const char *column);
bool db_is_null(const struct db_result *result, int row, const char *column);
/* As db_int, with a value for NULL. */
int64_t db_int_or(const struct db_result *result, int row, const char *column, int64_t none);
/* By position, for hot paths. */
const char *db_text_at(const struct db_result *result, int row, int column);
size_t db_length_at(const struct db_result *result, int row, int column);
int64_t db_int_at(const struct db_result *result, int row, int column);

/* --- transactions (READ COMMITTED). Not nested. */

struct db_transaction {
	struct db_conn *conn; /* NULL: none open */
};
/*	CLEANUP(db_rollback) struct db_transaction tx = {0};
 *	if (db_begin(conn, &tx, err) || ... || db_commit(&tx, err)) return -1;	anything but a commit
 *	rolls back */
MUST_CHECK int db_begin(struct db_conn *conn, struct db_transaction *tx, struct error *err);
/* On UNAVAILABLE or DEADLINE it is unknown whether the transaction took place. */
MUST_CHECK int db_commit(struct db_transaction *tx, struct error *err);
void db_rollback(struct db_transaction *tx); /* for CLEANUP(); nothing when committed */
/* The statements of this transaction may take `ms` from now, whatever the connection's deadline and the
 * server's statement timeout are. */
MUST_CHECK int db_extend(struct db_transaction *tx, int64_t ms, struct error *err);
bool db_in_transaction(const struct db_conn *conn);

/* Runs SQL text of the program itself (migrations, tests), several statements allowed; never anything
 * made from input. */
MUST_CHECK int db_run_script(struct db_conn *conn, const char *sql, struct error *err);

/* --- who changes something: goes into media_history and events */

struct db_actor {
	const char *name;       /* user name; NULL: the system itself */
	const char *request_id; /* NULL: none */
};

/* The changes of the transaction that is open are that actor's: where a statement does not say so itself. */
MUST_CHECK int db_act_for(struct db_conn *conn, const struct db_actor *actor, struct error *err);

/* --- errors */

enum error_code db_error_of_sqlstate(const char *sqlstate);
/* The constraint violated by the statement that failed last on this connection; "" when none. */
const char *db_error_constraint(const struct db_conn *conn);

#endif
