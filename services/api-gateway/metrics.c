/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "background/queues.h"
#include "background/relay.h"
#include "background/results.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "db/backlog_repo.h"
#include "db/delivery_repo.h"
#include "db/pool.h"
#include "domain/spool.h"
#include "http/budget.h"
#include "http/traffic.h"

#include <inttypes.h>

enum { DATABASE_MS = 2000 };

static void family(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP mediastore_%s %s\n# TYPE mediastore_%s gauge\n", name, help, name);
}

static void gauge(struct buf *out, const char *name, int64_t value, const char *help)
{
	family(out, name, help);
	buf_printf(out, "mediastore_%s %" PRId64 "\n", name, value);
}

static void print_backlog(struct buf *out, const struct backlog *backlog)
{
	gauge(out, "outbox_events", backlog->events,
		"Events of committed changes that the broker has not confirmed yet.");
	family(out, "outbox_oldest_seconds", "Age of the oldest of them.");
	buf_printf(out, "mediastore_outbox_oldest_seconds %" PRId64 ".%03d\n", backlog->oldest_ms / 1000,
		(int)(backlog->oldest_ms % 1000));
	gauge(out, "event_seq", backlog->last_seq, "Number of the last event; it rises by one with each.");
	family(out, "jobs", "Jobs by state; finished ones are not counted.");
	buf_printf(out,
		"mediastore_jobs{state=\"queued\"} %" PRId64 "\nmediastore_jobs{state=\"running\"} %" PRId64
		"\nmediastore_jobs{state=\"dead\"} %" PRId64 "\n",
		backlog->queued, backlog->running, backlog->dead);
	gauge(out, "jobs_overdue", backlog->overdue,
		"Queued jobs that no gateway has handed over for 5 seconds after their time.");
}

static void print_webhooks(struct buf *out, const struct delivery_backlog *backlog)
{
	family(out, "webhooks", "Webhooks by state; failing ones are active as well.");
	buf_printf(out,
		"mediastore_webhooks{state=\"active\"} %" PRId64
		"\nmediastore_webhooks{state=\"failing\"} %" PRId64
		"\nmediastore_webhooks{state=\"disabled\"} %" PRId64 "\n",
		backlog->active, backlog->failing, backlog->disabled);
	family(out, "webhook_deliveries", "Deliveries to webhooks by state, of those that are kept.");
	buf_printf(out,
		"mediastore_webhook_deliveries{state=\"pending\"} %" PRId64
		"\nmediastore_webhook_deliveries{state=\"failed\"} %" PRId64 "\n",
		backlog->pending, backlog->failed);
	gauge(out, "webhook_events_behind", backlog->behind,
		"Events that the active webhook furthest back has not come to.");
}

static void print_database(const struct metrics_parts *parts, struct buf *out)
{
	struct error err;
	struct backlog backlog;
	struct delivery_backlog webhooks;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(parts->pool, clock_monotonic_ms() + DATABASE_MS, &err);
	bool up = conn && backlog_read(conn, &backlog, &err) == 0 &&
		  delivery_backlog_read(conn, &webhooks, &err) == 0;
	gauge(out, "database_up", up,
		"Whether the database has answered just now; if not, what it knows is not told.");
	if (!up)
		return;
	print_backlog(out, &backlog);
	print_webhooks(out, &webhooks);
}

static void print_pools(const struct metrics_parts *parts, struct buf *out)
{
	static const char *const NAMES[] = {"requests", "lists"};
	struct db_pool *const pools[] = {parts->pool, parts->lists};
	family(out, "database_connections", "Connections to the database, by pool.");
	for (int i = 0; i < 2; i++) {
		struct db_pool_usage usage = db_pool_usage(pools[i]);
		buf_printf(out,
			"mediastore_database_connections{pool=\"%s\",state=\"limit\"} %d\n"
			"mediastore_database_connections{pool=\"%s\",state=\"open\"} %d\n"
			"mediastore_database_connections{pool=\"%s\",state=\"busy\"} %d\n"
			"mediastore_database_connections{pool=\"%s\",state=\"waited_for\"} %d\n",
			NAMES[i], usage.size, NAMES[i], usage.open, NAMES[i], usage.busy, NAMES[i],
			usage.waiting);
	}
}

static void print_limits(const struct metrics_parts *parts, struct buf *out)
{
	gauge(out, "transfers", budget_taken(parts->transfers), "Uploads and downloads under way.");
	gauge(out, "body_bytes", budget_taken(parts->bodies), "Memory that JSON bodies take.");
	struct spool_usage spool = spool_usage(parts->spool);
	gauge(out, "spool_files", spool.files,
		"Uploads in the spool directory, of all gateways that share it.");
	gauge(out, "spool_bytes", spool.bytes, "What they take.");
	gauge(out, "spool_free_bytes", spool.free_bytes, "Room that is left on its file system.");
}

static void print_broker(const struct metrics_parts *parts, struct buf *out)
{
	family(out, "broker_connected", "Whether the connection works, by what it is for.");
	buf_printf(out,
		"mediastore_broker_connected{connection=\"publish\"} %d\n"
		"mediastore_broker_connected{connection=\"results\"} %d\n",
		bus_publisher_ready(parts->publisher), results_ready(parts->results));
	queues_print_metrics(parts->queues, out);
}

void metrics_print(void *metrics_parts, struct buf *out)
{
	const struct metrics_parts *parts = metrics_parts;
	traffic_print(parts->traffic, out);
	print_pools(parts, out);
	print_database(parts, out);
	metric_print(&relay_events, out);
	metric_print(&relay_leading, out);
	print_broker(parts, out);
	print_limits(parts, out);
}
