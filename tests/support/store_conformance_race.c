/* SPDX-License-Identifier: MIT */
/* The cases of the suite in which threads meet on one key. */
#include "support/store_conformance_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

struct racer {
	pthread_t thread;
	unsigned seed;
	int rounds;
	_Atomic int *stop; /* NULL: for rounds */
	int failures;
	bool won;
	char problem[512];
};

enum { RACERS_MAX = 16, RACE_SIZE = 150 * 1024 };

static int racer_count(void)
{
	int count = conformance_fixture->threads ? conformance_fixture->threads : 4;
	return count < RACERS_MAX ? count : RACERS_MAX;
}

static void note_failure(struct racer *racer, const char *what, const struct error *err)
{
	racer->failures++;
	snprintf(racer->problem, sizeof(racer->problem), "%s: %.100s %.100s", what, err ? err->message : "",
		err ? err->cause : "");
}

/* Winners differ in seed and in size, so that a mixture of two cannot pass for either. */
static void *race_put(void *context)
{
	struct racer *racer = context;
	for (int i = 0; i < racer->rounds; i++) {
		struct error err;
		struct pattern_source source;
		pattern_source_init(&source, racer->seed, RACE_SIZE + racer->seed);
		source.piece = 60000;
		if (store_put(conformance_fixture->store, "race/key", &source.base, NULL, &err) != 0)
			note_failure(racer, "put", &err);
	}
	return NULL;
}

/* 1 when the object is one whole winner's, 0 when there is none, -1 with the problem noted. */
static int read_winner(struct racer *racer)
{
	struct error err;
	struct memory_sink sink;
	memory_sink_init(&sink, 4 * RACE_SIZE);
	int result = 1;
	if (store_get(conformance_fixture->store, "race/key", 0, -1, &sink.base, &err) != 0) {
		result = err.code == ERROR_NOT_FOUND ? 0 : -1;
		if (result < 0)
			note_failure(racer, "get", &err);
	} else {
		unsigned seed = (unsigned)(sink.bytes.length - RACE_SIZE);
		for (size_t i = 0; result == 1 && i < sink.bytes.length; i++)
			if ((unsigned char)sink.bytes.data[i] != pattern_byte(seed, (int64_t)i))
				result = -1;
		if (seed >= RACERS_MAX || result < 0) {
			note_failure(racer, "a mixture of objects", NULL);
			result = -1;
		}
	}
	memory_sink_release(&sink);
	return result;
}

static void *race_read(void *context)
{
	struct racer *racer = context;
	while (!atomic_load(racer->stop)) {
		if (read_winner(racer) == 0)
			note_failure(racer, "the key was gone during a replacement", NULL);
	}
	return NULL;
}

static void *race_put_and_remove(void *context)
{
	struct racer *racer = context;
	for (int i = 0; i < racer->rounds; i++) {
		struct error err;
		struct pattern_source source;
		pattern_source_init(&source, racer->seed, RACE_SIZE + racer->seed);
		if (store_put(conformance_fixture->store, "race/key", &source.base, NULL, &err) != 0)
			note_failure(racer, "put", &err);
		read_winner(racer);
		if (store_remove(conformance_fixture->store, "race/key", &err) != 0)
			note_failure(racer, "remove", &err);
	}
	return NULL;
}

static void start_racers(struct racer *racers, int count, void *(*run)(void *), _Atomic int *stop)
{
	for (int i = 0; i < count; i++) {
		racers[i] = (struct racer){.seed = (unsigned)i,
			.rounds = conformance_fixture->rounds ? conformance_fixture->rounds : 20,
			.stop = stop};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
	}
}

static void join_racers(struct racer *racers, int count)
{
	for (int i = 0; i < count; i++)
		pthread_join(racers[i].thread, NULL);
	for (int i = 0; i < count; i++)
		if (racers[i].failures)
			fail_msg("[%s] %d failures, the last: %s", conformance_fixture->name,
				racers[i].failures, racers[i].problem);
}

void concurrent_puts_of_one_key_leave_one_whole_winner(void **state)
{
	(void)state;
	if (!conformance_can(STORE_CAN_REPLACE))
		return;
	struct racer racers[RACERS_MAX], judge = {0};
	start_racers(racers, racer_count(), race_put, NULL);
	join_racers(racers, racer_count());
	assert_int_equal(read_winner(&judge), 1);
	conformance_assert_nothing_left();
	conformance_discard("race/key");
}

