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

/* What a queue's name has had at its end in earlier versions. */
static const char *const NO_OTHER[] = {NULL};
static const char *const FIRST[] = {"", NULL};

/*
 * The job queues: one of each class, and that of a site's RAM stores. Arguments change with the version only.
 *
 * Where someone waits, a lost message costs an error answer, never data, and an expired one is no dead letter. Such a
 * queue is not durable: it goes with the broker node that it is on, and whoever consumes it declares it on another, while
 * a durable one would be away for as long as its node. What is promised and goes through a RAM queue all the same, the
 * gateways post again when its owner says that it has subscribed anew.
 */
static const struct job_queue {
	struct bus_queue arguments; /* but for the name */
	const char *version;        /* the end of the name */
	const char *const *former;
} JOB_QUEUES[] = {
	[JOB_QUICK] = {{.durable = false}, ".v2", FIRST},
	[JOB_STREAM] = {{.durable = false}, ".v2", FIRST},
	[JOB_BACKGROUND] = {{.quorum = true,
				    .durable = true,
				    .delivery_limit = DELIVERY_LIMIT,
				    .dead_letter_exchange = BUS_DEAD},
		"", NO_OTHER},
};
enum { CLASS_COUNT = sizeof(JOB_QUEUES) / sizeof(JOB_QUEUES[0]) };
/* one consumer at a time: the process that holds the bytes */
static const struct job_queue RAM_QUEUE = {{.durable = false, .single_active_consumer = true}, ".v2", FIRST};

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
	{.name = BUS_PROGRESS, .durable = false}, /* like its messages */
	{.name = BUS_DEAD_QUEUE, .quorum = true, .durable = true},
	{.name = BUS_DEAD_PARKED, .quorum = true, .durable = true},
	{.name = NULL},
};

static const char *const BASE_FORMER[] = {"mediastore.progress", NULL};

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

static const char *shared_queue(struct arena *arena, enum job_class class, const char *version)
{
	return arena_printf(arena, "mediastore.jobs.shared.%s%s", job_class_name(class), version);
}

static const char *site_queue(
	struct arena *arena, const char *site, enum job_class class, const char *version)
{
	return arena_printf(arena, "mediastore.jobs.site.%s.%s%s", site, job_class_name(class), version);
}

static const char *ram_queue(struct arena *arena, const char *site, const char *version)
{
	return arena_printf(arena, "mediastore.jobs.ram.%s%s", site, version);
}

const char *bus_shared_queue(struct arena *arena, enum job_class class)
{
	return shared_queue(arena, class, JOB_QUEUES[class].version);
}

const char *bus_site_queue(struct arena *arena, const char *site, enum job_class class)
{
	return site_queue(arena, site, class, JOB_QUEUES[class].version);
}

const char *bus_ram_queue(struct arena *arena, const char *site)
{
	return ram_queue(arena, site, RAM_QUEUE.version);
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
	struct buf queues, bindings, former; /* rows */
};

static void add_queue(struct tables *tables, struct bus_queue queue, const char *name, const char *exchange)
{
	const struct bus_binding binding = {exchange, name, false, name};
	queue.name = name;
	buf_append(&tables->queues, &queue, sizeof(queue));
	buf_append(&tables->bindings, &binding, sizeof(binding));
}

static void add_former(struct tables *tables, const char *name)
{
	buf_append(&tables->former, &name, sizeof(name)); /* the pointer */
}

static void add_base(struct tables *tables, struct arena *arena)
{
	for (const struct bus_queue *queue = BASE_QUEUES; queue->name; queue++)
		buf_append(&tables->queues, queue, sizeof(*queue));
	for (const struct bus_binding *binding = BASE_BINDINGS; binding->source; binding++)
		buf_append(&tables->bindings, binding, sizeof(*binding));
	for (const char *const *name = BASE_FORMER; *name; name++)
		add_former(tables, *name);
	for (int each = 0; each < CLASS_COUNT; each++) {
		const struct job_queue *queue = &JOB_QUEUES[each];
		add_queue(tables, queue->arguments, bus_shared_queue(arena, each), BUS_JOBS);
		for (const char *const *version = queue->former; *version; version++)
			add_former(tables, shared_queue(arena, each, *version));
	}
}

static void add_site(struct tables *tables, struct arena *arena, const char *site)
{
	for (int each = 0; each < CLASS_COUNT; each++) {
		const struct job_queue *queue = &JOB_QUEUES[each];
		add_queue(tables, queue->arguments, bus_site_queue(arena, site, each), BUS_JOBS);
		for (const char *const *version = queue->former; *version; version++)
			add_former(tables, site_queue(arena, site, each, *version));
	}
	add_queue(tables, RAM_QUEUE.arguments, bus_ram_queue(arena, site), BUS_JOBS);
	for (const char *const *version = RAM_QUEUE.former; *version; version++)
		add_former(tables, ram_queue(arena, site, *version));
}

/* Ends the tables and moves them into the arena. */
static struct bus_topology finish(struct tables *tables, struct arena *arena)
{
	const struct bus_queue no_queue = {0};
	const struct bus_binding no_binding = {0};
	buf_append(&tables->queues, &no_queue, sizeof(no_queue));
	buf_append(&tables->bindings, &no_binding, sizeof(no_binding));
	add_former(tables, NULL);
	struct bus_topology topology = {
		.exchanges = EXCHANGES,
		.queues = (const void *)arena_memdup(arena, tables->queues.data, tables->queues.length),
		.bindings = (const void *)arena_memdup(arena, tables->bindings.data, tables->bindings.length),
		.former = (const void *)arena_memdup(arena, tables->former.data, tables->former.length),
	};
	buf_release(&tables->queues);
	buf_release(&tables->bindings);
	buf_release(&tables->former);
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
