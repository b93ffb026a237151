/* SPDX-License-Identifier: MIT */
#include "background/queues.h"

#include "background/loop.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "db/backlog_repo.h"
#include "db/pool.h"
#include "schemas/bus_names.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

enum { LOOK_EVERY_MS = 5000, DATABASE_MS = 5000, CLASSES = JOB_BACKGROUND + 1 };

static const char JOB_QUEUES[] = "mediastore.jobs.";

struct queues {
	struct db_pool *pool;
	struct bus_inspector *inspector;
	struct loop *loop;
	pthread_mutex_t lock;
	struct arena *arena; /* of what was seen last */
	struct bus_queue_state *seen;
	size_t count;
};

struct list {
	struct bus_queue_state *items;
	size_t count;
};

static void add(struct list *list, const char *name)
{
	list->items[list->count++] = (struct bus_queue_state){.name = name};
}

static int collect(struct queues *queues, struct arena *arena, struct list *out, struct error *err)
{
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(queues->pool, clock_monotonic_ms() + DATABASE_MS, err);
	const char *const *sites;
	size_t count = 0;
	if (!conn || backlog_sites(conn, arena, &sites, err))
		return -1;
	while (sites[count])
		count++;
	out->items = arena_alloc(arena, (3 + CLASSES + count * (CLASSES + 1)) * sizeof(*out->items));
	add(out, BUS_RESULTS_SHARED);
	add(out, BUS_DEAD_QUEUE);
	add(out, BUS_JOBS_DELIVER);
	for (int class = 0; class < CLASSES; class ++)
		add(out, bus_shared_queue(arena, (enum job_class) class));
	for (size_t i = 0; i < count; i++) {
		for (int class = 0; class < CLASSES; class ++)
			add(out, bus_site_queue(arena, sites[i], (enum job_class) class));
		add(out, bus_ram_queue(arena, sites[i]));
	}
	return 0;
}

static void remember(struct queues *queues, struct arena *arena, const struct list *list)
{
	LOCK_SCOPE(&queues->lock);
	arena_free(queues->arena);
	queues->arena = arena;
	queues->seen = list->items;
	queues->count = list->count;
}

static int64_t step(void *context)
{
	struct queues *queues = context;
	struct error err;
	struct list list = {0};
	struct arena *arena = arena_create();
	if (collect(queues, arena, &list, &err) ||
		bus_inspector_look(queues->inspector, list.items, list.count, &err)) {
		log_debug("queues were not looked at", LOG_ERROR(&err));
		list = (struct list){0};
	}
	remember(queues, arena, &list);
	return LOOK_EVERY_MS;
}

struct queues *queues_create(struct db_pool *pool, const struct bus_options *bus)
{
	struct queues *queues = memory_alloc(sizeof(*queues));
	queues->pool = pool;
	queues->inspector = bus_inspector_create(bus);
	pthread_mutex_init(&queues->lock, NULL);
	queues->loop = loop_start("queues", step, queues);
	return queues;
}

void queues_free(struct queues *queues)
{
	if (!queues)
		return;
	loop_stop(queues->loop);
	bus_inspector_free(queues->inspector);
	arena_free(queues->arena);
	pthread_mutex_destroy(&queues->lock);
	free(queues);
}

void queues_print_workers(struct queues *queues, struct buf *out)
{
	LOCK_SCOPE(&queues->lock);
	const char *separator = "";
	buf_append_text(out, "{");
	for (size_t i = 0; i < queues->count; i++) {
		if (strncmp(queues->seen[i].name, JOB_QUEUES, sizeof(JOB_QUEUES) - 1) != 0)
			continue;
		buf_printf(out, "%s\"%s\":%d", separator, queues->seen[i].name, queues->seen[i].consumers);
		separator = ",";
	}
	buf_append_text(out, "}");
}

void queues_print_metrics(struct queues *queues, struct buf *out)
{
	LOCK_SCOPE(&queues->lock);
	buf_append_text(out,
		"# HELP mediastore_queue_consumers Who takes from a queue: workers, of job queues.\n"
		"# TYPE mediastore_queue_consumers gauge\n");
	for (size_t i = 0; i < queues->count; i++)
		buf_printf(out, "mediastore_queue_consumers{queue=\"%s\"} %d\n", queues->seen[i].name,
			queues->seen[i].consumers);
	buf_append_text(out, "# HELP mediastore_queue_messages What waits in a queue.\n"
			     "# TYPE mediastore_queue_messages gauge\n");
	for (size_t i = 0; i < queues->count; i++)
		buf_printf(out, "mediastore_queue_messages{queue=\"%s\"} %" PRIu32 "\n", queues->seen[i].name,
			queues->seen[i].messages);
}
