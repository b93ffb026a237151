/* SPDX-License-Identifier: MIT */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

/* The JSON body of a request: read within its limit, checked as text, parsed, checked by the route's schema.
 */

#include "common/error.h"

#include <stddef.h>

struct gateway;
struct request;
struct response;

/* Fills request->body, body_length, json and bytes. BAD_REQUEST "Cannot parse request body", REQUEST_TIMEOUT,
 * TOO_LARGE, INVALID (with the response's detail set to the list of problems). */
MUST_CHECK int body_take(
	const struct gateway *gateway, struct request *request, struct response *response, struct error *err);

struct cJSON;
/* Parses checked JSON text whose nesting is `depth` (json_span_measure()), without what lies too deep for
 * a server thread's stack. NULL: no memory, or no JSON. */
struct cJSON *body_parse(const char *text, size_t length, int depth);
/* Of members with the same name only the last stays, as PostgreSQL's jsonb has it, so that what was checked
 * is what is stored. */
void body_drop_repeated(struct cJSON *value);

#endif
