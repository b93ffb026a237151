/* SPDX-License-Identifier: MIT */
#include "handlers/query.h"

#include "common/arena.h"
#include "http/request.h"
#include "http/response.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int query_whole(struct response *response, const struct request *request, const char *name, const char *text,
	struct query_span span, int64_t *out, struct error *err)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && value >= span.least && value <= span.most) {
		*out = value;
		return 0;
	}
	response_set_detail(
		response, arena_printf(request->arena,
				  "[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"%s\"],\"msg\":"
				  "\"Input should be a whole number from %" PRId64 " to %" PRId64 "\"}]",
				  name, span.least, span.most));
	return error_set(err, ERROR_INVALID, "%s must be a whole number from %" PRId64 " to %" PRId64, name,
		span.least, span.most);
}

int query_number(const struct request *request, struct response *response, const char *name, int64_t preset,
	int64_t maximum, int64_t *out, struct error *err)
{
	const char *text = request_query(request, name);
	*out = preset;
	return text ? query_whole(response, request, name, text, (struct query_span){1, maximum}, out, err)
		    : 0;
}
