/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/media_reader.h"

#include <pthread.h>

enum { READERS = 10, AT_A_TIME = 2 };

/* Ten that read through a pool with one connection, which is held until all have asked. */
struct crowd {
	struct db_pool *pool;
	struct media_reader *reader;
	struct db_conn *held;
	struct one {
		struct media_reader *reader;
		const char *pid;
		pthread_t thread;
		struct arena *arena;
		int found;
		const char *json;
		int64_t version;
		struct error err;
	} all[READERS];
};

static void *read_one(void *context)
{
	struct one *one = context;
	one->found =
		media_reader_read(one->reader, one->pid, one->arena, &one->json, &one->version, &one->err);
	return NULL;
}

static void ask(struct crowd *crowd, const char *const pids[READERS], int64_t timeout_ms)
{
	*crowd = (struct crowd){.pool = fixture_pool(1)};
	crowd->reader = media_reader_create(crowd->pool, timeout_ms);
	crowd->held = db_acquire(crowd->pool, soon(), &fixture.err);
	for (int i = 0; i < READERS; i++) {
		struct one *one = &crowd->all[i];
		*one = (struct one){.reader = crowd->reader, .pid = pids[i], .arena = arena_create()};
		pthread_create(&one->thread, NULL, read_one, one);
		while (db_pool_usage(crowd->pool).waiting < (i < AT_A_TIME ? i + 1 : AT_A_TIME))
			clock_sleep_ms(1);
	}
	clock_sleep_ms(1000); /* for the last of them to queue, on a busy machine too */
}

static void await(struct crowd *crowd)
{
	db_release(&crowd->held);
	for (int i = 0; i < READERS; i++)
		pthread_join(crowd->all[i].thread, NULL);
}

static void end(struct crowd *crowd)
{
	for (int i = 0; i < READERS; i++)
		arena_free(crowd->all[i].arena);
	media_reader_free(crowd->reader);
	db_pool_free(crowd->pool);
}

/* How often the connection of the pool has run a statement. */
static int64_t executions(struct crowd *crowd, const char *statement)
{
	static const struct db_statement COUNT = {"test_executions",
		"SELECT coalesce(sum(generic_plans + custom_plans), 0) AS count FROM pg_prepared_statements"
		" WHERE name = $1"};
	CLEANUP(db_release) struct db_conn *conn = db_acquire(crowd->pool, soon(), &fixture.err);
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	assert_found(db_query_one(conn, &COUNT, DB_PARAMS(DB_TEXT(statement)), &row, &fixture.err));
	return db_int(row, 0, "count");
}

static const char *pid_of(int i)
{
	return arena_printf(fixture.arena, "together \"%d\" {\\}", i);
}

static void make_media(const char *pids[READERS])
{
	for (int i = 0; i < READERS; i++) {
		pids[i] = pid_of(i);
		if (!fixture_ask(
			    arena_printf(fixture.arena, "SELECT 1 FROM media WHERE pid = '%s'", pids[i])))
			fixture_media(pids[i]);
	}
}

static void assert_own(const struct one *one)
{
	CLEANUP(buf_release) struct buf pid = {0};
	buf_append_text(&pid, "\"pid\" : ");
	buf_append_json_string(&pid, one->pid);
	if (one->found != 1)
		fail_msg("%s: %d %s", one->pid, one->found, one->err.cause);
	assert_non_null(strstr(one->json, pid.data));
	assert_int_equal(one->version, 1);
}

static void what_is_asked_for_meanwhile_is_read_together(void **state)
{
	(void)state;
	struct crowd crowd;
	const char *pids[READERS];
	make_media(pids);
	ask(&crowd, pids, 20000);
	await(&crowd);
	for (int i = 0; i < READERS; i++)
		assert_own(&crowd.all[i]);
	/* each turn leaves at most one reader alone and one statement for those who came meanwhile */
	assert_in_range(executions(&crowd, "media_read_json"), AT_A_TIME, AT_A_TIME + 1);
	assert_in_range(executions(&crowd, "media_read_together"), 1, AT_A_TIME);
	end(&crowd);
}

static void unknown_ones_are_not_found_among_others(void **state)
{
	(void)state;
	struct crowd crowd;
	const char *pids[READERS];
	make_media(pids);
	pids[0] = pids[5] = "unknown";
	pids[6] = pids[7];
	ask(&crowd, pids, 20000);
	await(&crowd);
	assert_int_equal(crowd.all[0].found, 0);
	assert_int_equal(crowd.all[5].found, 0);
	for (int i = 6; i < READERS; i++)
		assert_own(&crowd.all[i]);
	end(&crowd);
}

static void one_that_is_refused_spoils_no_other(void **state)
{
	(void)state;
	struct crowd crowd;
	const char *pids[READERS];
	make_media(pids);
	pids[4] = "\xff"; /* no UTF-8: the statement fails */
	ask(&crowd, pids, 20000);
	await(&crowd);
	for (int i = 0; i < READERS; i++)
		if (i != 4)
			assert_own(&crowd.all[i]);
	assert_int_equal(crowd.all[4].found, -1);
	assert_int_equal(crowd.all[4].err.code, ERROR_INVALID);
	end(&crowd);
}

static void nobody_waits_beyond_the_timeout(void **state)
{
	(void)state;
	struct crowd crowd;
	const char *pids[READERS];
	make_media(pids);
	int64_t began = clock_monotonic_ms();
	ask(&crowd, pids, 1000);
	for (int i = 0; i < READERS; i++) {
		pthread_join(crowd.all[i].thread, NULL);
		assert_int_equal(crowd.all[i].found, -1);
		assert_int_equal(crowd.all[i].err.code, ERROR_DEADLINE);
	}
	assert_in_range(clock_monotonic_ms() - began, 1000, 5000);
	db_release(&crowd.held);
	end(&crowd);
}

static void a_read_sees_what_was_committed_before_it(void **state)
{
	(void)state;
	struct media_reader *reader = media_reader_create(fixture.pool, 20000);
	const char *json;
	int64_t version;
	for (int i = 0; i < 50; i++) {
		const char *pid = arena_printf(fixture.arena, "fresh-%d", i);
		fixture_media(pid);
		assert_found(media_reader_read(reader, pid, fixture.arena, &json, &version, &fixture.err));
	}
	media_reader_free(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(what_is_asked_for_meanwhile_is_read_together),
		fixture_test(unknown_ones_are_not_found_among_others),
		fixture_test(one_that_is_refused_spoils_no_other),
		fixture_test(nobody_waits_beyond_the_timeout),
		fixture_test(a_read_sees_what_was_committed_before_it),
	};
	return cmocka_run_group_tests_name("db/media_reader", tests, fixture_create, fixture_drop);
}
