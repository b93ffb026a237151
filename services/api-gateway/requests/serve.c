/* SPDX-License-Identifier: MIT */
#include "requests/serve.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/log.h"
#include "domain/once.h"
#include "gateway.h"
#include "requests/call.h"
#include "requests/kinds.h"
#include "requests/source.h"

#include <string.h>

enum { ERROR_STATUS = 400 };

struct serving {
	struct call call;
	struct once_claim claim;
	bool claimed, first, last;
};

static void log_request(const struct serving *serving, int64_t started_ms, bool replayed)
{
	const struct call *call = &serving->call;
	const struct response *response = &call->response;
	bool failed = response->error.code != ERROR_NONE;
	const struct log_field fields[] = {
		LOG_STR("request_id", call->request.request_id),
		LOG_STR("kind", call->asked.kind ? call->asked.kind->name : ""),
		LOG_STR("message_id", call->delivery->message_id),
		LOG_INT("status", response->status),
		LOG_INT("ms", clock_monotonic_ms() - started_ms),
		LOG_STR("user", call->principal.username),
		LOG_STR("traceparent", call->request.traceparent),
		LOG_STR("replayed", replayed ? "yes" : ""),
		LOG_STR("code", failed ? error_wire_name(response->error.code) : ""),
		LOG_STR("message", failed ? response->error.message : ""),
		LOG_STR("cause", failed ? response->error.cause : ""),
		{0},
	};
	log_write(response->status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "bus request", fields);
}

/* --- telling */

static enum serve_outcome send(const struct serving *serving, const struct answer *answer)
{
	const struct call *call = &serving->call;
	struct answer_address to = call_address(call);
	struct error err;
	if (answer_send(call->gateway->publisher, &to, answer, &err) == 0)
		return SERVE_DONE;
	log_warn("an answer could not be given yet", LOG_STR("request_id", to.request_id), LOG_ERROR(&err));
	return SERVE_AGAIN;
}

static enum serve_outcome send_final(
	const struct serving *serving, int status, const char *body, bool replayed)
{
	const struct answer answer = {.state = "final", .status = status, .body = body, .replayed = replayed};
	if (status >= ERROR_STATUS && !serving->call.asked.reply_to)
		return SERVE_REFUSED;
	return send(serving, &answer);
}

static enum serve_outcome send_response(const struct serving *serving)
{
	const struct response *response = &serving->call.response;
	return send_final(serving, response->status, response->body.data, false);
}

/* --- doing it */

static struct once_answer answer_of(const struct call *call)
{
	return (struct once_answer){
		call->response.status, call->response.body.data ? call->response.body.data : ""};
}

/* What is to be fetched is a job at first, which the database alone decides. */
static enum request_effect effect_of(const struct call *call)
{
	return source_is_named(call) ? EFFECT_WITHIN : call->asked.kind->effect;
}

/* Effect and answer in one transaction. */
static int run_within(struct serving *serving, struct error *err)
{
	struct call *call = &serving->call;
	struct once *once = call->gateway->once;
	struct gateway enclosed = *call->gateway;
	enclosed.once = NULL; /* the claim is this message's */
	if (once_enter(once, &serving->claim, &enclosed.pool, err))
		return -1;
	enclosed.lists = enclosed.pool;
	call_run(call, &enclosed);
	struct once_answer answer = answer_of(call);
	int result = answer.status < ERROR_STATUS ? once_commit(once, &serving->claim, &answer, err) : 0;
	once_leave(&serving->claim);
	return result;
}

static int run(struct serving *serving, struct error *err)
{
	struct call *call = &serving->call;
	if (!serving->claimed || call->asked.kind->effect == EFFECT_NONE) {
		call_run(call, call->gateway);
		return 0;
	}
	if (effect_of(call) == EFFECT_WITHIN)
		return run_within(serving, err);
	struct gateway ours = *call->gateway;
	ours.once = NULL;
	call->request.claim = &serving->claim; /* with which the job is noted */
	call_run(call, &ours);
	call->request.claim = NULL;
	return 0;
}

