/* SPDX-License-Identifier: MIT */
#include "jobs/consumer.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "jobs/holder.h"
#include "jobs/jobs.h"
#include "jobs/precedence.h"
#include "jobs/report.h"
#include "jobs/running.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PAUSE_MS = 2000 /* before a job whose result could not be published is given back */ };

struct waiting {
	struct waiting *next;
	struct bus_delivery *delivery;
};

struct job_consumer {
	struct job_consumer_options options;
	struct bus_subscription *subscriptions;
	struct bus_consumer *bus;
	pthread_t *threads;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct waiting *first, **last; /* bounded by the prefetch */
	int alive;
	bool stopping;
};

/* --- one delivery */

/* Waits a little, less when the worker is being stopped. */
static void pause_unless_stopping(struct job_consumer *consumer, int64_t ms)
{
	LOCK_SCOPE(&consumer->lock);
	struct timespec until = clock_timespec(clock_monotonic_ms() + ms);
	while (!consumer->stopping)
		if (pthread_cond_timedwait(&consumer->changed, &consumer->lock, &until) != 0)
			return;
}

static enum bus_settlement give_back(
	struct job_consumer *consumer, const struct job_message *message, const struct error *err)
{
	log_warn("job given back to the broker", LOG_STR("job_id", message->id),
		LOG_STR("request_id", message->request_id), LOG_STR("op", job_kind_name(message->kind)),
		LOG_ERROR(err));
	pause_unless_stopping(consumer, PAUSE_MS);
	return BUS_REQUEUE;
}

static void give_way(void *turn)
{
	precedence_give_way(turn);
}

static void run_watched(
	struct running *running, struct precedence_turn *turn, struct job *job, struct result_message *result)
{
	struct running_job entry;
	if (running) {
		running_begin(running, job->message, &entry);
		entry.watch.between = turn ? give_way : NULL;
		entry.watch.context = turn;
		job->watch = &entry.watch;
	}
	jobs_run(job, result);
	if (running)
		running_end(running, &entry);
}

static enum bus_settlement run_and_report(struct job_consumer *consumer, const struct bus_delivery *delivery,
	const struct job_message *message, struct precedence_turn *turn, struct arena *arena)
{
	struct result_message result;
	struct error err;
	struct job job = {
		.environment = consumer->options.environment,
		.arena = arena,
		.message = message,
		.traceparent = bus_delivery_header(delivery, "traceparent"),
		.again = delivery->redelivered,
	};
	run_watched(consumer->options.running, turn, &job, &result);
	if (report_result(consumer->options.publisher, delivery, message, &result, &err) != 0)
		return give_back(consumer, message, &err);
	return BUS_ACK;
}

/* turn: NULL for a job that somebody waits for. */
static enum bus_settlement process(
	struct job_consumer *consumer, const struct bus_delivery *delivery, struct precedence_turn *turn)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct job_message message;
	struct error err;
	if (job_message_unpack(delivery->body, delivery->length, arena, &message, &err) != 0) {
		log_error("a message is no job", LOG_STR("queue", delivery->queue),
			LOG_STR("message_id", delivery->message_id), LOG_ERROR(&err));
		return BUS_REJECT;
	}
	struct holder *holder = consumer->options.holder;
	bool is_hold = message.kind == JOB_HOLD;
	if (holder && holder_delivered(holder, delivery, is_hold, &err) != 0)
		return give_back(consumer, &message, &err);
	if (holder && is_hold)
		return BUS_ACK;
	return run_and_report(consumer, delivery, &message, turn, arena);
}

/* --- threads */

static struct bus_delivery *take(struct job_consumer *consumer)
{
	LOCK_SCOPE(&consumer->lock);
	while (!consumer->first && !consumer->stopping)
		pthread_cond_wait(&consumer->changed, &consumer->lock);
	struct waiting *waiting = consumer->first;
	if (!waiting || consumer->stopping)
		return NULL;
	struct bus_delivery *delivery = waiting->delivery;
	consumer->first = waiting->next;
	if (!consumer->first)
		consumer->last = &consumer->first;
	free(waiting);
	return delivery;
}

static void settle_first(struct job_consumer *consumer, struct bus_delivery *delivery)
{
	precedence_begin(consumer->options.precedence);
	bus_delivery_settle(delivery, process(consumer, delivery, NULL));
	precedence_end(consumer->options.precedence);
}

