/* SPDX-License-Identifier: MIT */
#include "background/reconciler.h"

#include "background/loop.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "config.h"
#include "db/idempotency_repo.h"
#include "db/job_repo.h"
#include "db/pool.h"
#include "db/token_repo.h"
#include "domain/multipart.h"
#include "domain/spool.h"
#include "domain/upload.h"

enum { DATABASE_MS = 30000, JOB_HISTORY_MS = 7 * 24 * 3600 * 1000, JOB_BATCH = 10000, ANSWER_BATCH = 10000 };

struct reconciler {
	const struct config *config;
	struct db_pool *pool;
	struct spool *spool;
	struct transfer *transfer;
	struct loop *loop;
};

struct sweep {
	struct db_conn *conn;
	struct error err; /* of the question that could not be answered; its file stays */
};

static bool is_needed(void *context, const char *name)
{
	struct sweep *sweep = context;
	return job_spool_needed(sweep->conn, name, &sweep->err) != 0;
}

static void clean(struct reconciler *reconciler)
{
	struct error err;
	int64_t tokens, jobs, answers;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(reconciler->pool, clock_monotonic_ms() + DATABASE_MS, &err);
	if (!conn || token_delete_expired(conn, &tokens, &err) ||
		job_delete_finished(conn, JOB_HISTORY_MS, JOB_BATCH, &jobs, &err) ||
		idempotency_delete_old(
			conn, reconciler->config->idempotency_retention_ms, ANSWER_BATCH, &answers, &err)) {
		log_warn("cleaning up is delayed", LOG_ERROR(&err));
		return;
	}
	struct sweep sweep = {.conn = conn};
	int files = spool_sweep(reconciler->spool, reconciler->config->spool_grace_ms, is_needed, &sweep);
	if (files)
		log_info("removed spool files that nothing refers to", LOG_INT("files", files));
}

static int64_t step(void *context)
{
	struct reconciler *reconciler = context;
	clean(reconciler);
	upload_reconcile(reconciler->transfer);
	multipart_reconcile(reconciler->transfer);
	return reconciler->config->reconcile_interval_ms;
}

struct reconciler *reconciler_create(
	const struct config *config, struct db_pool *pool, struct spool *spool, struct transfer *transfer)
{
	struct reconciler *reconciler = memory_alloc(sizeof(*reconciler));
	*reconciler = (struct reconciler){config, pool, spool, transfer, NULL};
	reconciler->loop = loop_start("reconciler", step, reconciler);
	return reconciler;
}

void reconciler_free(struct reconciler *reconciler)
{
	if (!reconciler)
		return;
	loop_stop(reconciler->loop);
	free(reconciler);
}