/* --- once */

/* As once_begin(); a message without an id is carried out whenever it comes. The answer to an id is that to
 * the first message that had it, whatever stands in a second. */
static int begin_once(struct serving *serving, struct once_answer *answer, struct error *err)
{
	struct call *call = &serving->call;
	const char *id = call->asked.message_id;
	char hex[DIGEST_HEX_SIZE];
	if (!id)
		return 1;
	digest_sha256_hex(id, strlen(id), hex);
	struct once_request request = {
		.user_pk = call->principal.user_pk, .key = arena_printf(call->arena, "bus:%s", hex)};
	memcpy(request.fingerprint_hex, hex, sizeof(request.fingerprint_hex));
	/* The broker has given up on whoever had it before: what he has begun is noted, and he can begin nothing
	 * more. At a second attempt the claim may be a live copy's. */
	request.seize = call->delivery->redelivered && serving->first;
	int begun = once_begin(call->gateway->once, &request, call->arena, &serving->claim, answer, err);
	serving->claimed = begun == 1;
	return begun;
}

static void end_once(struct serving *serving)
{
	struct call *call = &serving->call;
	struct once_answer answer = answer_of(call);
	if (!serving->claimed)
		return;
	if (call_is_passing(call))
		once_forget(call->gateway->once, &serving->claim);
	else
		once_finish(call->gateway->once, &serving->claim, &answer);
	serving->claimed = false;
}

/* --- from delivery to answer */

static enum serve_outcome carry_out(struct serving *serving)
{
	struct call *call = &serving->call;
	struct error err;
	if (run(serving, &err)) {
		if (err.code == ERROR_CONFLICT)
			err.code = ERROR_UNAVAILABLE; /* a copy of the message is at work elsewhere */
		call_fail(call, &err);
	}
	bool passing = call_is_passing(call);
	end_once(serving);
	if (call->response.status == SOURCE_BEGUN)
		return SERVE_DONE; /* the rest is told as it happens */
	return passing && !serving->last ? SERVE_AGAIN : send_response(serving);
}

static enum serve_outcome serve(struct serving *serving, bool *replayed)
{
	static const struct answer ACCEPTED = {.state = "accepted"};
	struct call *call = &serving->call;
	struct once_answer before;
	struct error err;
	if (call_open(call, &err))
		return call_is_passing(call) && !serving->last ? SERVE_AGAIN : send_response(serving);
	int begun = begin_once(serving, &before, &err);
	if (begun < 0) {
		if (err.code == ERROR_CONFLICT)
			return SERVE_BUSY;
		call_fail(call, &err);
		return serving->last ? send_response(serving) : SERVE_AGAIN;
	}
	*replayed = begun == 0;
	if (begun == 0) {
		call->response.status = before.status;
		if (before.status == SOURCE_BEGUN && before.text)
			return source_join(call, call->gateway, before.text, &err) ? SERVE_AGAIN : SERVE_DONE;
		return send_final(serving, before.status, before.text, true);
	}
	if (serving->first && send(serving, &ACCEPTED) != SERVE_DONE) {
		call->response.status = 503;
		end_once(serving);
		return SERVE_AGAIN;
	}
	return carry_out(serving);
}

enum serve_outcome serve_request(
	struct gateway *gateway, const struct bus_delivery *delivery, bool first, bool last)
{
	int64_t started_ms = clock_monotonic_ms();
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct serving *serving = arena_alloc(arena, sizeof(*serving));
	*serving = (struct serving){.first = first, .last = last};
	bool replayed = false;
	call_begin(&serving->call, gateway, delivery, arena);
	enum serve_outcome outcome = serve(serving, &replayed);
	if (outcome == SERVE_DONE || outcome == SERVE_REFUSED)
		log_request(serving, started_ms, replayed);
	call_release(&serving->call);
	return outcome;
}
