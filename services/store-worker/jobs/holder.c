/* SPDX-License-Identifier: MIT */
#include "jobs/holder.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "schemas/bus_names.h"

#include <pthread.h>
#include <string.h>

enum {
	HOLD_EVERY_MS = 5000,
	LOOK_EVERY_MS = 1000,
	GAP_MS = 3 * HOLD_EVERY_MS,
	REPEAT_EVERY_MS = 60 * 1000,
	PUBLISH_TIMEOUT_MS = 10 * 1000,
};

struct site {
	const char *name, *queue;
	pthread_mutex_t lock; /* held while announcing: others wait until it is known */
	uint64_t subscribed;  /* of the last delivery */
	bool announced;
	bool anew; /* since then the queue has been subscribed again, or it was never announced */
	int64_t announced_ms, seen_ms; /* seen: the last hold job */
};

struct holder {
	struct holder_options options;
	struct arena *arena;
	struct site *sites;
	size_t count;
	bool (*connected)(void *context);
	void *context;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	bool running, stopping;
	pthread_t thread;
};

struct holder *holder_create(const struct holder_options *options)
{
	struct holder *holder = memory_alloc(sizeof(*holder));
	holder->options = *options;
	holder->arena = arena_create();
	while (options->sites[holder->count])
		holder->count++;
	holder->sites = arena_alloc(holder->arena, (holder->count + 1) * sizeof(*holder->sites));
	for (size_t i = 0; i < holder->count; i++) {
		holder->sites[i].name = options->sites[i];
		holder->sites[i].anew = true;
		holder->sites[i].queue = bus_ram_queue(holder->arena, options->sites[i]);
		pthread_mutex_init(&holder->sites[i].lock, NULL);
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&holder->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&holder->lock, NULL);
	return holder;
}

void holder_free(struct holder *holder)
{
	if (!holder)
		return;
	for (size_t i = 0; i < holder->count; i++)
		pthread_mutex_destroy(&holder->sites[i].lock);
	pthread_cond_destroy(&holder->wake);
	pthread_mutex_destroy(&holder->lock);
	arena_free(holder->arena);
	free(holder);
}

/* --- announcing */

static int announce(struct holder *holder, const struct site *site, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct result_message result = {
		.kind = JOB_HOLD,
		.worker = holder->options.worker,
		.code = ERROR_NONE,
		.size = -1,
		.holder = holder->options.id,
		.site = site->name,
		.anew = site->anew,
	};
	result_message_pack(&result, &body);
	struct bus_message message = {
		.exchange = BUS_RESULTS,
		.routing_key = BUS_RESULTS_SHARED_KEY,
		.type = job_kind_name(JOB_HOLD),
		.content_type = "application/msgpack",
		.persistent = true,
		.mandatory = true,
		.body = body.data,
		.length = body.length,
	};
	return bus_publisher_send(
		holder->options.publisher, &message, clock_monotonic_ms() + PUBLISH_TIMEOUT_MS, err);
}

/* Under the site's lock: notes the delivery and tells whether the ownership is to be announced. */
static bool is_due(struct site *site, bool is_hold, int64_t now)
{
	bool gap = is_hold && now - site->seen_ms > GAP_MS;
	if (is_hold)
		site->seen_ms = now;
	return !site->announced || gap || (is_hold && now - site->announced_ms > REPEAT_EVERY_MS);
}

static int site_delivered(struct holder *holder, struct site *site, const struct bus_delivery *delivery,
	bool is_hold, struct error *err)
{
	LOCK_SCOPE(&site->lock);
	int64_t now = clock_monotonic_ms();
	if (delivery->subscribed > site->subscribed) {
		site->announced = false;
		site->anew = true;
		site->subscribed = delivery->subscribed;
	}
	if (!is_due(site, is_hold, now))
		return 0;
	bool told = site->announced;
	site->announced = false;
	if (announce(holder, site, err) != 0)
		return error_prefix(err, "announce the holder of RAM stores: ");
	site->announced = true;
	site->anew = false;
	site->announced_ms = now;
	if (!told)
		log_info("this process holds the RAM stores", LOG_STR("site", site->name),
			LOG_STR("holder", holder->options.id));
	return 0;
}

int holder_delivered(
	struct holder *holder, const struct bus_delivery *delivery, bool is_hold, struct error *err)
{
	for (size_t i = 0; i < holder->count; i++)
		if (strcmp(holder->sites[i].queue, delivery->queue) == 0)
			return site_delivered(holder, &holder->sites[i], delivery, is_hold, err);
	return error_set_cause(
		err, ERROR_INTERNAL, "a delivery from the unknown RAM queue %s", delivery->queue);
}

/* --- the hold jobs */

static void send_hold(struct holder *holder, const struct site *site)
{
	CLEANUP(buf_release) struct buf body = {0};
	char id[RANDOM_UUID_SIZE];
	struct error err;
	random_uuid(id);
	struct job_message job = {
		.id = id,
		.kind = JOB_HOLD,
		.class = JOB_QUICK,
		.attempt = 1,
		.store = {.type = STORE_DICT, .bucket = "", .site = site->name},
		.size = -1,
		.range_last = -1,
	};
	job_message_pack(&job, &body);
	struct bus_message message = {
		.exchange = BUS_JOBS,
		.routing_key = site->queue,
		.correlation_id = id,
		.type = job_kind_name(JOB_HOLD),
		.content_type = "application/msgpack",
		.expiration_ms = HOLD_EVERY_MS,
		.body = body.data,
		.length = body.length,
	};
	if (bus_publisher_send(holder->options.publisher, &message, clock_monotonic_ms() + PUBLISH_TIMEOUT_MS,
		    &err) != 0)
		log_debug("hold job not sent", LOG_STR("site", site->name), LOG_ERROR(&err));
}

/* True when it is time to stop. */
static bool pause_or_stop(struct holder *holder)
{
	LOCK_SCOPE(&holder->lock);
	struct timespec until = clock_timespec(clock_monotonic_ms() + LOOK_EVERY_MS);
	while (!holder->stopping)
		if (pthread_cond_timedwait(&holder->wake, &holder->lock, &until) != 0)
			break;
	return holder->stopping;
}

static void *run(void *context)
{
	struct holder *holder = context;
	int64_t next = 0;
	while (!pause_or_stop(holder)) {
		if (!holder->connected(holder->context) || clock_monotonic_ms() < next)
			continue;
		next = clock_monotonic_ms() + HOLD_EVERY_MS;
		for (size_t i = 0; i < holder->count; i++)
			send_hold(holder, &holder->sites[i]);
	}
	return NULL;
}

void holder_start(struct holder *holder, bool (*connected)(void *context), void *context)
{
	holder->connected = connected;
	holder->context = context;
	if (pthread_create(&holder->thread, NULL, run, holder) != 0)
		abort(); /* at start, as memory_alloc() would */
	holder->running = true;
}

void holder_stop(struct holder *holder)
{
	if (!holder->running)
		return;
	{
		LOCK_SCOPE(&holder->lock);
		holder->stopping = true;
		pthread_cond_signal(&holder->wake);
	}
	pthread_join(holder->thread, NULL);
	holder->running = false;
}
