/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

/*
 * (method, raw path) -> route and parameters.
 *
 * Patterns are split on '/'; a segment is a literal, {name} (one segment, not empty) or {name...} (one or
 * more segments, joined by '/': clients do not quote the slashes of a pid). After {name...} only literals may
 * follow. A path is split on '/' BEFORE percent-decoding, so a quoted %2F never separates and a literal never
 * matches it: "a%2Fcontent" is one segment, whatever routes there are.
 *
 * Whatever the table's order, a literal beats {name}, that beats {name...}, and a longer tail beats a shorter
 * one. A path that is a route spelled out wins at once, and another method there is METHOD_NOT_ALLOWED; among
 * patterns with parameters the best one that has the method wins. HEAD is served by GET where it has no row
 * of its own.
 */

#include "common/error.h"
#include "http/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct gateway;
struct response;

/* 0: the response is filled (or streamed); -1: *err is set and dispatch makes the reply. */
typedef int route_handler(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

enum route_auth {
	READER,
	WRITER,
	ADMIN,
	PUBLIC
}; /* the default, 0, is authenticated: PUBLIC must be written */

enum route_elements {    /* elements.h */
	ROUTE_TOGETHER,  /* one that does not fit the schema refuses the list */
	ROUTE_ALONE,     /* what is wrong by its value fails alone */
	ROUTE_IF_WISHED, /* with ?partial=true whatever is wrong fails alone */
};

enum route_once {
	ROUTE_MANY,      /* an Idempotency-Key is not looked at */
	ROUTE_ONCE,      /* carried out once: its handler's use of gateway->pool is one transaction */
	ROUTE_LONG_ONCE, /* the same, but others must see what it has begun before the answer is known: the
			    handler notes that itself (once_note_effect) and goes on with it */
};

struct route_body {
	const char *schema; /* of schemas/, ROUTE_RAW for a stream that the handler pulls itself, or NULL: no
			       body is looked at */
	const char *argument; /* the second element of every problem's loc; NULL: none */
	size_t limit;         /* bytes; 0: MEDIASTORE_BODY_MAX, ROUTE_SMALL: MEDIASTORE_SMALL_BODY_MAX */
	enum route_elements elements; /* of a list: request->element_errors */
	enum route_once once;         /* Idempotency-Key counts here; not with ROUTE_RAW */
	const char *bytes; /* a member whose base64 is decoded as it comes and counts for no limit but the
				 objects' own (body_bytes.h); NULL: none */
};

#define ROUTE_SMALL SIZE_MAX
extern const char ROUTE_RAW[]; /* compared by address */

struct route {
	const char *method; /* NULL ends the table */
	const char *pattern;
	route_handler *handler;
	enum route_auth auth;
	struct route_body body;
	const char *reply; /* schema of the JSON reply; NULL: none */
	int status;        /* of success */
};

struct router;

struct route_match {
	const struct route *route;
	struct request_params params;
	const char *allow; /* set with METHOD_NOT_ALLOWED: the methods for the Allow header */
};

/* The table is borrowed. Two rows with the same method and shape, or a malformed pattern, are a programming
 * error (assert). */
struct router *router_create(const struct route *table);
void router_free(struct router *router);
const struct route *router_table(const struct router *router);

/* Strings are the arena's. NOT_FOUND (no such route), METHOD_NOT_ALLOWED, BAD_REQUEST (malformed percent
 * sequence), INVALID (%00, not UTF-8). */
MUST_CHECK int router_match(const struct router *router, const char *method, const char *raw_path,
	struct arena *arena, struct route_match *out, struct error *err);

#endif
