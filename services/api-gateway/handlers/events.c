/* SPDX-License-Identifier: MIT */
#include "handlers/events.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/sigv4.h"
#include "db/outbox_repo.h"
#include "domain/event_feed.h"
#include "domain/event_message.h"
#include "domain/routing_pattern.h"
#include "gateway.h"
#include "handlers/query.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, BATCH = 200, SCAN_MAX = 20000, PAGE_BYTES = 4 * 1024 * 1024 };

struct page {
	int64_t after;       /* the last that was looked at */
	int64_t last, limit; /* there are no more than that */
	const char *pattern;
	size_t shown, scanned;
};

int events_gone(struct response *response, int64_t oldest, const struct error *err)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRId64, oldest);
	if (err->code == ERROR_GONE)
		response_add_error_member(response, "oldest", text);
	return -1;
}

static bool is_full(const struct page *page, const struct buf *body)
{
	return page->after >= page->last || (int64_t)page->shown >= page->limit ||
	       page->scanned >= SCAN_MAX || body->length >= PAGE_BYTES;
}

static int add_batch(struct db_conn *conn, struct page *page, struct buf *body, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct event_row *events;
	size_t count;
	if (event_list_after(conn, page->after, BATCH, arena, &events, &count, err))
		return -1;
	for (size_t i = 0; i < count && !is_full(page, body); i++) {
		page->after = events[i].seq;
		page->scanned++;
		if (!routing_pattern_matches(page->pattern, events[i].routing_key))
			continue;
		buf_append_text(body, page->shown++ ? "," : "");
		event_json(&events[i], body);
	}
	if (!count)
		page->after = page->last;
	return 0;
}

static void link_next(struct request *request, struct response *response, const struct page *page)
{
	CLEANUP(buf_release) struct buf link = {0};
	buf_printf(&link, "</api/events?after=%" PRId64 "&limit=%" PRId64, page->after, page->limit);
	if (page->pattern) {
		buf_append_text(&link, "&pattern=");
		sigv4_encode(page->pattern, 0, &link);
	}
	buf_append_text(&link, ">; rel=\"next\"");
	response_header(request, response, "Link", link.data);
}

/* Bounded in events and bytes, so it stands in memory; Link says where it goes on, also when nothing of what was
 * looked at fitted the pattern. */
static int list(struct gateway *gateway, struct request *request, struct response *response,
	struct page *page, struct error *err)
{
	int64_t oldest = 0;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn)
		return -1;
	if (page->after < 0 ? event_span(conn, &oldest, &page->last, err)
			    : event_feed_check(conn, page->after, &oldest, &page->last, err))
		return events_gone(response, oldest, err);
	if (page->after < 0)
		page->after = oldest - 1;
	struct buf *body = &response->body;
	buf_append_text(body, "[");
	while (!is_full(page, body))
		if (add_batch(conn, page, body, err))
			return -1;
	buf_append_text(body, "]");
	if (page->after < page->last)
		link_next(request, response, page);
	response_json(request, response);
	return 0;
}

static bool wants_stream(const struct request *request)
{
	const char *accept = request_header(request, "Accept");
	return accept && strstr(accept, "text/event-stream");
}

/* EventSource sends the last id that it saw when it connects again; the query still says where it began. */
static int take_after(
	const struct request *request, struct response *response, int64_t *after, struct error *err)
{
	const struct query_span span = {0, INT64_MAX - 1};
	const char *seen = wants_stream(request) ? request_header(request, "Last-Event-ID") : NULL;
	const char *given = seen ? seen : request_query(request, "after");
	*after = -1;
	return given ? query_whole(
			       response, request, seen ? "Last-Event-ID" : "after", given, span, after, err)
		     : 0;
}

int handle_event_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct page page = {.pattern = request_query(request, "pattern")};
	if (take_after(request, response, &page.after, err) ||
		query_number(request, response, "limit", LIMIT_DEFAULT, LIMIT_MAX, &page.limit, err) ||
		(page.pattern && routing_pattern_check(page.pattern, err)))
		return -1;
	if (wants_stream(request) && request->exchange)
		return event_stream(gateway, request, response, page.after, page.pattern, err);
	return list(gateway, request, response, &page, err);
}
