/* SPDX-License-Identifier: MIT */
/* Server-Sent Events: one event after another for as long as the client listens and its token is valid. */
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_server.h"
#include "config.h"
#include "db/outbox_repo.h"
#include "domain/event_feed.h"
#include "domain/event_message.h"
#include "gateway.h"
#include "handlers/events.h"
#include "http/auth.h"
#include "http/request.h"
#include "http/response.h"

#include <inttypes.h>

enum { CHECK_MS = 1000 };

static const char OPENING[] = "retry: 2000\n\n", HEARTBEAT[] = ": here\n\n";

struct stream {
	struct gateway *gateway;
	struct request *request;
	struct event_follower follower;
	struct buf out;
	int64_t checked_ms; /* when the token was last valid */
};

static void add(void *context, const struct event_row *event)
{
	struct stream *stream = context;
	buf_printf(&stream->out, "id: %" PRId64 "\nevent: %s\ndata: ", event->seq, event->what);
	event_json(event, &stream->out);
	buf_append_text(&stream->out, "\n\n");
}

/* A token that was revoked or has expired ends the stream before anything more is told. */
static int check_token(struct stream *stream, struct error *err)
{
	struct principal principal;
	if (clock_monotonic_ms() - stream->checked_ms < CHECK_MS)
		return 0;
	if (auth_check(
		    stream->gateway->auth, request_header(stream->request, "Authorization"), &principal, err))
		return -1;
	stream->checked_ms = clock_monotonic_ms();
	return 0;
}

static int send(struct stream *stream, struct error *err)
{
	if (http_exchange_write(stream->request->exchange, stream->out.data, stream->out.length, err))
		return -1;
	buf_clear(&stream->out);
	return 0;
}

/* Ends with the client, the token, or this gateway. */
static void run(struct stream *stream, struct error *err)
{
	int64_t heartbeat_ms = stream->gateway->config->event_heartbeat_ms;
	buf_append_text(&stream->out, OPENING);
	while (send(stream, err) == 0) {
		int some = event_follower_next(
			&stream->follower, add, stream, clock_monotonic_ms() + heartbeat_ms, err);
		if (some < 0 || check_token(stream, err))
			return;
		if (some == 0)
			buf_append_text(&stream->out, HEARTBEAT);
	}
}

int event_stream(struct gateway *gateway, struct request *request, struct response *response, int64_t after,
	const char *pattern, struct error *err)
{
	struct error end;
	int64_t oldest = 0;
	CLEANUP(event_follower_leave) struct event_follower follower = {0};
	if (event_follow(gateway->events, after, pattern, &follower, &oldest, err))
		return events_gone(response, oldest, err);
	struct stream stream = {.gateway = gateway,
		.request = request,
		.follower = follower,
		.checked_ms = clock_monotonic_ms()};
	response_header(request, response, "Content-Type", "text/event-stream");
	response_header(request, response, "X-Accel-Buffering", "no");
	http_exchange_start(request->exchange, 200, response->headers, -1);
	run(&stream, &end);
	buf_release(&stream.out);
	http_exchange_finish(request->exchange, true);
	return 0;
}
