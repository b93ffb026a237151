/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_CALLER_H
#define DOMAIN_CALLER_H

#include "db/query.h"

/* On whose behalf something is done; borrowed for the call. */
struct caller {
	struct db_actor actor;
	const char *traceparent; /* W3C trace context to carry along; NULL or "": none */
	const char *claim_id;    /* once.h: of the request's Idempotency-Key; NULL: none */
};

#endif
