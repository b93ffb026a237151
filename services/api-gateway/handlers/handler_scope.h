/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_HANDLER_SCOPE_H
#define HANDLERS_HANDLER_SCOPE_H

/* What a handler gives the domain's rules: the request's arena, and the gateway's patience with the database. */

#include "common/clock.h"
#include "domain/scope.h"
#include "gateway.h"
#include "http/request.h"

static inline struct scope handler_scope(const struct gateway *gateway, const struct request *request)
{
	return (struct scope){
		gateway->pool, clock_monotonic_ms() + gateway->database_timeout_ms, request->arena};
}

#endif
