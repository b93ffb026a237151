/* SPDX-License-Identifier: MIT */
#include "http/traffic.h"

#include "common/arena.h"
#include "common/metrics.h"
#include "http/router.h"

#include <stddef.h>

/* Every other status counts as the first of its hundred. */
static const int STATUSES[] = {200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413, 415,
	416, 422, 429, 431, 499, 500, 501, 503, 504, 507, 300};
enum { STATUS_COUNT = sizeof(STATUSES) / sizeof(STATUSES[0]) };

struct traffic {
	struct arena *arena;
	const struct route *table;
	size_t rows; /* the routes, and one for what is none */
	struct metric requests, duration;
};

static void label(struct traffic *traffic, size_t row)
{
	const struct route *route = &traffic->table[row];
	bool known = row + 1 < traffic->rows;
	traffic->duration.labels[row] = arena_printf(traffic->arena, "method=\"%s\",route=\"%s\"",
		known ? route->method : "", known ? route->pattern : "");
	for (size_t i = 0; i < STATUS_COUNT; i++)
		traffic->requests.labels[row * STATUS_COUNT + i] = arena_printf(
			traffic->arena, "%s,code=\"%d\"", traffic->duration.labels[row], STATUSES[i]);
}

struct traffic *traffic_create(const struct route *table)
{
	struct arena *arena = arena_create();
	struct traffic *traffic = arena_alloc(arena, sizeof(*traffic));
	size_t rows = 1;
	while (table[rows - 1].method)
		rows++;
	*traffic = (struct traffic){.arena = arena, .table = table, .rows = rows};
	traffic->requests = (struct metric){.name = "mediastore_gateway_requests_total",
		.help = "Requests answered, by route and status.",
		.kind = METRIC_COUNTER,
		.sparse = true,
		.rows = rows * STATUS_COUNT};
	traffic->duration = (struct metric){.name = "mediastore_gateway_request_duration_seconds",
		.help = "From the head of a request to the end of its answer.",
		.kind = METRIC_HISTOGRAM,
		.sparse = true,
		.rows = rows};
	traffic->requests.labels = arena_alloc(arena, rows * STATUS_COUNT * sizeof(char *));
	traffic->requests.values = arena_alloc(arena, rows * STATUS_COUNT * sizeof(int64_t));
	traffic->duration.labels = arena_alloc(arena, rows * sizeof(char *));
	traffic->duration.values = arena_alloc(arena, rows * METRIC_HISTOGRAM_VALUES * sizeof(int64_t));
	for (size_t row = 0; row < rows; row++)
		label(traffic, row);
	return traffic;
}

void traffic_free(struct traffic *traffic)
{
	if (traffic)
		arena_free(traffic->arena);
}

static size_t status_index(int status)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (STATUSES[i] == status)
			return i;
	return status % 100 ? status_index(status - status % 100) : STATUS_COUNT - 1;
}

void traffic_count(struct traffic *traffic, const struct route *route, int status, int64_t ms)
{
	if (!traffic)
		return;
	size_t row = route ? (size_t)(route - traffic->table) : traffic->rows - 1;
	metric_add(&traffic->requests, row * STATUS_COUNT + status_index(status), 1);
	metric_observe_ms(&traffic->duration, row, ms);
}

void traffic_print(const struct traffic *traffic, struct buf *out)
{
	metric_print(&traffic->requests, out);
	metric_print(&traffic->duration, out);
}