static void *race_put_once(void *context)
{
	struct racer *racer = context;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, racer->seed, RACE_SIZE + racer->seed);
	source.piece = 60000;
	if (store_put(conformance_fixture->store, "race/once", &source.base, NULL, &err) == 0)
		racer->won = true;
	else if (err.code != ERROR_CONFLICT)
		note_failure(racer, "put", &err);
	return NULL;
}

void concurrent_puts_where_nothing_is_replaced_have_one_winner(void **state)
{
	(void)state;
	if (conformance_can(STORE_CAN_REPLACE))
		return;
	struct racer racers[RACERS_MAX];
	start_racers(racers, racer_count(), race_put_once, NULL);
	join_racers(racers, racer_count());
	int winner = -1;
	for (int i = 0; i < racer_count(); i++)
		if (racers[i].won) {
			assert_int_equal(winner, -1);
			winner = i;
		}
	assert_int_not_equal(winner, -1);
	assert_object(conformance_fixture->store, "race/once", (unsigned)winner, RACE_SIZE + winner);
}

void readers_during_replacement_see_whole_objects(void **state)
{
	(void)state;
	if (!conformance_can(STORE_CAN_REPLACE))
		return;
	struct error err;
	_Atomic int stop = 0;
	struct racer readers[RACERS_MAX], writers[RACERS_MAX];
	assert_success(conformance_put("race/key", 0, RACE_SIZE, &err));
	start_racers(readers, 2, race_read, &stop);
	start_racers(writers, 2, race_put, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i].thread, NULL);
	atomic_store(&stop, 1);
	join_racers(readers, 2);
	assert_int_equal(writers[0].failures + writers[1].failures, 0);
	conformance_discard("race/key");
}

void puts_and_removes_of_one_key_do_not_break_each_other(void **state)
{
	(void)state;
	if (!conformance_can(STORE_CAN_REPLACE) || !conformance_can(STORE_CAN_DELETE))
		return;
	struct racer racers[RACERS_MAX];
	start_racers(racers, racer_count(), race_put_and_remove, NULL);
	join_racers(racers, racer_count());
	assert_no_object(conformance_fixture->store, "race/key");
	conformance_assert_nothing_left();
}

/* --- many */

enum { MANY = 10000, MANY_PUTTERS = 4 };

static int many(void)
{
	return conformance_fixture->many ? conformance_fixture->many : MANY;
}

static const char *many_key(int i, char out[64])
{
	snprintf(out, 64, "many/%02d/object %d", i % 100, i);
	return out;
}

static void *put_share(void *context)
{
	struct racer *racer = context;
	for (int i = (int)racer->seed; i < many(); i += MANY_PUTTERS) {
		struct error err;
		char key[64];
		if (conformance_put(many_key(i, key), (unsigned)i, 20 + i % 50, &err) != 0)
			note_failure(racer, key, &err);
	}
	return NULL;
}

static void *remove_share(void *context)
{
	struct racer *racer = context;
	for (int i = (int)racer->seed; i < many(); i += MANY_PUTTERS) {
		struct error err;
		char key[64];
		if (store_remove(conformance_fixture->store, many_key(i, key), &err) != 0)
			note_failure(racer, key, &err);
	}
	return NULL;
}

static int count_one(void *context, const char *key, const struct object_info *info)
{
	(void)key;
	(void)info;
	++*(int *)context;
	return 0;
}

static void assert_listed(int expected)
{
	struct error err;
	int count = 0;
	if (!conformance_can(STORE_CAN_LIST))
		return;
	assert_success(store_list(conformance_fixture->store, "many/", count_one, &count, &err));
	assert_int_equal(count, expected);
}

void thousands_of_objects_are_kept_apart(void **state)
{
	(void)state;
	struct racer racers[MANY_PUTTERS];
	start_racers(racers, MANY_PUTTERS, put_share, NULL);
	join_racers(racers, MANY_PUTTERS);
	assert_listed(many());
	for (int i = 0; i < many(); i += 97) {
		char key[64];
		assert_object(conformance_fixture->store, many_key(i, key), (unsigned)i, 20 + i % 50);
	}
	if (!conformance_can(STORE_CAN_DELETE))
		return;
	start_racers(racers, MANY_PUTTERS, remove_share, NULL);
	join_racers(racers, MANY_PUTTERS);
	assert_listed(0);
}
