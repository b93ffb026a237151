/* SPDX-License-Identifier: MIT */
#include "background/hand_over.h"

#include "common/arena.h"
#include "common/log.h"
#include "domain/record.h"
#include "domain/retry.h"
#include "messaging/job_post.h"

struct batch {
	const struct job_row **rows;
	struct job_message *jobs;
	size_t count;
};

static bool is_final(const struct error *why)
{
	return why->code == ERROR_NOT_FOUND || why->code == ERROR_CONFLICT || why->code == ERROR_GONE;
}

/* Those that have a message. -1: those before, and the rest is not looked at. */
static int compose(const struct hand_over *work, const struct job_row *rows, size_t count,
	struct arena *arena, struct batch *out, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct error why;
		if (work->compose(work->context, &rows[i], i, arena, &out->jobs[out->count], &why) == 0) {
			out->rows[out->count++] = &rows[i];
			continue;
		}
		if (!is_final(&why)) {
			*err = why;
			return -1;
		}
		if (record_failure(work->conn, work->spool, rows[i].id, rows[i].attempt, &why, err))
			return -1;
	}
	return 0;
}

/* What the broker did not take; the others move to the front of the rows. */
static int put_back(
	const struct hand_over *work, struct batch *batch, const struct error *outcomes, struct error *err)
{
	size_t posted = 0;
	int result = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct job_row *row = batch->rows[i];
		if (outcomes[i].code == ERROR_NONE) {
			batch->rows[posted++] = row;
			continue;
		}
		log_warn("a job could not be handed over yet", LOG_STR("job_id", row->id),
			LOG_ERROR(&outcomes[i]));
		if (result == 0 && job_put_back(work->conn, row->id, row->attempt,
					   retry_delay_ms(row->kind, 1), err) < 0)
			result = -1;
	}
	batch->count = posted;
	return result;
}

int hand_over(const struct hand_over *work, const struct job_row *rows, size_t count, struct arena *arena,
	struct error *err)
{
	struct batch batch = {
		.rows = arena_alloc(arena, (count + 1) * sizeof(*batch.rows)),
		.jobs = arena_alloc(arena, (count + 1) * sizeof(*batch.jobs)),
	};
	struct error *outcomes = arena_alloc(arena, (count + 1) * sizeof(*outcomes)), late;
	int composed = compose(work, rows, count, arena, &batch, err);
	if (batch.count)
		job_post_background(work->post, batch.jobs, batch.count, work->until_ms, outcomes);
	int returned = put_back(work, &batch, outcomes, composed ? &late : err);
	if (job_note_posted(work->conn, batch.rows, batch.count, JOB_RESULT_TIMEOUT_MS, &late))
		log_warn("jobs will be posted a second time", LOG_ERROR(&late));
	return composed || returned ? -1 : 0;
}
