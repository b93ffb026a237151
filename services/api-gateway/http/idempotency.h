/* SPDX-License-Identifier: MIT */
#ifndef HTTP_IDEMPOTENCY_H
#define HTTP_IDEMPOTENCY_H

/*
 * Idempotency-Key on routes whose row says `once`: the same key, method, path, query, body and user get
 * the same status, headers and body again. Handlers know nothing of it: dispatch asks before and tells
 * after.
 */

#include "common/error.h"

struct gateway;
struct request;
struct response;

/* After the body has been taken. 1: run the handler · 0: the response is filled with what was answered
 * before · -1: INVALID (malformed key, or another request came with it), CONFLICT (still in progress, or
 * an answer that was not kept). */
MUST_CHECK int idempotency_begin(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* The route's handler. Of a request with a claim, what it does to the database and the answer to it are one
 * transaction; a handler that fails has done nothing. */
MUST_CHECK int idempotency_run(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* With the response that goes out (status 0: it was streamed). Nothing unless begin has claimed. */
void idempotency_end(struct gateway *gateway, struct request *request, const struct response *response);

#endif
