/* SPDX-License-Identifier: MIT */
#include "handlers/session.h"

#include "common/clock.h"
#include "config.h"
#include "gateway.h"
#include "http/request.h"

struct db_conn *session_connect(struct gateway *gateway, struct error *err)
{
	return db_acquire(gateway->pool, clock_monotonic_ms() + gateway->config->database_timeout_ms, err);
}

struct caller session_caller(const struct request *request)
{
	return (struct caller){{request->principal.username, request->request_id}, request->traceparent};
}
