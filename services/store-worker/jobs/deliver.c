/* SPDX-License-Identifier: MIT */
/*
 * deliver: one attempt to tell a webhook of an event. What counts is the status: the answer's body is read only as far as
 * it is shown to people. Redirects are answers like others, and every address is judged when it is connected to.
 */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "common/seal.h"
#include "jobs/webhook_signature.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

enum { ANSWER_MAX = 1000, HTTP_GONE = 410 };

static void release_secret(struct buf *secret)
{
	if (secret->data)
		OPENSSL_cleanse(secret->data, secret->capacity);
	buf_release(secret);
}

static int sign_with(
	const struct job *job, const char *sealed, int64_t timestamp, struct buf *out, struct error *err)
{
	CLEANUP(release_secret) struct buf secret = {0};
	const struct job_message *message = job->message;
	const char *context = arena_printf(job->arena, "webhook:%s", message->webhook.seal_id);
	if (seal_open(job->environment->secret_key, context, sealed, &secret, err) != 0)
		return -1;
	return webhook_sign(secret.data, message->webhook.message_id, timestamp, message->source.inline_bytes,
		message->source.inline_length, out, err);
}

static int make_headers(const struct job *job, struct buf *out, struct error *err)
{
	const struct job_webhook *webhook = &job->message->webhook;
	int64_t timestamp = clock_unix_ms() / 1000;
	buf_printf(out,
		"Content-Type: application/cloudevents+json\nwebhook-id: %s\nwebhook-timestamp: %" PRId64
		"\nwebhook-signature: ",
		webhook->message_id, timestamp);
	if (sign_with(job, webhook->secret_sealed, timestamp, out, err) != 0)
		return -1;
	if (webhook->old_secret_sealed) {
		buf_append_text(out, " ");
		if (sign_with(job, webhook->old_secret_sealed, timestamp, out, err) != 0)
			return -1;
	}
	buf_append_text(out, "\n");
	return 0;
}

struct answer {
	int status;
	struct buf body;
	bool enough;
};

static int on_head(void *context, const struct http_reply *reply, struct error *err)
{
	struct answer *answer = context;
	(void)err;
	answer->status = http_reply_status(reply);
	return 0;
}

static int on_body(void *context, const void *bytes, size_t length, struct error *err)
{
	struct answer *answer = context;
	size_t room = ANSWER_MAX - answer->body.length;
	buf_append(&answer->body, bytes, length < room ? length : room);
	answer->enough = length > room;
	return answer->enough ? error_set(err, ERROR_TOO_LARGE, NULL) : 0;
}

static void release_answer(struct answer *answer)
{
	buf_release(&answer->body);
}

/* People are told why there was no answer; that the address is not allowed will not change by itself. */
static int no_answer(struct error *err)
{
	struct error why = *err;
	if (why.code == ERROR_FORBIDDEN)
		return -1;
	if (why.code == ERROR_DEADLINE)
		return error_set(err, ERROR_DEADLINE, "the target did not answer in time");
	return error_set(err, ERROR_UNAVAILABLE, "no answer: %.200s", why.cause[0] ? why.cause : why.message);
}

static int judge(const struct answer *answer, struct error *err)
{
	if (answer->status / 100 == 2)
		return 0;
	return error_set(err, answer->status == HTTP_GONE ? ERROR_GONE : ERROR_UNAVAILABLE,
		"the target answered %d%s", answer->status,
		answer->status / 100 == 3 ? ", and redirects are not followed" : "");
}

int job_deliver(struct job *job, struct error *err)
{
	const struct job_message *message = job->message;
	CLEANUP(buf_release) struct buf headers = {0};
	CLEANUP(release_answer) struct answer answer = {0};
	CLEANUP(http_reply_cleanup) struct http_reply *reply = NULL;
	if (make_headers(job, &headers, err) != 0)
		return -1;
	const struct http_call call = {
		.method = "POST",
		.url = message->webhook.url,
		.headers = headers.data,
		.body = message->source.inline_bytes,
		.body_length = (int64_t)message->source.inline_length,
		.head = on_head,
		.write = on_body,
		.write_context = &answer,
		.deadline_ms = clock_monotonic_ms() + job->environment->webhook_timeout_ms,
	};
	if (http_client_run(job->environment->webhooks, &call, &reply, err) != 0 && !answer.enough)
		return no_answer(err);
	if (!answer.body.length && reply) {
		size_t length = http_reply_body_length(reply);
		buf_append(&answer.body, http_reply_body(reply), length < ANSWER_MAX ? length : ANSWER_MAX);
	}
	job->result->status = answer.status;
	if (answer.body.length)
		job->result->answer = arena_memdup(job->arena, answer.body.data, answer.body.length);
	return judge(&answer, err);
}
