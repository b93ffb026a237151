/* SPDX-License-Identifier: MIT */
#include "messaging/job_post.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "messaging/replies.h"
#include "schemas/bus_names.h"

enum {
	PUBLISH_TIMEOUT_MS = 10 * 1000,
	VANISHED_MS = 2000, /* a queue that has gone with its broker node is declared elsewhere by then */
	LOOK_EVERY_MS = 100,
};

struct job_post {
	struct job_post_options options;
};

struct job_post *job_post_create(const struct job_post_options *options)
{
	struct job_post *post = memory_alloc(sizeof(*post));
	post->options = *options;
	return post;
}

void job_post_free(struct job_post *post)
{
	free(post);
}

int job_post_check(struct job_post *post, struct error *err)
{
	if (bus_publisher_ready(post->options.publisher))
		return 0;
	return error_set(err, ERROR_UNAVAILABLE,
		"the message broker cannot be reached, so no bytes can be moved; try again later");
}

static int unserved(const struct job_message *job, struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE, "no store-worker serves %s stores of site \"%s\"",
		store_type_name(job->store.type), job->store.site);
}

/* In the queue it waits as long as somebody waits for it, however soon the broker has it. */
static int64_t life_ms(const struct job_message *job)
{
	int64_t left = job->deadline_unix_ms - clock_unix_ms();
	return left > 0 ? left : 1;
}

static void release_buf(void *buf)
{
	buf_release(buf);
}

/* What it points to is the arena's. */
static void compose(const struct job_message *job, const char *traceparent, const char *reply_to,
	struct arena *arena, struct bus_message *out)
{
	bool durable = job->class == JOB_BACKGROUND;
	struct buf *body = arena_alloc(arena, sizeof(*body));
	struct bus_header *headers = arena_alloc(arena, 2 * sizeof(*headers));
	*body = (struct buf){0};
	arena_defer(arena, release_buf, body);
	job_message_pack(job, body);
	headers[0] = (struct bus_header){traceparent && *traceparent ? "traceparent" : NULL, traceparent};
	headers[1] = (struct bus_header){NULL, NULL};
	*out = (struct bus_message){
		.exchange = BUS_JOBS,
		.routing_key = bus_queue_of(arena, job),
		.correlation_id = job->id,
		.reply_to = reply_to,
		.type = job_kind_name(job->kind),
		.content_type = "application/msgpack",
		.headers = headers,
		.expiration_ms = durable ? 0 : life_ms(job),
		.persistent = durable,
		.mandatory = true,
		.body = body->data,
		.length = body->length,
	};
}

/* NOT_FOUND: there is no such queue. */
static int publish(struct job_post *post, const struct job_message *job, const char *traceparent,
	int64_t deadline_ms, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct bus_message message;
	compose(job, traceparent, post->options.reply_queue, arena, &message);
	return bus_publisher_send(post->options.publisher, &message, deadline_ms, err);
}

static int explain(const struct job_message *job, struct error *err)
{
	if (err->code == ERROR_NOT_FOUND)
		return unserved(job, err);
	return error_prefix(err, "hand the job to a store-worker: ");
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* False only when it is certain that no worker consumes the job's queue. */
static bool is_served(struct job_post *post, const struct job_message *job)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct error err;
	int consumers = 0;
	const char *queue = bus_queue_of(arena, job);
	return bus_queue_consumers(post->options.bus, queue, &consumers, &err) || consumers > 0;
}

/* A worker may take long; but where there is none, nobody waits for ever. */
static int wait_for_answer(struct job_post *post, const struct job_message *job, struct reply *reply,
	int64_t deadline, struct bus_delivery **out, struct error *err)
{
	for (;;) {
		int64_t until = earlier(deadline, clock_monotonic_ms() + post->options.patience_ms);
		if (reply_wait(reply, until, out, err) == 0)
			return 0;
		if (!is_served(post, job))
			return unserved(job, err);
		if (until == deadline)
			return -1;
	}
}

/* The queue belongs to those who consume it: where it is not, they may be about to declare it again. */
static int publish_patiently(struct job_post *post, const struct job_message *job, const char *traceparent,
	int64_t deadline_ms, struct error *err)
{
	int64_t patience = earlier(deadline_ms, clock_monotonic_ms() + VANISHED_MS);
	while (publish(post, job, traceparent, deadline_ms, err)) {
		if (err->code != ERROR_NOT_FOUND || !clock_left_ms(patience))
			return explain(job, err);
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return 0;
}

int job_post_and_wait(struct job_post *post, const struct job_message *job, const char *traceparent,
	struct arena *arena, struct bus_delivery **delivery, struct result_message *result, struct error *err)
{
	int64_t now = clock_monotonic_ms();
	int64_t deadline = now + (job->deadline_unix_ms - clock_unix_ms());
	CLEANUP(reply_cleanup) struct reply *reply = reply_expect(post->options.replies, job->id);
	if (publish_patiently(post, job, traceparent, earlier(deadline, now + PUBLISH_TIMEOUT_MS), err)) {
		if (err->code == ERROR_DEADLINE)
			err->code = ERROR_UNAVAILABLE; /* the broker took no message: nothing was begun */
		return -1;
	}
	struct bus_delivery *answer;
	if (wait_for_answer(post, job, reply, deadline, &answer, err))
		return -1;
	struct error why;
	if (result_message_unpack(answer->body, answer->length, arena, result, &why)) {
		bus_delivery_settle(answer, BUS_REJECT);
		return error_set_cause(
			err, ERROR_INTERNAL, "a worker's answer is not understood: %s", why.message);
	}
	*delivery = answer;
	return 0;
}

void job_post_background(struct job_post *post, const struct job_message *jobs, size_t count,
	int64_t until_ms, struct error *outcomes)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct bus_message *messages = arena_alloc(arena, (count + 1) * sizeof(*messages));
	for (size_t i = 0; i < count; i++)
		compose(&jobs[i], NULL, BUS_RESULTS_SHARED_KEY, arena, &messages[i]);
	int64_t deadline = earlier(until_ms, clock_monotonic_ms() + PUBLISH_TIMEOUT_MS);
	bus_publisher_send_all(post->options.publisher, messages, count, deadline, outcomes);
	for (size_t i = 0; i < count; i++)
		if (outcomes[i].code != ERROR_NONE)
			explain(&jobs[i], &outcomes[i]);
}

int64_t job_hand_over_until_ms(void)
{
	return clock_monotonic_ms() + JOB_HAND_OVER_MS / 2;
}
