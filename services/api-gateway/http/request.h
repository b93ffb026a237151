/* SPDX-License-Identifier: MIT */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

/*
 * One request as handlers see it: plain data, so that it can be made without a socket. Everything in it lives
 * in its arena (or is lent by the exchange) and dies with the request: handlers never free.
 */

#include "common/error.h"
#include "domain/principal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct body_bytes;
struct cJSON;
struct http_exchange;
struct once_claim;
struct route;

struct request_param {
	const char *name, *value; /* both percent-decoded, valid UTF-8, without NUL */
};

struct request_params {
	struct request_param *items;
	size_t count;
};

enum { REQUEST_ID_SIZE = 65, REQUEST_TRACEPARENT_SIZE = 56 };

/* Where head and body come from: an http_exchange, or a test. */
struct request_source {
	void *context;
	const char *(*header)(void *context, const char *name); /* any case; NULL when absent */
	/* As http_exchange_read: > 0 bytes, 0 at the verified end, -1 REQUEST_TIMEOUT or BAD_REQUEST. */
	ssize_t (*read)(void *context, void *out, size_t size, struct error *err);
	int64_t content_length;          /* 0: no body, -1: chunked */
	bool (*answered)(void *context); /* a raw handler has begun its own response; NULL: cannot */
};

struct request {
	const char *method;
	const char *raw_path;  /* as it came, without the query */
	const char *raw_query; /* "" when none */
	struct request_source source;
	struct http_exchange
		*exchange; /* raw routes answer streams with it; NULL in tests without a socket */
	const char *peer;  /* the address it came from, behind trusted proxies; NULL in tests */
	struct arena *arena;
	char request_id[REQUEST_ID_SIZE];
	char traceparent[REQUEST_TRACEPARENT_SIZE]; /* "" when the client sent none that is valid */

	/* From here on filled by dispatch, before the handler runs. */
	const struct route *route;
	struct request_params params, query;
	struct principal principal; /* may be set before: then nobody is asked for a token */
	struct once_claim *claim;   /* of http/idempotency.c; NULL: none */
	const char *body; /* the JSON text, without a BOM, followed by a NUL; NULL on routes without a JSON
			     body */
	size_t body_length;
	const char **
		element_errors; /* by index, what is wrong with an element of the list, or NULL; NULL: nothing
					with any. Of routes whose elements fail alone */
	const struct cJSON *json; /* the same, parsed and checked by the route's schema; of repeated names
				     only the last is left; what is nested deeper than 64 is left out: users' documents
				     go on as text (json_span.h) */
	struct body_bytes *bytes; /* of a route whose body has some; else NULL */
};

/* Prepares a zeroed request: takes the client's X-Request-Id when it is 1 to 64 of A-Z a-z 0-9 . _ - (else a
 * new UUID) and its traceparent when it is valid. method, raw_path, raw_query and source must be set. */
void request_begin(struct request *request, struct arena *arena);

/* A parameter of the route's pattern, decoded; the pattern must have it. */
const char *request_param(const struct request *request, const char *name);
/* The first query parameter of that name, or NULL. */
const char *request_query(const struct request *request, const char *name);
const char *request_header(const struct request *request, const char *name);
/* The rest of the body must have arrived (or, after the answer has begun, the answer been taken) that many
 * milliseconds from now; 0: whenever. Until then only a stall ends a transfer. */
void request_set_deadline(struct request *request, int64_t ms);
/* From now on the client must take or send that many bytes in each window of time that is spent waiting for it;
 * 0 ms: it need not. */
void request_set_pace(struct request *request, int64_t window_ms, int64_t bytes);
/* Pulls the body of a raw route. */
MUST_CHECK ssize_t request_read(struct request *request, void *out, size_t size, struct error *err);

/* The field, or NULL when it is absent or null. Names are case-sensitive. */
const struct cJSON *request_field(const struct cJSON *object, const char *name);
/* The same, its text; NULL too when it is no string. */
const char *request_text(const struct cJSON *object, const char *name);

/* A pk as it may come in a path: digits only. INVALID, with pydantic's words ready in `detail`
 * (a JSON array for response_set_detail; may be NULL). */
MUST_CHECK int request_param_pk(const struct request *request, const char *name, int64_t *out,
	const char **detail, struct error *err);

#endif
