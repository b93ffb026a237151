/* SPDX-License-Identifier: MIT */
#include "domain/once.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/seal.h"
#include "db/idempotency_repo.h"
#include "db/pool.h"

#include <inttypes.h>
#include <string.h>

enum { POLL_FIRST_MS = 20, POLL_LAST_MS = 320 };

struct once {
	struct once_options options;
	pthread_mutex_t lock; /* guards the list */
	struct once_claim *claims;
};

struct once *once_create(const struct once_options *options)
{
	struct once *once = memory_alloc(sizeof(*once));
	once->options = *options;
	pthread_mutex_init(&once->lock, NULL);
	return once;
}

void once_free(struct once *once)
{
	if (!once)
		return;
	pthread_mutex_destroy(&once->lock);
	free(once);
}

static struct db_conn *connect(const struct once *once, struct error *err)
{
	return db_acquire(once->options.pool, clock_monotonic_ms() + once->options.timeout_ms, err);
}

static struct idempotency_key key_of(const struct once_request *request)
{
	return (struct idempotency_key){request->user_pk, request->key, request->fingerprint_hex};
}

/* --- what is at work here */

static void enlist(struct once *once, struct once_claim *claim)
{
	LOCK_SCOPE(&once->lock);
	claim->next = once->claims;
	claim->link = &once->claims;
	if (claim->next)
		claim->next->link = &claim->next;
	once->claims = claim;
}

static void strike(struct once *once, struct once_claim *claim)
{
	LOCK_SCOPE(&once->lock);
	*claim->link = claim->next;
	if (claim->next)
		claim->next->link = claim->link;
}

static size_t copy_ids(struct once *once, struct arena *arena, const char ***out)
{
	LOCK_SCOPE(&once->lock);
	size_t count = 0;
	for (const struct once_claim *claim = once->claims; claim; claim = claim->next)
		count++;
	*out = arena_alloc(arena, (count + 1) * sizeof(**out));
	size_t at = 0;
	for (const struct once_claim *claim = once->claims; claim; claim = claim->next)
		(*out)[at++] = arena_strdup(arena, claim->id);
	return count;
}

int once_renew(struct once *once, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	const char **ids;
	size_t count = copy_ids(once, arena, &ids);
	if (count == 0)
		return 0;
	CLEANUP(db_release) struct db_conn *conn = connect(once, err);
	return conn ? idempotency_renew(conn, ids, count, ONCE_LEASE_MS, err) : -1;
}

/* --- answers at rest */

static const char *seal_context(const struct once_request *request, struct arena *arena)
{
	return arena_printf(arena, "idempotency:%" PRId64 ":%s", request->user_pk, request->key);
}

static void release_buf(void *buf)
{
	buf_release(buf);
}

static int open_answer(const struct once *once, const struct once_request *request,
	const struct idempotency_row *row, struct arena *arena, struct once_answer *out, struct error *err)
{
	*out = (struct once_answer){row->status, NULL};
	if (!row->answer)
		return 0;
	struct buf *text = arena_alloc(arena, sizeof(*text));
	arena_defer(arena, release_buf, text);
	if (seal_open(once->options.seal_key, seal_context(request, arena), row->answer, text, err))
		return -1;
	out->text = text->data;
	return 0;
}

/* --- begin */

/* 1 ours / 0 answered / 2 at work elsewhere, or gone again / -1 */
static int try_once(struct once *once, const struct once_request *request, struct arena *arena,
	struct once_claim *claim, struct once_answer *answer, struct error *err)
{
	struct idempotency_key key = key_of(request);
	struct idempotency_row row;
	CLEANUP(db_release) struct db_conn *conn = connect(once, err);
	int ours = conn ? idempotency_claim(conn, &key, claim->id, request->seize, ONCE_LEASE_MS,
				  once->options.retention_ms, arena, &claim->effect, err)
			: -1;
	if (ours != 0)
		return ours;
	int found = idempotency_find(conn, &key, arena, &row, err);
	if (found <= 0)
		return found < 0 ? -1 : 2;
	if (!row.same)
		return error_set(err, ERROR_INVALID, "this Idempotency-Key came with another request before");
	if (row.status == 0)
		return 2;
	return open_answer(once, request, &row, arena, answer, err);
}

