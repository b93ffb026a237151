/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_CALL_H
#define REQUESTS_CALL_H

/*
 * One request from the bus as one of the REST API: who asks, the route's request, and its response, which
 * is what the answer is made of. Nothing of it outlives the arena.
 */

#include "domain/principal.h"
#include "http/request.h"
#include "http/response.h"
#include "requests/answer.h"
#include "requests/message.h"

struct arena;
struct bus_delivery;
struct gateway;

struct call {
	struct gateway *gateway;
	const struct bus_delivery *delivery;
	struct arena *arena;
	struct bus_request asked;
	struct principal principal;
	struct request request;
	struct response response; /* status 0: not yet answered */
	size_t read;              /* of asked.data */
};

/* Everything that can be said of any message. */
void call_begin(
	struct call *call, struct gateway *gateway, const struct bus_delivery *delivery, struct arena *arena);
void call_release(struct call *call); /* for CLEANUP() */

/* Reads what is asked for and finds out who asks. -1: the response tells what is wrong; or err->code is
 * UNAVAILABLE or DEADLINE: try again. */
MUST_CHECK int call_open(struct call *call, struct error *err);
/* Carries it out with this gateway's parts; the response tells how it went. */
void call_run(struct call *call, struct gateway *gateway);
/* The error becomes the response. */
void call_fail(struct call *call, const struct error *err);
/* Another attempt may well go better. */
bool call_is_passing(const struct call *call);
struct answer_address call_address(const struct call *call);

#endif
