/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_ANSWER_H
#define REQUESTS_ANSWER_H

/*
 * What whoever asked over the bus is told, as schemas/amqp/reply.json has it: `accepted`, perhaps
 * `progress`, and `final` with the status and the body that the REST API would have answered. Sent to the
 * request's reply_to with its correlation_id, in the encoding of the request.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct bus_publisher;

struct answer_address {
	const char *reply_to;                       /* NULL: nothing is sent */
	const char *correlation_id;                 /* NULL: none */
	const char *kind, *message_id, *request_id; /* repeated in the answer; NULL: left out */
	bool packed;                                /* as msgpack */
};

struct answer {
	const char *state; /* "accepted", "progress", "final" */
	int status;        /* final: as HTTP has it; 0: left out */
	const char *body;  /* JSON text: the result, or from status 400 on the error; NULL: none */
	const char *job;   /* the job that goes on; NULL: none */
	const char *job_state;
	const char *progress; /* JSON text: of the job; NULL: none */
	int64_t attempt;      /* of the job; 0: left out */
	bool replayed;        /* carried out before: this is what came of it then */
};

/* 0: the broker has it, or there is nobody to tell (any more). UNAVAILABLE, DEADLINE. */
MUST_CHECK int answer_send(struct bus_publisher *publisher, const struct answer_address *to,
	const struct answer *answer, struct error *err);

#endif
