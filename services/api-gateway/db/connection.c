/* SPDX-License-Identifier: MIT */
/*
 * libpq without its blocking calls: PQexec and friends wait for as long as TCP does, so everything here
 * is sent, then polled for up to a deadline. When that passes the connection is closed rather than
 * drained; the server notices within client_connection_check_interval and stops the statement.
 */
#include "db/connection.h"

#include "common/clock.h"
#include "common/log.h"
#include "db/pool.h"
#include "db/sqlstate.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { ROLLBACK_MS = 1000, MOMENT_MS = 1 };

void connection_result_cleanup(PGresult **result)
{
	PQclear(*result);
}

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	log_debug("database notice", LOG_STR("message", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}

static int lost(struct db_conn *conn, struct error *err)
{
	error_set(err, ERROR_UNAVAILABLE, "database unreachable");
	error_add_cause(err, "%s", conn->pg ? PQerrorMessage(conn->pg) : "connection lost");
	connection_close(conn);
	return -1;
}

/* 0 when the socket is ready for one of the events. */
static int wait_socket(struct db_conn *conn, short events, struct error *err)
{
	struct pollfd fd = {.fd = PQsocket(conn->pg), .events = events};
	if (fd.fd < 0)
		return lost(conn, err);
	int ready;
	do {
		int left = clock_left_ms(conn->deadline_ms);
		ready = left > 0 ? poll(&fd, 1, left) : 0;
	} while (ready < 0);
	if (ready > 0)
		return 0;
	connection_close(conn);
	error_set(err, ERROR_DEADLINE, "the database did not answer in time");
	return -1;
}

/* Keywords before dbname can be overridden in the URL. */
static PGconn *start_connecting(const struct db_pool_options *options)
{
	const char *const names[] = {"application_name", "keepalives", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding",
		NULL};
	const char *const values[] = {
		options->application_name, "1", "15", "5", "3", "30000", options->url, "UTF8", NULL};
	return PQconnectStartParams(names, values, 1);
}

static int finish_connecting(struct db_conn *conn, struct error *err)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			return lost(conn, err);
		if (wait_socket(conn, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, err))
			return -1;
		status = PQconnectPoll(conn->pg);
	}
	return 0;
}

/* Statements here take less time than compiling them would, which the estimates of a table that was empty do not tell. */
static int set_up(struct db_conn *conn, const struct db_pool_options *options, struct error *err)
{
	char sql[256];
	snprintf(sql, sizeof(sql),
		"SET timezone = 'UTC'; SET statement_timeout = %lld; SET client_connection_check_interval = "
		"2000;"
		" SET jit = off; SET idle_in_transaction_session_timeout = 60000",
		(long long)(options->statement_timeout_ms > 0 ? options->statement_timeout_ms : 0));
	conn->unlimited = options->statement_timeout_ms < 0;
	if (PQsetnonblocking(conn->pg, 1))
		return lost(conn, err);
	return connection_simple(conn, sql, err);
}

int connection_open(
	struct db_conn *conn, const struct db_pool_options *options, int64_t deadline_ms, struct error *err)
{
	connection_close(conn);
	int64_t callers_deadline = conn->deadline_ms;
	int64_t latest = clock_monotonic_ms() + options->connect_timeout_ms;
	conn->deadline_ms = deadline_ms < latest ? deadline_ms : latest;
	conn->pg = start_connecting(options);
	if (!conn->pg)
		abort(); /* out of memory */
	PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
	int failed = PQstatus(conn->pg) == CONNECTION_BAD ? lost(conn, err) : finish_connecting(conn, err);
	if (!failed)
		failed = set_up(conn, options, err);
	conn->deadline_ms = callers_deadline;
	if (!failed)
		return 0;
	connection_close(conn);
	if (err->code == ERROR_DEADLINE)
		error_set_cause(err, ERROR_UNAVAILABLE, "connecting took longer than allowed");
	char cause[sizeof(err->cause)];
	memcpy(cause, err->cause, sizeof(cause));
	error_set(err, ERROR_UNAVAILABLE, "database unreachable");
	return error_add_cause(err, "%s", cause);
}

void connection_close(struct db_conn *conn)
{
	PQfinish(conn->pg);
	conn->pg = NULL;
	memset(conn->prepared, 0, sizeof(conn->prepared));
}

