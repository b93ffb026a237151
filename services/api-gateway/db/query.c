/* SPDX-License-Identifier: MIT */
#include "db/query.h"

#include "common/clock.h"
#include "common/memory.h"
#include "db/connection.h"
#include "db/reconnect.h"
#include "db/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Parameters as libpq wants them. Numbers are printed into `numbers`. */
struct bound {
	int count;
	const char *values[DB_MAX_PARAMS];
	char numbers[DB_MAX_PARAMS][24];
};

static void bind(const struct db_param *params, struct bound *out)
{
	out->count = 0;
	for (; params && params->kind != DB_PARAM_END; params++) {
		int i = out->count++;
		if (i >= DB_MAX_PARAMS)
			abort(); /* a statement of ours, not a request */
		out->values[i] = out->numbers[i];
		if (params->kind == DB_PARAM_TEXT)
			out->values[i] = params->text;
		else if (params->kind == DB_PARAM_BOOL)
			strcpy(out->numbers[i], params->number ? "t" : "f");
		else
			snprintf(out->numbers[i], sizeof(out->numbers[i]), "%" PRId64, params->number);
	}
}

static int never_sent(struct db_conn *conn, struct error *err)
{
	error_set(err, ERROR_UNAVAILABLE, "database unreachable");
	error_add_cause(err, "%s", conn->pg ? PQerrorMessage(conn->pg) : "connection lost");
	connection_close(conn);
	return -1;
}

static int prepare(struct db_conn *conn, const struct db_statement *statement, struct error *err)
{
	if (connection_is_prepared(conn, statement))
		return 0;
	if (!PQsendPrepare(conn->pg, statement->name, statement->sql, 0, NULL))
		return never_sent(conn, err);
	CLEANUP(connection_result_cleanup) PGresult *result = NULL;
	if (connection_finish(conn, &result, err) || connection_check(conn, result, statement->name, err))
		return -1;
	connection_set_prepared(conn, statement);
	return 0;
}

static int send_statement(struct db_conn *conn, const struct db_statement *statement,
	const struct bound *bound, struct error *err)
{
	if (clock_left_ms(conn->deadline_ms) == 0)
		return error_set(err, ERROR_DEADLINE, NULL);
	if (prepare(conn, statement, err))
		return -1;
	if (!PQsendQueryPrepared(conn->pg, statement->name, bound->count, bound->values, NULL, NULL, 0))
		return never_sent(conn, err);
	return 0;
}

/* Sends the statement on a live connection; one that dies before the statement has left is replaced,
 * once. */
static int start(struct db_conn *conn, const struct db_statement *statement, const struct bound *bound,
	struct error *err)
{
	conn->constraint[0] = '\0';
	if (connection_revive(conn, err))
		return -1;
	if (send_statement(conn, statement, bound, err) == 0)
		return 0;
	if (conn->pg || conn->dedicated || conn->in_transaction || err->code != ERROR_UNAVAILABLE)
		return -1;
	if (connection_revive(conn, err))
		return -1;
	return send_statement(conn, statement, bound, err);
}

/* The plan we prepared does not fit the schema any more (another gateway migrated it): refused before it
 * ran. */
static bool is_stale_plan(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return sqlstate && (strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0);
}

static int run_as_it_is(struct db_conn *conn, const struct db_statement *statement,
	const struct db_param *params, PGresult **out, struct error *err)
{
	struct bound bound;
	bind(params, &bound);
	CLEANUP(connection_result_cleanup) PGresult *result = NULL;
	if (start(conn, statement, &bound, err) || connection_finish(conn, &result, err))
		return -1;
	if (is_stale_plan(result) && !conn->in_transaction && !conn->dedicated) {
		PQclear(TAKE(result));
		connection_close(conn);
		if (start(conn, statement, &bound, err) || connection_finish(conn, &result, err))
			return -1;
	}
	if (connection_check(conn, result, statement->name, err))
		return -1;
	*out = TAKE(result);
	return 0;
}

