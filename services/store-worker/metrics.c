/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "drivers/ram_object.h"
#include "schemas/job_message.h"

enum { KINDS = JOB_HOLD + 1 };

static const char *const KIND_NAMES[] = {"put", "get", "stat", "delete", "copy", "verify", "list", "move",
	"audit", "multipart", "deliver", "hold"};
_Static_assert(sizeof(KIND_NAMES) / sizeof(KIND_NAMES[0]) == KINDS, "a name for each kind");

static _Atomic int64_t done_values[KINDS], failed_values[KINDS],
	duration_values[KINDS * (METRIC_BUCKETS + 2)];

struct metric jobs_done = METRIC_ROWS(COUNTER, "mediastore_worker_jobs_done_total", "Jobs that succeeded.",
	"kind", KIND_NAMES, KINDS, done_values);
struct metric jobs_failed = METRIC_ROWS(COUNTER, "mediastore_worker_jobs_failed_total",
	"Jobs that ended with an error, of whatever cause.", "kind", KIND_NAMES, KINDS, failed_values);
struct metric job_duration = METRIC_ROWS(HISTOGRAM, "mediastore_worker_job_duration_seconds",
	"From taking a job to its result.", "kind", KIND_NAMES, KINDS, duration_values);
METRIC_DEFINE(job_bytes_in, COUNTER, "mediastore_worker_put_bytes_total", "Bytes of objects put.");
METRIC_DEFINE(job_bytes_out, COUNTER, "mediastore_worker_inline_bytes_total",
	"Bytes of objects sent inside results.");
METRIC_DEFINE(
	served_bytes, COUNTER, "mediastore_worker_served_bytes_total", "Bytes of objects served over HTTP.");

METRIC_DEFINE(ram_bytes, GAUGE, "mediastore_worker_ram_bytes", "Memory taken by the objects of DictStores.");

static const struct metric *const METRICS[] = {
	&jobs_done, &jobs_failed, &job_duration, &job_bytes_in, &job_bytes_out, &served_bytes, &ram_bytes};

void metrics_print(struct buf *out)
{
	metric_set(&ram_bytes, 0, ram_used());
	for (size_t i = 0; i < sizeof(METRICS) / sizeof(METRICS[0]); i++)
		metric_print(METRICS[i], out);
}
