/* SPDX-License-Identifier: MIT */
#include "schemas/bus_names.h"

#include "common/arena.h"
#include "common/buf.h"

#include <string.h>

/* Redeliveries after which a message is taken for one that kills its consumers. */
enum { DELIVERY_LIMIT = 5 };

static const struct bus_exchange EXCHANGES[] = {
	{BUS_JOBS, "direct", true},
	{BUS_RESULTS, "direct", true},
	{BUS_EVENTS, "topic", true},
	{BUS_REQUESTS, "topic", true},
	{BUS_DEAD, "fanout", true},
	{BUS_CONTROL, "fanout", true},
	/* for the lab's AMQP helper library, which declares its exchange durable=False */
	{BUS_EVENTS_FANOUT, "fanout", false},
	{BUS_REQUESTS_FANOUT, "fanout", false},
	{NULL, NULL, false},
};

/* Queues of each class, but for the name. Where someone waits, a lost message costs an error answer, never
 * data, and an expired one is no dead letter. */
static const struct bus_queue JOB_QUEUES[] = {
	[JOB_QUICK] = {.durable = true},
	[JOB_STREAM] = {.durable = true},
	[JOB_BACKGROUND] = {.quorum = true,
		.durable = true,
		.delivery_limit = DELIVERY_LIMIT,
		.dead_letter_exchange = BUS_DEAD},
};
enum { CLASS_COUNT = sizeof(JOB_QUEUES) / sizeof(JOB_QUEUES[0]) };

static const struct bus_queue BASE_QUEUES[] = {
	/* no delivery limit: a gateway whose database is away hands results back as often as it takes */
	{.name = BUS_RESULTS_SHARED, .quorum = true, .durable = true, .dead_letter_exchange = BUS_DEAD},
	{.name = BUS_REQUESTS_QUEUE,
		.quorum = true,
		.durable = true,
		.delivery_limit = DELIVERY_LIMIT,
		.dead_letter_exchange = BUS_DEAD},
	{.name = BUS_JOBS_DELIVER,
		.quorum = true,
		.durable = true,
		.delivery_limit = DELIVERY_LIMIT,
		.dead_letter_exchange = BUS_DEAD},
	{.name = BUS_PROGRESS, .durable = true}, /* its messages are transient and expire */
	{.name = BUS_DEAD_QUEUE, .quorum = true, .durable = true},
	{.name = BUS_DEAD_PARKED, .quorum = true, .durable = true},
	{.name = NULL},
};

static const struct bus_binding BASE_BINDINGS[] = {
	{BUS_EVENTS, BUS_EVENTS_FANOUT, true, "#"},
	{BUS_JOBS, BUS_JOBS_DELIVER, false, BUS_JOBS_DELIVER},
	{BUS_RESULTS, BUS_RESULTS_SHARED, false, BUS_RESULTS_SHARED_KEY},
	{BUS_RESULTS, BUS_PROGRESS, false, BUS_PROGRESS_KEY},
	{BUS_REQUESTS, BUS_REQUESTS_QUEUE, false, "#"},
	{BUS_REQUESTS_FANOUT, BUS_REQUESTS_QUEUE, false, ""},
	{BUS_DEAD, BUS_DEAD_QUEUE, false, ""},
	{NULL, NULL, false, NULL},
};

/* --- names */

const char *bus_shared_queue(struct arena *arena, enum job_class class)
{
	return arena_printf(arena, "mediastore.jobs.shared.%s", job_class_name(class));
}

const char *bus_site_queue(struct arena *arena, const char *site, enum job_class class)
{
	return arena_printf(arena, "mediastore.jobs.site.%s.%s", site, job_class_name(class));
}

const char *bus_ram_queue(struct arena *arena, const char *site)
{
	return arena_printf(arena, "mediastore.jobs.ram.%s", site);
}

const char *bus_control_queue(struct arena *arena, const char *worker_id)
{
	return arena_printf(arena, "mediastore.control.%s", worker_id);
}

const char *bus_job_queue(struct arena *arena, const struct store_descriptor *store, enum job_class class)
{
	if (store->type == STORE_BUCKET)
		return bus_shared_queue(arena, class);
	if (store->type == STORE_DICT)
		return bus_ram_queue(arena, store->site);
	return bus_site_queue(arena, store->site, class);
}

