/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_MESSAGE_H
#define REQUESTS_MESSAGE_H

/*
 * A request as it came over the bus: JSON, or msgpack where the content type says so, {kind?, token?,
 * if_match?, data?} as schemas/amqp/request.json has it. What is handed on is text that points into the
 * message, so that documents stay as they were sent. The kind stands in the body, else in the property
 * `type`, else it is the routing key.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct bus_delivery;
struct cJSON;
struct gateway;
struct request_kind;

struct bus_request {
	bool packed;                             /* msgpack: so is the answer to be */
	const char *reply_to;                    /* NULL: nobody wants to know */
	const char *correlation_id, *message_id; /* NULL: none */

	/* from here on only when it could be read */
	const struct request_kind *kind;
	const char *token, *if_match; /* NULL: none */
	const char *data;             /* JSON text, followed by a NUL; "" when left out */
	size_t length;
	const struct cJSON *json; /* of the data, as http/request.h has it; NULL when left out */
};

/* What is known of any message: lent by the delivery. */
void bus_request_begin(const struct bus_delivery *delivery, struct bus_request *out);
/* Reads the body. BAD_REQUEST, TOO_LARGE, INVALID (*detail, in the arena, tells the problems). */
MUST_CHECK int bus_request_read(const struct bus_delivery *delivery, const struct gateway *gateway,
	struct arena *arena, struct bus_request *out, const char **detail, struct error *err);
/* The data that is a pid. */
const char *bus_request_pid(const struct bus_request *request);
/* A text of the data, or NULL. */
const char *bus_request_text(const struct bus_request *request, const char *name);

#endif
