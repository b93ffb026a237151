/* SPDX-License-Identifier: MIT */
#include "background/results.h"

#include "background/dead_letters.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/job_repo.h"
#include "db/media_repo.h"
#include "db/pool.h"
#include "domain/record.h"
#include "messaging/replies.h"
#include "schemas/bus_names.h"

#include <string.h>

enum { RECORDERS = 2, PREFETCH = 64, DATABASE_PATIENCE_MS = 30000, PAUSE_MS = 500 };

struct waiting {
	struct waiting *next;
	struct bus_delivery *delivery;
};

struct results {
	struct results_options options;
	struct bus_subscription subscriptions[5];
	struct bus_consumer *consumer;
	pthread_t recorders[RECORDERS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct waiting *first, **last; /* at most two times PREFETCH: the broker sends no more */
	bool stopping;
};

/* Waits for the next one; NULL when stopping and none is left. */
static struct bus_delivery *take(struct results *results)
{
	LOCK_SCOPE(&results->lock);
	while (!results->first && !results->stopping)
		pthread_cond_wait(&results->changed, &results->lock);
	struct waiting *entry = results->first;
	if (!entry)
		return NULL;
	results->first = entry->next;
	if (!results->first)
		results->last = &results->first;
	struct bus_delivery *delivery = entry->delivery;
	free(entry);
	return delivery;
}

/* Who holds the RAM stores of a site now. */
static int record_holder(struct db_conn *conn, const struct result_message *result, struct error *err)
{
	int64_t lost = 0;
	if (!result->site || !result->holder)
		return error_set(err, ERROR_INVALID, "a hold result without site or holder");
	if (media_mark_lost(conn, result->site, result->holder, &lost, err))
		return -1;
	if (lost)
		log_warn("objects in memory are lost", LOG_STR("site", result->site),
			LOG_STR("holder", result->holder), LOG_INT("media", lost));
	return result->anew ? job_expect_none_of_ram(conn, result->site, err) : 0;
}

static int record_one(
	struct results *results, const struct result_message *result, struct arena *arena, struct error *err)
{
	CLEANUP(db_release)
	struct db_conn *conn =
		db_acquire(results->options.pool, clock_monotonic_ms() + DATABASE_PATIENCE_MS, err);
	if (!conn)
		return -1;
	if (result->kind == JOB_HOLD)
		return record_holder(conn, result, err);
	enum record_outcome outcome;
	struct error failure = {0};
	if (record_result(conn, results->options.spool, result, arena, &outcome, &failure, err))
		return -1;
	if (outcome == RECORD_FAILED || outcome == RECORD_POSTPONED)
		log_warn(outcome == RECORD_FAILED ? "job failed" : "job will be tried again",
			LOG_STR("job_id", result->job_id), LOG_STR("op", job_kind_name(result->kind)),
			LOG_INT("attempt", result->attempt), LOG_ERROR(&failure));
	return 0;
}

static int unpack_and_record(
	struct results *results, const struct bus_delivery *delivery, struct arena *arena, struct error *err)
{
	struct result_message result;
	if (result_message_unpack(delivery->body, delivery->length, arena, &result, err))
		return -1;
	return record_one(results, &result, arena, err);
}

static int record_progress(
	struct results *results, const struct bus_delivery *delivery, struct arena *arena, struct error *err)
{
	struct progress_message progress;
	if (progress_message_unpack(delivery->body, delivery->length, arena, &progress, err))
		return -1;
	CLEANUP(db_release)
	struct db_conn *conn =
		db_acquire(results->options.pool, clock_monotonic_ms() + DATABASE_PATIENCE_MS, err);
	return conn && job_note_progress(conn, &progress, JOB_RESULT_TIMEOUT_MS, err) >= 0 ? 0 : -1;
}

static int record_dead_letter(
	struct results *results, const struct bus_delivery *delivery, struct arena *arena, struct error *err)
{
	const struct dead_letter_parts parts = {
		results->options.pool, results->options.spool, results->options.publisher};
	return dead_letter_record(&parts, delivery, arena, err);
}

/* The queues, but for this gateway's own. */
static const struct {
	const char *queue;
	int (*record)(struct results *results, const struct bus_delivery *delivery, struct arena *arena,
		struct error *err);
	bool optional; /* what cannot be recorded now is not worth keeping */
	bool awaited;  /* results: whoever waits for one has it first */
} KINDS[] = {
	{BUS_PROGRESS, record_progress, true, false},
	{BUS_DEAD_QUEUE, record_dead_letter, false, false},
	{NULL, unpack_and_record, false, true},
};

static size_t kind_of(const struct bus_delivery *delivery)
{
	size_t kind = 0;
	while (KINDS[kind].queue && strcmp(KINDS[kind].queue, delivery->queue) != 0)
		kind++;
	return kind;
}

static void deliver(struct bus_delivery *delivery, void *context)
{
	struct results *results = context;
	if (KINDS[kind_of(delivery)].awaited && replies_offer(results->options.replies, delivery))
		return;
	struct waiting *entry = memory_alloc(sizeof(*entry));
	entry->delivery = delivery;
	LOCK_SCOPE(&results->lock);
	*results->last = entry;
	results->last = &entry->next;
	pthread_cond_signal(&results->changed);
}

static void record_delivery(struct results *results, struct bus_delivery *delivery)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct error err;
	size_t kind = kind_of(delivery);
	if (KINDS[kind].record(results, delivery, arena, &err) == 0) {
		bus_delivery_settle(delivery, BUS_ACK);
		return;
	}
	bool passing = err.code == ERROR_UNAVAILABLE || err.code == ERROR_DEADLINE || err.code == ERROR_FULL;
	log_error("what came back about a job could not be recorded",
		LOG_STR("job_id", delivery->correlation_id), LOG_STR("queue", delivery->queue),
		LOG_ERROR(&err));
	if (passing)
		clock_sleep_ms(PAUSE_MS);
	bus_delivery_settle(delivery, passing && !KINDS[kind].optional ? BUS_REQUEUE : BUS_REJECT);
}