const char *bus_queue_of(struct arena *arena, const struct job_message *job)
{
	const struct store_descriptor *store = &job->store, *to = &job->to;
	if (job->kind == JOB_DELIVER)
		return job->class == JOB_BACKGROUND ? BUS_JOBS_DELIVER : bus_shared_queue(arena, job->class);
	bool to_decides = job->kind == JOB_COPY && (store->type == STORE_BUCKET || to->type == STORE_DICT);
	return bus_job_queue(arena, to_decides ? to : store, job->class);
}

bool bus_reaches_both(const struct store_descriptor *from, const struct store_descriptor *to)
{
	return from->type == STORE_BUCKET || to->type == STORE_BUCKET || strcmp(from->site, to->site) == 0;
}

/* --- tables */

struct tables {
	struct buf queues, bindings; /* rows */
};

static void add_queue(struct tables *tables, struct bus_queue queue, const char *name, const char *exchange)
{
	const struct bus_binding binding = {exchange, name, false, name};
	queue.name = name;
	buf_append(&tables->queues, &queue, sizeof(queue));
	buf_append(&tables->bindings, &binding, sizeof(binding));
}

static void add_base(struct tables *tables, struct arena *arena)
{
	for (const struct bus_queue *queue = BASE_QUEUES; queue->name; queue++)
		buf_append(&tables->queues, queue, sizeof(*queue));
	for (const struct bus_binding *binding = BASE_BINDINGS; binding->source; binding++)
		buf_append(&tables->bindings, binding, sizeof(*binding));
	for (int each = 0; each < CLASS_COUNT; each++)
		add_queue(tables, JOB_QUEUES[each], bus_shared_queue(arena, each), BUS_JOBS);
}

static void add_site(struct tables *tables, struct arena *arena, const char *site)
{
	/* one consumer at a time: the process that holds the bytes */
	const struct bus_queue ram = {.durable = true, .single_active_consumer = true};
	for (int each = 0; each < CLASS_COUNT; each++)
		add_queue(tables, JOB_QUEUES[each], bus_site_queue(arena, site, each), BUS_JOBS);
	add_queue(tables, ram, bus_ram_queue(arena, site), BUS_JOBS);
}

/* Ends the tables and moves them into the arena. */
static struct bus_topology finish(struct tables *tables, struct arena *arena)
{
	const struct bus_queue no_queue = {0};
	const struct bus_binding no_binding = {0};
	buf_append(&tables->queues, &no_queue, sizeof(no_queue));
	buf_append(&tables->bindings, &no_binding, sizeof(no_binding));
	struct bus_topology topology = {
		.exchanges = EXCHANGES,
		.queues = (const void *)arena_memdup(arena, tables->queues.data, tables->queues.length),
		.bindings = (const void *)arena_memdup(arena, tables->bindings.data, tables->bindings.length),
	};
	buf_release(&tables->queues);
	buf_release(&tables->bindings);
	return topology;
}

struct bus_topology bus_topology_base(struct arena *arena)
{
	struct tables tables = {0};
	add_base(&tables, arena);
	return finish(&tables, arena);
}

struct bus_topology bus_topology_worker(struct arena *arena, const char *const *sites)
{
	struct tables tables = {0};
	add_base(&tables, arena);
	for (; *sites; sites++)
		add_site(&tables, arena, *sites);
	return finish(&tables, arena);
}

struct bus_topology bus_topology_control(struct arena *arena, const char *control_queue)
{
	const struct bus_queue queue = {.exclusive = true, .auto_delete = true};
	struct tables tables = {0};
	add_queue(&tables, queue, control_queue, BUS_CONTROL);
	return finish(&tables, arena);
}

struct bus_topology bus_topology_gateway(struct arena *arena, const char *reply_queue)
{
	const struct bus_queue reply = {.exclusive = true, .auto_delete = true};
	struct tables tables = {0};
	add_base(&tables, arena);
	add_queue(&tables, reply, reply_queue, BUS_RESULTS);
	return finish(&tables, arena);
}
