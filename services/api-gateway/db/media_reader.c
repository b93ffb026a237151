/* SPDX-License-Identifier: MIT */

/*
 * Who finds a turn free takes it; the others queue. At the end of a turn the first in the queue takes it over, with as
 * many of those behind as one statement may have. As all have the same timeout, whoever leads is the first whose
 * deadline comes.
 */

#include "db/media_reader.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/gate.h"
#include "common/memory.h"
#include "db/media_repo.h"
#include "db/pool.h"

#include <stdlib.h>

enum { TURNS = 2, TOGETHER = 32 };

enum state {
	QUEUED,
	LEADS,    /* has a turn: may read, for others too */
	ANSWERED, /* json and version are set, or there is no such media */
	ALONE     /* must read for itself */
};

/* Somebody who reads, on its thread's stack. Whoever takes it from the queue sets its state and opens the gate. */
struct reading {
	const char *pid;
	int64_t deadline_ms;
	struct reading *next;
	struct gate gate;
	enum state state;
	char *json; /* on the heap; NULL: no such media */
	int64_t version;
};

struct media_reader {
	struct db_pool *pool;
	int64_t timeout_ms;
	pthread_mutex_t lock; /* guards what follows */
	int turns;            /* taken */
	struct reading *first, **end;
};

struct media_reader *media_reader_create(struct db_pool *pool, int64_t timeout_ms)
{
	struct media_reader *reader = memory_alloc(sizeof(*reader));
	reader->pool = pool;
	reader->timeout_ms = timeout_ms;
	reader->end = &reader->first;
	pthread_mutex_init(&reader->lock, NULL);
	return reader;
}

void media_reader_free(struct media_reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

/* --- the queue */

static void reading_init(const struct media_reader *reader, const char *pid, struct reading *out)
{
	*out = (struct reading){.pid = pid, .deadline_ms = clock_monotonic_ms() + reader->timeout_ms};
	gate_init(&out->gate);
}

/* True with a turn, if one was free; else it has a place in the queue, and its state is no longer its own. */
static bool enter(struct media_reader *reader, struct reading *reading)
{
	LOCK_SCOPE(&reader->lock);
	if (reader->turns < TURNS) {
		reader->turns++;
		reading->state = LEADS;
		return true;
	}
	*reader->end = reading;
	reader->end = &reading->next;
	return false;
}

static bool leave(struct media_reader *reader, struct reading *reading)
{
	LOCK_SCOPE(&reader->lock);
	struct reading **link = &reader->first;
	while (*link && *link != reading)
		link = &(*link)->next;
	if (!*link)
		return false;
	*link = reading->next;
	if (!reading->next)
		reader->end = link;
	return true;
}

/* The first of the queue; the lock is held. */
static struct reading *take(struct media_reader *reader)
{
	struct reading *first = reader->first;
	if (!first)
		return NULL;
	reader->first = first->next;
	if (!reader->first)
		reader->end = &reader->first;
	return first;
}

static size_t take_others(struct media_reader *reader, struct reading *out[TOGETHER], size_t count)
{
	LOCK_SCOPE(&reader->lock);
	while (count < TOGETHER && (out[count] = take(reader)))
		count++;
	return count;
}

static struct reading *take_leader(struct media_reader *reader)
{
	LOCK_SCOPE(&reader->lock);
	struct reading *next = take(reader);
	if (!next)
		reader->turns--;
	return next;
}

static void wake(struct reading *reading, enum state state)
{
	reading->state = state;
	gate_open(&reading->gate);
}

/* Until it has its turn, or an answer; else it is QUEUED still and the deadline has passed. Who is no longer in the
 * queue is about to be woken. */
static void await_turn(struct media_reader *reader, struct reading *reading)
{
	if (!gate_wait(&reading->gate, reading->deadline_ms) && !leave(reader, reading))
		(void)gate_wait(&reading->gate, INT64_MAX);
}

/* --- turns */

static int read_alone(struct media_reader *reader, const struct reading *reading, struct arena *arena,
	const char **json, int64_t *version, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = db_acquire(reader->pool, reading->deadline_ms, err);
	return conn ? media_read(conn, reading->pid, arena, json, version, err) : -1;
}

static void keep_answer(size_t place, const char *json, int64_t version, void *context)
{
	struct reading *const *readings = context;
	readings[place]->json = memory_strdup(json);
	readings[place]->version = version;
}

static int read_together(struct media_reader *reader, struct reading **readings, size_t count)
{
	const char *pids[TOGETHER];
	struct error ignored;
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(reader->pool, readings[0]->deadline_ms, &ignored);
	for (size_t i = 0; i < count; i++)
		pids[i] = readings[i]->pid;
	return conn ? media_read_together(conn, pids, count, keep_answer, readings, &ignored) : -1;
}

static void pass_turn(struct media_reader *reader)
{
	struct reading *next = take_leader(reader);
	if (next)
		wake(next, LEADS);
}

/* Reads for itself and all who have queued meanwhile, and passes the turn on; nothing when there is nobody else. */
static void lead(struct media_reader *reader, struct reading *leader)
{
	struct reading *readings[TOGETHER] = {leader};
	size_t count = take_others(reader, readings, 1);
	if (count == 1)
		return;
	leader->state = read_together(reader, readings, count) == 0 ? ANSWERED : ALONE;
	pass_turn(reader);
	for (size_t i = 1; i < count; i++)
		wake(readings[i], leader->state);
}

static int take_answer(struct reading *reading, struct arena *arena, const char **json, int64_t *version)
{
	if (!reading->json)
		return 0;
	arena_defer(arena, free, reading->json);
	*json = TAKE(reading->json);
	*version = reading->version;
	return 1;
}

int media_reader_read(struct media_reader *reader, const char *pid, struct arena *arena, const char **json,
	int64_t *version, struct error *err)
{
	struct reading reading;
	reading_init(reader, pid, &reading);
	if (!enter(reader, &reading))
		await_turn(reader, &reading);
	if (reading.state == LEADS)
		lead(reader, &reading);
	if (reading.state == ANSWERED)
		return take_answer(&reading, arena, json, version);
	if (reading.state == QUEUED) {
		error_set(err, ERROR_DEADLINE, "the database is too busy");
		return error_add_cause(err, "other reads took until the deadline");
	}
	/* what has failed together is asked for by each alone, so that nobody gets another's error */
	int result = read_alone(reader, &reading, arena, json, version, err);
	if (reading.state == LEADS)
		pass_turn(reader);
	return result;
}