bool connection_alive(struct db_conn *conn)
{
	if (!conn->pg || PQstatus(conn->pg) != CONNECTION_OK)
		return false;
	int64_t now_ms = clock_monotonic_ms();
	if (now_ms - conn->seen_alive_ms <= MOMENT_MS)
		return true;
	conn->seen_alive_ms = now_ms;
	struct pollfd fd = {.fd = PQsocket(conn->pg), .events = POLLIN};
	/* Between statements the server speaks only to say goodbye, first in words, then by closing. The
	 * rare other word (a setting changed by a reload) costs a new connection, which is cheap. */
	return poll(&fd, 1, 0) == 0;
}

static int flush(struct db_conn *conn, struct error *err)
{
	for (;;) {
		int left = PQflush(conn->pg);
		if (left == 0)
			return 0;
		if (left < 0)
			return lost(conn, err);
		if (wait_socket(conn, POLLIN | POLLOUT, err))
			return -1;
		/* a server that answers before it has read everything must be listened to, or both wait
		 * for ever */
		struct pollfd fd = {.fd = PQsocket(conn->pg), .events = POLLIN};
		if (poll(&fd, 1, 0) > 0 && !PQconsumeInput(conn->pg))
			return lost(conn, err);
	}
}

int connection_next(struct db_conn *conn, PGresult **out, struct error *err)
{
	if (flush(conn, err))
		return -1;
	while (PQisBusy(conn->pg)) {
		if (wait_socket(conn, POLLIN, err))
			return -1;
		if (!PQconsumeInput(conn->pg))
			return lost(conn, err);
	}
	*out = PQgetResult(conn->pg);
	return 0;
}

static bool is_bad(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

int connection_finish(struct db_conn *conn, PGresult **out, struct error *err)
{
	CLEANUP(connection_result_cleanup) PGresult *kept = NULL;
	for (;;) {
		PGresult *next = NULL;
		if (connection_next(conn, &next, err))
			return -1;
		if (!next)
			break;
		if (kept && is_bad(kept)) {
			PQclear(next);
			continue;
		}
		PQclear(kept);
		kept = next;
	}
	if (!kept)
		return lost(conn, err);
	*out = TAKE(kept);
	return 0;
}

static void remember_constraint(struct db_conn *conn, const PGresult *result)
{
	const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	snprintf(conn->constraint, sizeof(conn->constraint), "%s", name ? name : "");
}

int connection_check(struct db_conn *conn, const PGresult *result, const char *name, struct error *err)
{
	if (!is_bad(result))
		return 0;
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!sqlstate)
		return lost(conn, err); /* libpq's own error: the connection is gone */
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	remember_constraint(conn, result);
	return sqlstate_set(err, sqlstate, conn->constraint, name, text ? text : "");
}

int connection_simple(struct db_conn *conn, const char *sql, struct error *err)
{
	if (!conn->pg || !PQsendQuery(conn->pg, sql))
		return lost(conn, err);
	CLEANUP(connection_result_cleanup) PGresult *result = NULL;
	if (connection_finish(conn, &result, err))
		return -1;
	return connection_check(conn, result, "script", err);
}

static void undo(struct db_conn *conn, const char *sql)
{
	int64_t callers_deadline = conn->deadline_ms;
	conn->deadline_ms = clock_monotonic_ms() + ROLLBACK_MS;
	struct error ignored;
	if (connection_simple(conn, sql, &ignored))
		connection_close(conn);
	conn->deadline_ms = callers_deadline;
}

void connection_rollback(struct db_conn *conn)
{
	bool *open = conn->enclosed ? &conn->in_savepoint : &conn->in_transaction;
	if (!*open)
		return;
	*open = false;
	if (conn->pg && PQtransactionStatus(conn->pg) != PQTRANS_IDLE)
		undo(conn, conn->enclosed ? "ROLLBACK TO SAVEPOINT enclosed; RELEASE SAVEPOINT enclosed"
					  : "ROLLBACK");
}

static size_t slot_of(const struct db_conn *conn, const struct db_statement *statement)
{
	size_t slot = ((uintptr_t)statement >> 4) % DB_PREPARED_SLOTS;
	while (conn->prepared[slot] && conn->prepared[slot] != statement)
		slot = (slot + 1) % DB_PREPARED_SLOTS;
	return slot;
}

bool connection_is_prepared(const struct db_conn *conn, const struct db_statement *statement)
{
	return conn->prepared[slot_of(conn, statement)] == statement;
}

void connection_set_prepared(struct db_conn *conn, const struct db_statement *statement)
{
	size_t used = 0;
	for (size_t i = 0; i < DB_PREPARED_SLOTS; i++)
		used += conn->prepared[i] != NULL;
	assert(used < DB_PREPARED_SLOTS - 1); /* else slot_of() would not end */
	conn->prepared[slot_of(conn, statement)] = statement;
}
