/* SPDX-License-Identifier: MIT */
#include "jobs/running.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "schemas/bus_names.h"
#include "schemas/control_message.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum {
	REPORT_EVERY_MS = 2000,
	REPORT_LIFE_MS = 15 * 1000, /* nobody wants to know later */
	PUBLISH_TIMEOUT_MS = 5000,
	REMEMBERED = 1024,
	REPORTS_MAX = 256, /* at once */
};

struct running {
	struct running_options options;
	struct bus_subscription subscriptions[2];
	struct bus_consumer *control;
	pthread_t reporter;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct running_job *first;
	char cancelled[REMEMBERED][RANDOM_UUID_SIZE]; /* a ring: what may still come */
	size_t cancellations;
	bool stopping;
};

/* --- cancelling */

static bool was_cancelled(const struct running *running, const char *id)
{
	for (size_t i = 0; i < REMEMBERED; i++)
		if (strcmp(running->cancelled[i], id) == 0)
			return true;
	return false;
}

static void cancel(struct running *running, const char *id)
{
	LOCK_SCOPE(&running->lock);
	for (struct running_job *job = running->first; job; job = job->next)
		if (strcmp(job->id, id) == 0)
			job->watch.cancelled = true;
	if (strlen(id) < RANDOM_UUID_SIZE && !was_cancelled(running, id))
		memcpy(running->cancelled[running->cancellations++ % REMEMBERED], id, strlen(id) + 1);
}

static void deliver(struct bus_delivery *delivery, void *context)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct control_message control;
	struct error err;
	if (control_message_unpack(delivery->body, delivery->length, arena, &control, &err) != 0) {
		log_warn("a control message does not fit its schema", LOG_ERROR(&err));
	} else {
		log_info("a job is cancelled", LOG_STR("job_id", control.job_id));
		cancel(context, control.job_id);
	}
	bus_delivery_settle(delivery, BUS_ACK);
}

/* --- reporting */

struct report {
	char id[RANDOM_UUID_SIZE];
	int64_t attempt, done, total;
};

static size_t collect(struct running *running, struct report *reports)
{
	size_t count = 0;
	int64_t now = clock_monotonic_ms();
	LOCK_SCOPE(&running->lock);
	for (const struct running_job *job = running->first; job && count < REPORTS_MAX; job = job->next) {
		if (!job->reported || now - job->begun_ms < REPORT_EVERY_MS ||
			strlen(job->id) >= RANDOM_UUID_SIZE)
			continue;
		struct report *report = &reports[count++];
		*report = (struct report){
			.attempt = job->attempt, .done = job->watch.done, .total = job->watch.total};
		memcpy(report->id, job->id, strlen(job->id) + 1);
	}
	return count;
}

static void send(const struct running *running, const struct report *report)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct error err;
	struct progress_message progress = {
		report->id, report->attempt, running->options.worker, report->done, report->total};
	progress_message_pack(&progress, &body);
	struct bus_message message = {
		.exchange = BUS_RESULTS,
		.routing_key = BUS_PROGRESS_KEY,
		.correlation_id = report->id,
		.type = "progress",
		.content_type = "application/msgpack",
		.expiration_ms = REPORT_LIFE_MS,
		.body = body.data,
		.length = body.length,
	};
	if (bus_publisher_send(running->options.publisher, &message,
		    clock_monotonic_ms() + PUBLISH_TIMEOUT_MS, &err) != 0)
		log_debug("progress not sent", LOG_STR("job_id", report->id), LOG_ERROR(&err));
}

/* False when it is time to stop. */
static bool rest(struct running *running)
{
	LOCK_SCOPE(&running->lock);
	struct timespec until = clock_timespec(clock_monotonic_ms() + REPORT_EVERY_MS);
	while (!running->stopping)
		if (pthread_cond_timedwait(&running->changed, &running->lock, &until) == ETIMEDOUT)
			break;
	return !running->stopping;
}

static void *report_all(void *context)
{
	struct running *running = context;
	struct report *reports = memory_alloc(REPORTS_MAX * sizeof(*reports));
	while (rest(running)) {
		size_t count = collect(running, reports);
		for (size_t i = 0; i < count && bus_publisher_ready(running->options.publisher); i++)
			send(running, &reports[i]);
	}
	free(reports);
	return NULL;
}

/* --- life */

struct running *running_create(const struct running_options *options)
{
	struct running *running = memory_alloc(sizeof(*running));
	pthread_condattr_t monotonic;
	running->options = *options;
	running->subscriptions[0] = (struct bus_subscription){options->control_queue, 100};
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&running->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&running->lock, NULL);
	if (pthread_create(&running->reporter, NULL, report_all, running) != 0)
		abort(); /* at start, as memory_alloc() would */
	running->control = bus_consumer_create(options->bus, running->subscriptions, deliver, running);
	return running;
}

void running_free(struct running *running)
{
	if (!running)
		return;
	bus_consumer_free(running->control);
	pthread_mutex_lock(&running->lock);
	running->stopping = true;
	pthread_cond_broadcast(&running->changed);
	pthread_mutex_unlock(&running->lock);
	pthread_join(running->reporter, NULL);
	pthread_cond_destroy(&running->changed);
	pthread_mutex_destroy(&running->lock);
	free(running);
}

bool running_ready(const struct running *running)
{
	return bus_consumer_ready(running->control);
}

static bool runs(const struct running *running, const char *id)
{
	const struct running_job *job = running->first;
	while (job && strcmp(job->id, id) != 0)
		job = job->next;
	return job != NULL;
}

static bool is_reported(enum job_kind kind)
{
	return kind != JOB_GET && kind != JOB_STAT && kind != JOB_HOLD;
}

void running_begin(struct running *running, const struct job_message *message, struct running_job *job)
{
	LOCK_SCOPE(&running->lock);
	while (runs(running, message->id))
		pthread_cond_wait(&running->changed, &running->lock);
	*job = (struct running_job){.next = running->first,
		.id = message->id,
		.attempt = message->attempt,
		.begun_ms = clock_monotonic_ms(),
		.reported = is_reported(message->kind)};
	job->watch.cancelled = was_cancelled(running, message->id);
	job->watch.total = message->size;
	running->first = job;
}

void running_end(struct running *running, struct running_job *job)
{
	LOCK_SCOPE(&running->lock);
	struct running_job **at = &running->first;
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	pthread_cond_broadcast(&running->changed);
}