int once_begin(struct once *once, const struct once_request *request, struct arena *arena,
	struct once_claim *claim, struct once_answer *answer, struct error *err)
{
	int64_t until_ms = clock_monotonic_ms() + once->options.wait_ms;
	*claim = (struct once_claim){.request = *request};
	random_uuid(claim->id);
	for (int64_t pause_ms = POLL_FIRST_MS;;
		pause_ms = pause_ms < POLL_LAST_MS ? 2 * pause_ms : pause_ms) {
		int result = try_once(once, request, arena, claim, answer, err);
		if (result == 1)
			enlist(once, claim);
		if (result != 2)
			return result;
		if (clock_left_ms(until_ms) == 0)
			return error_set(
				err, ERROR_CONFLICT, "a request with this Idempotency-Key is in progress");
		clock_sleep_ms(pause_ms < clock_left_ms(until_ms) ? pause_ms : clock_left_ms(until_ms));
	}
}

/* --- end */

static int lost(struct error *err)
{
	return error_set(
		err, ERROR_CONFLICT, "another gateway has taken over this request with its Idempotency-Key");
}

/* 1 / 0 the claim is another's by now, or its answer was kept before / -1 */
static int store(const struct once *once, struct db_conn *conn, const struct once_claim *claim,
	const struct once_answer *answer, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	CLEANUP(buf_release) struct buf sealed = {0};
	struct idempotency_key key = key_of(&claim->request);
	if (answer->text && (int64_t)strlen(answer->text) <= once->options.answer_max)
		seal_text(
			once->options.seal_key, seal_context(&claim->request, arena), answer->text, &sealed);
	return idempotency_finish(conn, &key, claim->id, answer->status, sealed.data, err);
}

int once_enter(struct once *once, struct once_claim *claim, struct db_pool **pool, struct error *err)
{
	claim->conn = connect(once, err);
	claim->enclosed = claim->conn ? db_enclose(claim->conn, err) : NULL;
	*pool = claim->enclosed;
	if (claim->enclosed)
		return 0;
	once_leave(claim);
	return -1;
}

int once_commit(
	struct once *once, struct once_claim *claim, const struct once_answer *answer, struct error *err)
{
	db_set_deadline(claim->conn, clock_monotonic_ms() + once->options.timeout_ms);
	int kept = store(once, claim->conn, claim, answer, err);
	int result = kept == 0 ? lost(err) : kept < 0 ? -1 : db_enclosed_commit(&claim->enclosed, err);
	claim->kept = result == 0;
	once_leave(claim);
	return result;
}

void once_leave(struct once_claim *claim)
{
	db_enclosed_rollback(&claim->enclosed);
	db_release(&claim->conn);
}

int once_note_effect(struct db_conn *conn, const char *claim_id, const char *effect, struct error *err)
{
	if (!claim_id)
		return 0;
	int noted = idempotency_note_effect(conn, claim_id, effect, err);
	return noted == 1 ? 0 : noted == 0 ? lost(err) : -1;
}

static int finish(const struct once *once, const struct once_claim *claim, const struct once_answer *answer,
	struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(once, err);
	return conn ? store(once, conn, claim, answer, err) : -1;
}

void once_finish(struct once *once, struct once_claim *claim, const struct once_answer *answer)
{
	struct error err;
	if (!claim->kept && finish(once, claim, answer, &err) < 0)
		log_warn(
			"the answer to a request with an Idempotency-Key could not be kept", LOG_ERROR(&err));
	strike(once, claim);
}

void once_forget(struct once *once, struct once_claim *claim)
{
	struct error err;
	struct idempotency_key key = key_of(&claim->request);
	CLEANUP(db_release) struct db_conn *conn = connect(once, &err);
	if (!conn || idempotency_forget(conn, &key, claim->id, &err) < 0)
		log_warn("a request with an Idempotency-Key stays claimed until its lease ends",
			LOG_ERROR(&err));
	strike(once, claim);
}
