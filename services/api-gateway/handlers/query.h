/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_QUERY_H
#define HANDLERS_QUERY_H

/* What stands in the query of a URL. */

#include "common/error.h"

#include <stdint.h>

struct request;
struct response;

/* A query parameter that is a whole number from 1 to `maximum`; absent, it is `preset`. INVALID, with its
 * detail in the response. */
MUST_CHECK int query_number(const struct request *request, struct response *response, const char *name,
	int64_t preset, int64_t maximum, int64_t *out, struct error *err);

/* The same of a text from wherever, with a span of its own. */
struct query_span {
	int64_t least, most;
};
MUST_CHECK int query_whole(struct response *response, const struct request *request, const char *name,
	const char *text, struct query_span span, int64_t *out, struct error *err);

#endif
