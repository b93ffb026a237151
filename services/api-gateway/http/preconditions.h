/* SPDX-License-Identifier: MIT */
#ifndef HTTP_PRECONDITIONS_H
#define HTTP_PRECONDITIONS_H

/* Conditional requests on something that is there: RFC 9110 section 13, in its order of precedence. */

#include <stdbool.h>
#include <stdint.h>

struct request;

/* What conditions are compared with: a strong tag with its quotes, and a date that is never the same for two
 * contents in turn, and so is strong too. */
struct validators {
	const char *etag;
	int64_t modified_unix_s;
};

enum precondition {
	PRECONDITION_HOLDS,
	PRECONDITION_NOT_MODIFIED, /* 304: for GET and HEAD */
	PRECONDITION_FAILED,       /* 412 */
};

/* If-Match, else If-Unmodified-Since; then If-None-Match, else (GET, HEAD) If-Modified-Since. Dates that are
 * none count as absent. */
enum precondition preconditions_check(const struct request *request, const struct validators *validators);
/* Whether Range counts: there is no If-Range, or it is the tag or the date. */
bool preconditions_range_holds(const struct request *request, const struct validators *validators);

#endif
