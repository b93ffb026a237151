/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_SESSION_H
#define HANDLERS_SESSION_H

/* What nearly every handler begins with. */

#include "db/pool.h"
#include "domain/caller.h"

struct gateway;
struct request;

/* A connection with the settings' deadline; NULL and *err. For CLEANUP(db_release). */
MUST_CHECK struct db_conn *session_connect(struct gateway *gateway, struct error *err);
/* On whose behalf: lives as long as the request. */
struct caller session_caller(const struct request *request);

#endif
