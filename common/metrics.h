/* SPDX-License-Identifier: MIT */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

/*
 * Counters, gauges and latency histograms in the Prometheus text format (0.0.4). A metric is a static
 * object in the module that counts; a service lists its metrics in one table. Histograms are told
 * milliseconds and print seconds, as Prometheus wants them. Names, help and labels need no escaping: no
 * quotes, backslashes or line ends. Lock-free; each row has one label with a value of a list, or any labels as
 * a whole text, or none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum { METRIC_BUCKETS = 12 /* 1 ms to 60 s, and above */, METRIC_HISTOGRAM_VALUES = METRIC_BUCKETS + 2 };

struct metric {
	const char *name, *help;
	enum metric_kind kind;
	const char *label;               /* NULL: none */
	const char *const *label_values; /* as many as `rows` */
	size_t rows;                     /* 1 without a label */
	_Atomic int64_t
		*values; /* rows; for histograms rows * METRIC_HISTOGRAM_VALUES: buckets, count, sum in ms */
	const char **labels; /* instead of `label`: those of each row, "method=\"GET\",code=\"200\"" */
	bool sparse;         /* rows that are 0 are not printed */
};

/* Defines a metric without label: METRIC_DEFINE(requests_total, COUNTER, "mediastore_requests_total", "…") */
#define METRIC_DEFINE(variable, kind_, name_, help_)                                                         \
	static _Atomic int64_t                                                                               \
		variable##_values[METRIC_##kind_ == METRIC_HISTOGRAM ? METRIC_BUCKETS + 2 : 1];              \
	struct metric variable = {.name = (name_),                                                           \
		.help = (help_),                                                                             \
		.kind = METRIC_##kind_,                                                                      \
		.rows = 1,                                                                                   \
		.values = variable##_values}
/* The value of a metric with rows: METRIC_ROWS(COUNTER, "mediastore_jobs_total", "…", "kind", KINDS, 3, values) */
#define METRIC_ROWS(kind_, name_, help_, label_, label_values_, rows_, values_)                              \
	{                                                                                                    \
		.name = (name_), .help = (help_), .kind = METRIC_##kind_, .label = (label_),                 \
		.label_values = (label_values_), .rows = (rows_), .values = (values_)                        \
	}

void metric_add(struct metric *metric, size_t row, int64_t amount);
void metric_set(struct metric *metric, size_t row, int64_t value);
void metric_observe_ms(struct metric *metric, size_t row, int64_t ms);
/* Appends the metric in exposition format. */
void metric_print(const struct metric *metric, struct buf *out);

#endif