static void *record_all(void *context)
{
	struct results *results = context;
	for (struct bus_delivery *delivery; (delivery = take(results));)
		record_delivery(results, delivery);
	return NULL;
}

struct results *results_create(const struct results_options *options)
{
	struct results *results = memory_alloc(sizeof(*results));
	results->options = *options;
	results->subscriptions[0] = (struct bus_subscription){options->reply_queue, PREFETCH * 16};
	results->subscriptions[1] = (struct bus_subscription){BUS_RESULTS_SHARED, PREFETCH};
	results->subscriptions[2] = (struct bus_subscription){BUS_PROGRESS, PREFETCH};
	results->subscriptions[3] = (struct bus_subscription){BUS_DEAD_QUEUE, PREFETCH};
	results->last = &results->first;
	pthread_mutex_init(&results->lock, NULL);
	pthread_cond_init(&results->changed, NULL);
	for (int i = 0; i < RECORDERS; i++)
		pthread_create(&results->recorders[i], NULL, record_all, results);
	results->consumer = bus_consumer_create(options->bus, results->subscriptions, deliver, results);
	return results;
}

void results_free(struct results *results)
{
	if (!results)
		return;
	bus_consumer_stop(results->consumer);
	pthread_mutex_lock(&results->lock);
	results->stopping = true;
	pthread_cond_broadcast(&results->changed);
	pthread_mutex_unlock(&results->lock);
	for (int i = 0; i < RECORDERS; i++)
		pthread_join(results->recorders[i], NULL);
	bus_consumer_free(results->consumer);
	pthread_cond_destroy(&results->changed);
	pthread_mutex_destroy(&results->lock);
	free(results);
}

bool results_ready(struct results *results)
{
	return bus_consumer_ready(results->consumer);
}
