/* SPDX-License-Identifier: MIT */
#include "domain/transfer.h"

#include "common/clock.h"
#include "common/memory.h"
#include "config.h"
#include "db/pool.h"
#include "domain/transfer_parts.h"
#include "messaging/job_post.h"

struct transfer *transfer_create(const struct transfer_parts *parts)
{
	struct transfer *transfer = memory_alloc(sizeof(*transfer));
	transfer->parts = *parts;
	return transfer;
}

void transfer_free(struct transfer *transfer)
{
	free(transfer);
}

int transfer_check(struct transfer *transfer, struct error *err)
{
	return job_post_check(transfer->parts.post, err);
}

struct spool *transfer_spool(struct transfer *transfer)
{
	return transfer->parts.spool;
}

struct intake_limits transfer_limits(const struct transfer *transfer)
{
	const struct config *config = transfer->parts.config;
	return (struct intake_limits){
		.inline_max = (size_t)config->inline_max, .object_max = config->object_max};
}

struct db_conn *transfer_connect(const struct transfer *transfer, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + transfer->parts.config->database_timeout_ms;
	return db_acquire(transfer->parts.pool, deadline, err);
}

int transfer_find(struct db_conn *conn, const char *pid, enum db_lock lock, struct arena *arena,
	struct media_row *out, struct error *err)
{
	int found = media_find(conn, pid, lock, arena, out, err);
	if (found < 0)
		return -1;
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no media has this pid");
}
