/* SPDX-License-Identifier: MIT */
#include "requests/followup.h"

#include "background/loop.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/media_repo.h"
#include "db/pool.h"
#include "db/query.h"
#include "db/request_reply_repo.h"
#include "gateway.h"
#include "requests/answer.h"

#include <string.h>

enum { BATCH = 50, IDLE_MS = 500, TROUBLE_MS = 2000, DATABASE_MS = 15000, OK = 200 };

struct followup {
	struct gateway *gateway;
	struct loop *loop;
};

/* As the REST API's error body. */
static const char *print_error(const struct request_reply_due *due, enum error_code code, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	bool list = error_http_status(code) == 422;
	buf_append_text(&text, list ? "{\"detail\":[{\"error\":" : "{\"detail\":");
	buf_append_json_string(&text, due->error_message ? due->error_message : error_default_text(code));
	buf_printf(&text, "%s,\"code\":\"%s\",\"request_id\":", list ? "}]" : "", error_wire_name(code));
	buf_append_json_string(&text, due->reply.request_id);
	buf_append_text(&text, "}");
	return arena_memdup(arena, text.data, text.length);
}

static struct answer failed(const struct request_reply_due *due, struct arena *arena)
{
	bool cancelled = strcmp(due->state, "cancelled") == 0;
	enum error_code code = cancelled         ? ERROR_CANCELLED
			       : due->error_code ? error_code_from_wire(due->error_code)
						 : ERROR_INTERNAL;
	return (struct answer){.status = error_http_status(code), .body = print_error(due, code, arena)};
}

static struct answer progress(const struct request_reply_due *due)
{
	return (struct answer){.state = "progress", .progress = due->progress};
}

static int compose(struct db_conn *conn, const struct request_reply_due *due, struct arena *arena,
	struct answer *out, struct error *err)
{
	const char *media = NULL;
	if (!due->ended) {
		*out = progress(due);
	} else if (strcmp(due->state, "succeeded") == 0) {
		if (due->pid && media_read_json(conn, due->pid, arena, &media, err) < 0)
			return -1;
		*out = (struct answer){.status = OK, .body = media};
	} else {
		*out = failed(due, arena);
	}
	out->state = due->ended ? "final" : "progress";
	out->job = due->reply.job;
	out->job_state = due->state;
	out->attempt = due->attempt;
	return 0;
}

static int tell(struct followup *followup, struct db_conn *conn, const struct request_reply_due *due,
	struct arena *arena, struct error *err)
{
	const struct request_reply *reply = &due->reply;
	const struct answer_address to = {reply->reply_to, reply->correlation_id, reply->kind,
		reply->message_id, reply->request_id, reply->packed};
	struct answer answer;
	if (compose(conn, due, arena, &answer, err) ||
		answer_send(followup->gateway->publisher, &to, &answer, err))
		return -1;
	int noted = due->ended ? request_reply_remove(conn, reply->pk, err)
			       : request_reply_told(conn, reply->pk, due->news, err);
	return noted < 0 ? -1 : 0;
}

/* What was told before the trouble began is told again: at least once. */
static int tell_all(struct followup *followup, struct db_conn *conn, size_t *count, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct request_reply_due *due;
	if (db_begin(conn, &tx, err) || request_reply_list_due(conn, BATCH, arena, &due, count, err))
		return -1;
	for (size_t i = 0; i < *count; i++)
		if (tell(followup, conn, &due[i], arena, err))
			return -1;
	return db_commit(&tx, err);
}

static int64_t step(void *context)
{
	struct followup *followup = context;
	struct error err;
	size_t count = 0;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(followup->gateway->pool, clock_monotonic_ms() + DATABASE_MS, &err);
	if (conn && tell_all(followup, conn, &count, &err) == 0)
		return count == BATCH ? 0 : IDLE_MS;
	log_warn("answers to requests are delayed", LOG_ERROR(&err));
	return TROUBLE_MS;
}

struct followup *followup_create(struct gateway *gateway)
{
	struct followup *followup = memory_alloc(sizeof(*followup));
	followup->gateway = gateway;
	followup->loop = loop_start("followup", step, followup);
	return followup;
}

void followup_free(struct followup *followup)
{
	if (!followup)
		return;
	loop_stop(followup->loop);
	free(followup);
}
