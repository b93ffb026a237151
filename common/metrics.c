/* SPDX-License-Identifier: MIT */
#include "common/metrics.h"

#include "common/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>

/* Upper bounds of the buckets, as numbers and as Prometheus has them (seconds). */
static const struct {
	int64_t ms;
	const char *seconds;
} BOUNDS[METRIC_BUCKETS] = {
	{1, "0.001"},
	{3, "0.003"},
	{10, "0.01"},
	{30, "0.03"},
	{100, "0.1"},
	{250, "0.25"},
	{500, "0.5"},
	{1000, "1"},
	{2500, "2.5"},
	{10000, "10"},
	{30000, "30"},
	{60000, "60"},
};

enum { COUNT = METRIC_BUCKETS, SUM_MS };

static const char *const TYPES[] = {
	[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

void metric_add(struct metric *metric, size_t row, int64_t amount)
{
	assert(row < metric->rows && metric->kind != METRIC_HISTOGRAM);
	atomic_fetch_add_explicit(&metric->values[row], amount, memory_order_relaxed);
}

void metric_set(struct metric *metric, size_t row, int64_t value)
{
	assert(row < metric->rows && metric->kind == METRIC_GAUGE);
	atomic_store_explicit(&metric->values[row], value, memory_order_relaxed);
}

void metric_observe_ms(struct metric *metric, size_t row, int64_t ms)
{
	assert(row < metric->rows && metric->kind == METRIC_HISTOGRAM);
	_Atomic int64_t *values = metric->values + row * METRIC_HISTOGRAM_VALUES;
	size_t bucket = 0;
	if (ms < 0)
		ms = 0;
	while (bucket < METRIC_BUCKETS && ms > BOUNDS[bucket].ms)
		bucket++;
	atomic_fetch_add_explicit(&values[SUM_MS], ms, memory_order_relaxed);
	/* The count goes first and is read last, so that no bucket is ever printed above it. */
	atomic_fetch_add(&values[COUNT], 1);
	if (bucket < METRIC_BUCKETS)
		atomic_fetch_add(&values[bucket], 1);
}

/* {label="value",le="bound"} with what there is of it. */
static void print_labels(const struct metric *metric, size_t row, const char *bound, struct buf *out)
{
	if (!metric->label && !metric->labels && !bound)
		return;
	buf_append(out, "{", 1);
	if (metric->labels)
		buf_printf(out, "%s%s", metric->labels[row], bound ? "," : "");
	else if (metric->label)
		buf_printf(out, "%s=\"%s\"%s", metric->label, metric->label_values[row], bound ? "," : "");
	if (bound)
		buf_printf(out, "le=\"%s\"", bound);
	buf_append(out, "}", 1);
}

static void print_sample(const struct metric *metric, const char *suffix, size_t row, const char *bound,
	int64_t value, struct buf *out)
{
	buf_printf(out, "%s%s", metric->name, suffix);
	print_labels(metric, row, bound, out);
	buf_printf(out, " %" PRId64 "\n", value);
}

static void print_histogram(const struct metric *metric, size_t row, struct buf *out)
{
	_Atomic int64_t *values = metric->values + row * METRIC_HISTOGRAM_VALUES;
	int64_t below = 0;
	for (size_t i = 0; i < METRIC_BUCKETS; i++) {
		below += atomic_load(&values[i]);
		print_sample(metric, "_bucket", row, BOUNDS[i].seconds, below, out);
	}
	int64_t count = atomic_load(&values[COUNT]);
	int64_t sum_ms = atomic_load_explicit(&values[SUM_MS], memory_order_relaxed);
	print_sample(metric, "_bucket", row, "+Inf", count, out);
	buf_printf(out, "%s_sum", metric->name);
	print_labels(metric, row, NULL, out);
	buf_printf(out, " %" PRId64 ".%03d\n", sum_ms / 1000, (int)(sum_ms % 1000));
	print_sample(metric, "_count", row, NULL, count, out);
}

static bool is_zero(const struct metric *metric, size_t row)
{
	bool histogram = metric->kind == METRIC_HISTOGRAM;
	return atomic_load(&metric->values[histogram ? row * METRIC_HISTOGRAM_VALUES + COUNT : row]) == 0;
}

void metric_print(const struct metric *metric, struct buf *out)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
		TYPES[metric->kind]);
	for (size_t row = 0; row < metric->rows; row++) {
		if (metric->sparse && is_zero(metric, row))
			continue;
		if (metric->kind == METRIC_HISTOGRAM)
			print_histogram(metric, row, out);
		else
			print_sample(metric, "", row, NULL, atomic_load(&metric->values[row]), out);
	}
}
