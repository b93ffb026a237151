/* SPDX-License-Identifier: MIT */
#include "jobs/http_source.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECEIVER_PATIENCE = 4 /* times the stall timeout: a store that syncs is slow, not stalled */ };

static int too_large(const struct http_source *source, struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE, "the source has more than %" PRId64 " bytes", source->limit);
}

static int check_head(void *context, const struct http_reply *reply, struct error *err)
{
	struct http_source *source = context;
	const char *length = http_reply_header(reply, "Content-Length");
	if (source->limit && length && strtoll(length, NULL, 10) > source->limit)
		return too_large(source, err);
	if (http_reply_status(reply) != 200 || source->size < 0)
		return 0; /* the status is looked at when the call has returned */
	if (!length || strtoll(length, NULL, 10) != source->size)
		return error_set_cause(err, ERROR_SOURCE_FAILED, "expected %" PRId64 " bytes, %s are offered",
			source->size, length ? length : "an unknown number");
	return 0;
}

static int pass_on(void *context, const void *bytes, size_t length, struct error *err)
{
	struct http_source *source = context;
	source->passed += (int64_t)length;
	if (source->limit && source->passed > source->limit)
		return too_large(source, err);
	return source->sink->write(source->sink, bytes, length, err);
}

/* The other side's failure is no failure of this store: NOT_FOUND there must not look like NOT_FOUND here. */
static int as_source_error(const struct http_source *source, struct error *err)
{
	char detail[sizeof(err->cause)];
	if (source->limit && (err->code == ERROR_FORBIDDEN || err->code == ERROR_TOO_LARGE))
		return -1;
	if (err->code == ERROR_DEADLINE || err->code == ERROR_SOURCE_FAILED)
		return -1;
	snprintf(detail, sizeof(detail), "%.60s: %.170s", err->message, err->cause);
	return error_set_cause(err, ERROR_SOURCE_FAILED, "%s", detail);
}

static int pull(void *context, struct sink *sink, struct error *err)
{
	struct http_source *source = context;
	int64_t left = source->deadline_unix_ms - clock_unix_ms();
	source->sink = sink;
	source->passed = 0;
	struct http_call call = {
		.method = "GET",
		.url = source->url,
		.head = check_head,
		.write = pass_on,
		.write_context = source,
		.deadline_ms = source->deadline_unix_ms ? clock_monotonic_ms() + (left > 0 ? left : 1) : 0,
		.stall_timeout_ms = source->stall_timeout_ms,
	};
	CLEANUP(http_reply_cleanup) struct http_reply *reply = NULL;
	if (http_client_run(source->http, &call, &reply, err) != 0)
		return as_source_error(source, err);
	int status = http_reply_status(reply);
	if (status == 200)
		return 0;
	if (source->limit && status < 500 && status != 408 && status != 429)
		return error_set(err, ERROR_INVALID, "the source answers %d%s", status,
			status / 100 == 3 ? ", and redirects are not followed" : "");
	if (status < 300)
		return error_set_cause(err, ERROR_SOURCE_FAILED, "the source answered %d", status);
	http_reply_error(reply, err);
	return as_source_error(source, err);
}

void http_source_init(struct http_source *source, struct http_client *http, const char *url, int64_t size,
	int64_t stall_timeout_ms, int64_t deadline_unix_ms)
{
	*source = (struct http_source){.http = http,
		.url = url,
		.size = size,
		.stall_timeout_ms = stall_timeout_ms,
		.deadline_unix_ms = deadline_unix_ms};
	pulled_source_init(&source->pulled, pull, source, size, RECEIVER_PATIENCE * stall_timeout_ms);
}

void http_source_distrust(struct http_source *source, int64_t limit)
{
	source->limit = limit;
}

void http_source_release(struct http_source *source)
{
	pulled_source_release(&source->pulled);
}
