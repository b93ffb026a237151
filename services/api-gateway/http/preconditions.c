/* SPDX-License-Identifier: MIT */
#include "http/preconditions.h"

#include "common/http_date.h"
#include "domain/entity_tag.h"
#include "http/request.h"

#include <string.h>

static bool is_read(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* Whether it was modified after the date of that header; `otherwise` when there is none. */
static bool is_modified_since(const struct request *request, const char *header,
	const struct validators *validators, bool otherwise)
{
	int64_t date;
	if (http_date_parse(request_header(request, header), &date) != 0)
		return otherwise;
	return validators->modified_unix_s > date;
}

enum precondition preconditions_check(const struct request *request, const struct validators *validators)
{
	const char *match = request_header(request, "If-Match");
	const char *none_match = request_header(request, "If-None-Match");
	bool expected = match ? entity_tag_in_list_strongly(match, validators->etag)
			      : !is_modified_since(request, "If-Unmodified-Since", validators, false);
	if (!expected)
		return PRECONDITION_FAILED;
	if (none_match && entity_tag_in_list(none_match, validators->etag))
		return is_read(request) ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
	if (!none_match && is_read(request) &&
		!is_modified_since(request, "If-Modified-Since", validators, true))
		return PRECONDITION_NOT_MODIFIED;
	return PRECONDITION_HOLDS;
}

bool preconditions_range_holds(const struct request *request, const struct validators *validators)
{
	const char *condition = request_header(request, "If-Range");
	int64_t date;
	if (!condition)
		return true;
	if (http_date_parse(condition, &date) == 0)
		return date == validators->modified_unix_s;
	return *condition != '*' && entity_tag_in_list_strongly(condition, validators->etag);
}