/* Where a failure would end the transaction around it, a statement alone is given a savepoint. */
static int run(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	PGresult **out, struct error *err)
{
	if (!conn->enclosed || conn->in_savepoint)
		return run_as_it_is(conn, statement, params, out, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	CLEANUP(connection_result_cleanup) PGresult *result = NULL;
	if (db_begin(conn, &tx, err) || run_as_it_is(conn, statement, params, &result, err) ||
		db_commit(&tx, err))
		return -1;
	*out = TAKE(result);
	return 0;
}

int db_execute(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	int64_t *changed, struct error *err)
{
	CLEANUP(connection_result_cleanup) PGresult *result = NULL;
	if (run(conn, statement, params, &result, err))
		return -1;
	if (changed)
		*changed = strtoll(PQcmdTuples(result), NULL, 10);
	return 0;
}

int db_query(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct db_result **out, struct error *err)
{
	PGresult *result = NULL;
	if (run(conn, statement, params, &result, err))
		return -1;
	*out = result_create(result);
	return 0;
}

int db_query_one(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	struct db_result **out, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *result = NULL;
	if (db_query(conn, statement, params, &result, err))
		return -1;
	if (db_rows(result) == 0)
		return 0;
	*out = TAKE(result);
	return 1;
}

/* --- row by row */

/* Ends a stream that its visitor has stopped. In a transaction the rest is read and dropped, else the
 * connection is: that tells the server, and costs less than the rows of a long list. */
static void abandon(struct db_conn *conn)
{
	if (!conn->in_transaction) {
		connection_close(conn);
		return;
	}
	struct error ignored;
	PGresult *rest = NULL;
	if (connection_finish(conn, &rest, &ignored) == 0)
		PQclear(rest);
}

static int visit_rows(struct db_conn *conn, const char *name,
	int (*visit)(const struct db_result *row, void *context, struct error *err), void *context,
	struct error *err)
{
	for (;;) {
		CLEANUP(connection_result_cleanup) PGresult *part = NULL;
		if (connection_next(conn, &part, err))
			return -1;
		if (!part)
			return 0;
		if (PQresultStatus(part) != PGRES_SINGLE_TUPLE) {
			if (connection_check(conn, part, name, err) == 0)
				continue;
			if (conn->pg)
				abandon(conn);
			return -1;
		}
		struct db_result row = {.pg = part};
		int stop = visit(&row, context, err);
		if (stop) {
			abandon(conn);
			return stop;
		}
	}
}

static int stream(struct db_conn *conn, const struct db_statement *statement, const struct bound *bound,
	int (*visit)(const struct db_result *row, void *context, struct error *err), void *context,
	struct error *err)
{
	if (start(conn, statement, bound, err))
		return -1;
	if (!PQsetSingleRowMode(conn->pg))
		return never_sent(conn, err);
	return visit_rows(conn, statement->name, visit, context, err);
}

/* The server's timeout counts the time that a slow client takes; the connection's deadline alone limits a stream.
 * *limit NULL: there is none. */
static int lift_limit(struct db_conn *conn, struct db_result **limit, struct error *err)
{
	static const struct db_statement LIMIT = {
		"db_stream_limit", "SELECT current_setting('statement_timeout')"};
	static const struct db_statement UNLIMITED = {"db_stream_begin", "SET statement_timeout = 0"};
	if (conn->unlimited)
		return 0;
	return db_query_one(conn, &LIMIT, DB_NO_PARAMS, limit, err) < 0 ||
			       db_execute(conn, &UNLIMITED, DB_NO_PARAMS, NULL, err)
		       ? -1
		       : 0;
}

static void put_limit_back(struct db_conn *conn, const struct db_result *limit)
{
	static const struct db_statement LIMITED = {
		"db_stream_end", "SELECT set_config('statement_timeout', $1, false)"};
	struct error ignored;
	if (!limit || !conn->pg || PQtransactionStatus(conn->pg) == PQTRANS_INERROR)
		return;
	if (db_execute(conn, &LIMITED, DB_PARAMS(DB_TEXT(db_text_at(limit, 0, 0))), NULL, &ignored))
		connection_close(conn);
}

int db_stream(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	int (*visit)(const struct db_result *row, void *context, struct error *err), void *context,
	struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *limit = NULL;
	struct bound bound;
	bind(params, &bound);
	if (lift_limit(conn, &limit, err))
		return -1;
	int outcome = stream(conn, statement, &bound, visit, context, err);
	put_limit_back(conn, limit);
	return outcome;
}

struct text_visitor {
	db_visit_text_fn *visit;
	void *context;
};

static int visit_text(const struct db_result *row, void *context, struct error *err)
{
	const struct text_visitor *visitor = context;
	return visitor->visit(db_text_at(row, 0, 0), db_length_at(row, 0, 0), visitor->context, err);
}

int db_stream_text(struct db_conn *conn, const struct db_statement *statement, const struct db_param *params,
	db_visit_text_fn *visit, void *context, struct error *err)
{
	struct text_visitor visitor = {visit, context};
	return db_stream(conn, statement, params, visit_text, &visitor, err);
}

/* --- transactions */

static int begin_savepoint(struct db_conn *conn, struct db_transaction *tx, struct error *err)
{
	if (conn->in_savepoint)
		abort(); /* nested: a mistake in this program */
	conn->constraint[0] = '\0';
	if (connection_simple(conn, "SAVEPOINT enclosed", err))
		return -1;
	conn->in_savepoint = true;
	tx->conn = conn;
	return 0;
}

int db_begin(struct db_conn *conn, struct db_transaction *tx, struct error *err)
{
	if (conn->enclosed)
		return begin_savepoint(conn, tx, err);
	if (conn->in_transaction)
		abort(); /* nested: a mistake in this program */
	if (connection_revive(conn, err))
		return -1;
	if (connection_simple(conn, "BEGIN", err)) {
		/* nothing has happened in it yet: safe to begin again on a new connection */
		if (conn->pg || conn->dedicated || err->code != ERROR_UNAVAILABLE ||
			connection_revive(conn, err) || connection_simple(conn, "BEGIN", err))
			return -1;
	}
	conn->in_transaction = true;
	tx->conn = conn;
	return 0;
}

int db_commit(struct db_transaction *tx, struct error *err)
{
	struct db_conn *conn = tx->conn;
	if (!conn->pg || PQtransactionStatus(conn->pg) != PQTRANS_INTRANS) {
		db_rollback(tx); /* a failed statement was overlooked: COMMIT would say yes and roll back */
		return error_set_cause(err, ERROR_INTERNAL, "commit of a transaction that has failed");
	}
	if (connection_simple(conn, conn->enclosed ? "RELEASE SAVEPOINT enclosed" : "COMMIT", err)) {
		db_rollback(tx);
		return -1;
	}
	*(conn->enclosed ? &conn->in_savepoint : &conn->in_transaction) = false;
	tx->conn = NULL;
	return 0;
}

int db_act_for(struct db_conn *conn, const struct db_actor *actor, struct error *err)
{
	static const struct db_statement ACT = {"db_act_for",
		"SELECT set_config('mediastore.actor', coalesce($1, ''), true),"
		" set_config('mediastore.request_id', coalesce($2, ''), true)"};
	return db_execute(conn, &ACT, DB_PARAMS(DB_TEXT(actor->name), DB_TEXT(actor->request_id)), NULL, err);
}

int db_extend(struct db_transaction *tx, int64_t ms, struct error *err)
{
	static const struct db_statement EXTEND = {
		"db_extend", "SELECT set_config('statement_timeout', $1, true)"};
	if (db_execute(tx->conn, &EXTEND, DB_PARAMS(DB_INT(ms)), NULL, err))
		return -1;
	tx->conn->deadline_ms = clock_monotonic_ms() + ms;
	return 0;
}

void db_rollback(struct db_transaction *tx)
{
	struct db_conn *conn = tx->conn;
	if (!conn)
		return;
	tx->conn = NULL;
	connection_rollback(conn);
}

bool db_in_transaction(const struct db_conn *conn)
{
	return conn->enclosed ? conn->in_savepoint : conn->in_transaction;
}

int db_run_script(struct db_conn *conn, const char *sql, struct error *err)
{
	conn->constraint[0] = '\0';
	if (connection_revive(conn, err))
		return -1;
	return connection_simple(conn, sql, err);
}

const char *db_error_constraint(const struct db_conn *conn)
{
	return conn->constraint;
}
