/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_SESSION_H
#define HANDLERS_SESSION_H

/* What nearly every handler begins with. */

#include "db/pool.h"
#include "domain/caller.h"
#include "domain/media_updates.h"

struct cJSON;
struct gateway;
struct request;
struct response;

/* A connection with the settings' deadline; NULL and *err. For CLEANUP(db_release). */
MUST_CHECK struct db_conn *session_connect(struct gateway *gateway, struct error *err);
/* The same from the connections for lists, whose clients may be slow. */
MUST_CHECK struct db_conn *session_connect_list(struct gateway *gateway, struct error *err);
/* As long as a list goes on, the connection's deadline is moved on. */
void session_renew(struct gateway *gateway, struct db_conn *conn);
/* The pid that the path or, for pids that the path cannot name, the query parameter names. INVALID, with
 * its detail in the response, when neither does. */
MUST_CHECK int session_pid(
	const struct request *request, struct response *response, const char **pid, struct error *err);
/* The number that the path names. INVALID, with its detail in the response. */
MUST_CHECK int session_pk(
	const struct request *request, struct response *response, int64_t *pk, struct error *err);
/* Changes as the request asks for them: its body, its If-Match. */
struct media_updates session_updates(struct gateway *gateway, const struct request *request);
/* A transaction whose changes are the caller's. */
MUST_CHECK int session_begin(
	struct db_conn *conn, const struct request *request, struct db_transaction *tx, struct error *err);
/* JSON made for the request: freed with it. */
void session_keep(const struct request *request, struct cJSON *json);
/* On whose behalf: lives as long as the request. */
struct caller session_caller(const struct request *request);

#endif