static void settle_in_turn(
	struct job_consumer *consumer, struct bus_delivery *delivery, struct precedence_turn *turn)
{
	bus_delivery_settle(delivery, process(consumer, delivery, turn));
	precedence_give_way(turn);
}

static void *work(void *context)
{
	struct job_consumer *consumer = context;
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), consumer->options.niceness) != 0)
		log_debug("a thread keeps its priority", LOG_INT("errno", errno));
	struct precedence_turn turn = {consumer->options.precedence, consumer->options.threads, 0};
	for (struct bus_delivery *delivery; (delivery = take(consumer)) != NULL;)
		if (consumer->options.waited_for)
			settle_first(consumer, delivery);
		else
			settle_in_turn(consumer, delivery, &turn);
	LOCK_SCOPE(&consumer->lock);
	consumer->alive--;
	pthread_cond_broadcast(&consumer->changed);
	return NULL;
}

/* On the bus's thread. */
static void deliver(struct bus_delivery *delivery, void *context)
{
	struct job_consumer *consumer = context;
	struct waiting *waiting = memory_alloc(sizeof(*waiting));
	waiting->delivery = delivery;
	bool refused;
	{
		LOCK_SCOPE(&consumer->lock);
		refused = consumer->stopping;
		if (!refused) {
			*consumer->last = waiting;
			consumer->last = &waiting->next;
			pthread_cond_broadcast(&consumer->changed);
		}
	}
	if (refused) {
		free(waiting);
		bus_delivery_settle(delivery, BUS_REQUEUE);
	}
}

/* --- life */

static void subscribe(struct job_consumer *consumer)
{
	size_t count = 0;
	while (consumer->options.queues[count])
		count++;
	consumer->subscriptions = memory_alloc((count + 1) * sizeof(*consumer->subscriptions));
	for (size_t i = 0; i < count; i++)
		consumer->subscriptions[i] =
			(struct bus_subscription){consumer->options.queues[i], consumer->options.threads};
}

struct job_consumer *job_consumer_create(const struct job_consumer_options *options)
{
	struct job_consumer *consumer = memory_alloc(sizeof(*consumer));
	pthread_condattr_t monotonic;
	consumer->options = *options;
	consumer->last = &consumer->first;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&consumer->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&consumer->lock, NULL);
	subscribe(consumer);
	consumer->threads = memory_alloc((size_t)options->threads * sizeof(*consumer->threads));
	consumer->alive = options->threads;
	for (int i = 0; i < options->threads; i++)
		if (pthread_create(&consumer->threads[i], NULL, work, consumer) != 0)
			abort(); /* at start, as memory_alloc() would */
	consumer->bus = bus_consumer_create(options->bus, consumer->subscriptions, deliver, consumer);
	return consumer;
}

bool job_consumer_ready(const struct job_consumer *consumer)
{
	return bus_consumer_ready(consumer->bus);
}

void job_consumer_stop(struct job_consumer *consumer)
{
	struct waiting *unbegun;
	bus_consumer_stop(consumer->bus);
	{
		LOCK_SCOPE(&consumer->lock);
		consumer->stopping = true;
		unbegun = consumer->first;
		consumer->first = NULL;
		consumer->last = &consumer->first;
		pthread_cond_broadcast(&consumer->changed);
	}
	while (unbegun) {
		struct waiting *next = unbegun->next;
		bus_delivery_settle(unbegun->delivery, BUS_REQUEUE);
		free(unbegun);
		unbegun = next;
	}
}

bool job_consumer_wait(struct job_consumer *consumer, int64_t deadline_ms)
{
	LOCK_SCOPE(&consumer->lock);
	struct timespec until = clock_timespec(deadline_ms);
	while (consumer->alive > 0)
		if (pthread_cond_timedwait(&consumer->changed, &consumer->lock, &until) != 0)
			break;
	return consumer->alive == 0;
}

void job_consumer_free(struct job_consumer *consumer)
{
	if (!consumer)
		return;
	for (int i = 0; i < consumer->options.threads; i++)
		pthread_join(consumer->threads[i], NULL);
	bus_consumer_free(consumer->bus);
	pthread_cond_destroy(&consumer->changed);
	pthread_mutex_destroy(&consumer->lock);
	free(consumer->threads);
	free(consumer->subscriptions);
	free(consumer);
}
