/* SPDX-License-Identifier: MIT */
#include "domain/deliveries.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "db/outbox_repo.h"
#include "db/webhook_repo.h"
#include "domain/event_message.h"
#include "domain/retry.h"
#include "domain/webhook_filter.h"

#include <inttypes.h>

enum { BATCH = 500 };

/* One batch of events for one webhook: as far as there is room, it moves past them. */
static int walk_one(struct db_conn *conn, const struct delivery_cursor *cursor, bool *more, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(buf_release) struct buf wanted = {0};
	struct delivery_event *events;
	size_t count, i;
	int64_t room = cursor->room, seq = cursor->seq;
	if (delivery_list_events(conn, cursor->seq, BATCH, arena, &events, &count, err))
		return -1;
	for (i = 0; i < count && room > 0; i++) {
		seq = events[i].seq;
		if (!webhook_filter_matches(
			    cursor->events, cursor->pid_pattern, events[i].routing_key, events[i].pid))
			continue;
		buf_printf(&wanted, "%s%" PRId64, wanted.length ? "," : "", seq);
		room--;
	}
	if (count == BATCH && room > 0)
		*more = true;
	if (seq == cursor->seq)
		return 0;
	return delivery_make(conn, cursor->webhook, wanted.length ? wanted.data : "",
		retry_attempts(JOB_DELIVER), seq, err);
}

int deliveries_walk(struct db_conn *conn, int64_t pending_max, bool *more, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct delivery_cursor *cursors;
	size_t count;
	*more = false;
	if (delivery_list_behind(conn, pending_max, arena, &cursors, &count, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (walk_one(conn, &cursors[i], more, err))
			return -1;
	return 0;
}

void deliveries_message(const struct webhook_target *target, const char *message_id, const char *body,
	size_t length, struct job_message *out)
{
	out->kind = JOB_DELIVER;
	out->size = -1;
	out->range_last = -1;
	out->source = (struct job_source){.inline_bytes = body, .inline_length = length};
	out->webhook = (struct job_webhook){
		.url = target->url,
		.message_id = message_id,
		.seal_id = target->seal_id,
		.secret_sealed = target->secret,
		.old_secret_sealed = target->old_secret,
	};
}

int deliveries_compose(struct db_conn *conn, const struct job_row *job, const struct delivery_row *delivery,
	struct arena *arena, struct job_message *out, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct webhook_target target;
	struct event_row *events;
	size_t count;
	int found = webhook_find_target(conn, delivery->webhook, arena, &target, err);
	if (found <= 0)
		return found ? -1 : error_set(err, ERROR_NOT_FOUND, "the webhook was deleted");
	if (event_list_after(conn, delivery->seq - 1, 1, arena, &events, &count, err))
		return -1;
	if (count == 0 || events[0].seq != delivery->seq)
		return error_set(err, ERROR_GONE, "its event is no longer kept");
	event_json(&events[0], &body);
	*out = (struct job_message){.id = job->id, .class = JOB_BACKGROUND, .attempt = job->attempt};
	deliveries_message(
		&target, events[0].id, arena_memdup(arena, body.data, body.length), body.length, out);
	return 0;
}

int deliveries_resend(struct db_conn *conn, int64_t webhook, int64_t pk, struct error *err)
{
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (db_begin(conn, &tx, err))
		return -1;
	int sent = delivery_resend(conn, webhook, pk, retry_attempts(JOB_DELIVER), err);
	if (sent <= 0)
		return sent ? -1 : error_set(err, ERROR_NOT_FOUND, "no delivery of this webhook has this pk");
	return db_commit(&tx, err);
}
