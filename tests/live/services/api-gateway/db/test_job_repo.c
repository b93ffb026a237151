/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include <pthread.h>

static const struct error WHY = {.code = ERROR_UNAVAILABLE, .message = "the store is away"};

static const char *insert(struct job_new job)
{
	job.id = fixture_uuid();
	if (!job.store_pk)
		job.store_pk = fixture.store_pk;
	job.pid = "pid";
	assert_ok(job_insert(fixture.conn, &job, &fixture.err));
	return job.id;
}

static const char *insert_waited(int64_t deadline_in_ms)
{
	return insert((struct job_new){.kind = JOB_PUT,
		.class = JOB_QUICK,
		.store_key = "k",
		.deadline_unix_ms = clock_unix_ms() + deadline_in_ms});
}

static const char *insert_background(void)
{
	return insert((struct job_new){.kind = JOB_DELETE, .class = JOB_BACKGROUND, .store_key = "k"});
}

static struct job_row find(const char *id)
{
	struct job_row row;
	assert_found(job_find(fixture.conn, id, DB_NO_LOCK, fixture.arena, &row, &fixture.err));
	return row;
}

static size_t take(int limit, struct job_row **jobs)
{
	size_t count = 0;
	assert_ok(job_take_due(
		fixture.conn, limit, 60000, "gateway-1", fixture.arena, jobs, &count, &fixture.err));
	return count;
}

static int clear(void **state)
{
	fixture_begin(state);
	fixture_ask("WITH d AS (DELETE FROM job RETURNING 1) SELECT count(*) FROM d");
	return 0;
}

static void job_someone_waits_for_is_born_running(void **state)
{
	(void)state;
	struct job_row *jobs, job = find(insert_waited(60000));
	assert_int_equal(job.state, JOB_RUNNING);
	assert_int_equal(job.attempt, 1);
	assert_int_equal(job.kind, JOB_PUT);
	assert_int_equal(job.class, JOB_QUICK);
	assert_string_equal(job.store.bucket, "/data");
	assert_int_equal(take(10, &jobs), 0);
}

static void background_job_waits_until_it_is_due(void **state)
{
	(void)state;
	struct job_row *jobs;
	insert((struct job_new){.kind = JOB_COPY, .class = JOB_BACKGROUND, .delay_ms = 60000});
	assert_int_equal(take(10, &jobs), 0);
	insert_background();
	assert_int_equal(take(10, &jobs), 1);
	assert_int_equal(jobs[0].attempt, 1);
	assert_string_equal(jobs[0].gateway, "gateway-1");
}

static void repeated_result_changes_nothing(void **state)
{
	(void)state;
	const char *id = insert_waited(60000);
	assert_found(job_succeed(fixture.conn, id, 1, "{\"size\":3}", &fixture.err));
	assert_int_equal(job_succeed(fixture.conn, id, 1, NULL, &fixture.err), 0);
	assert_int_equal(job_fail(fixture.conn, id, 1, &WHY, &fixture.err), 0);
	assert_int_equal(find(id).state, JOB_SUCCEEDED);
	assert_string_equal(find(id).result, "{\"size\": 3}");
}

static void result_of_a_superseded_attempt_changes_nothing(void **state)
{
	(void)state;
	struct job_row *jobs;
	enum job_state now;
	const char *id = insert_background();
	assert_int_equal(take(1, &jobs), 1);
	assert_found(job_retry(fixture.conn, id, 1, 0, &WHY, &now, &fixture.err));
	assert_int_equal(job_succeed(fixture.conn, id, 1, NULL, &fixture.err), 0);
	assert_int_equal(take(1, &jobs), 1);
	assert_int_equal(jobs[0].attempt, 2);
	assert_int_equal(job_succeed(fixture.conn, id, 1, NULL, &fixture.err), 0);
	assert_found(job_succeed(fixture.conn, id, 2, NULL, &fixture.err));
	assert_null(find(id).error_code);
}

static void job_out_of_attempts_is_dead_and_can_be_run_again(void **state)
{
	(void)state;
	struct job_row *jobs;
	enum job_state now;
	const char *id =
		insert((struct job_new){.kind = JOB_DELETE, .class = JOB_BACKGROUND, .max_attempts = 2});
	assert_int_equal(take(1, &jobs), 1);
	assert_found(job_retry(fixture.conn, id, 1, 0, &WHY, &now, &fixture.err));
	assert_int_equal(now, JOB_QUEUED);
	assert_int_equal(take(1, &jobs), 1);
	assert_found(job_retry(fixture.conn, id, 2, 0, &WHY, &now, &fixture.err));
	assert_int_equal(now, JOB_DEAD);
	assert_string_equal(find(id).error_code, "unavailable");
	assert_found(job_rerun(fixture.conn, id, NULL, &fixture.err));
	assert_int_equal(take(1, &jobs), 1);
	assert_int_equal(jobs[0].attempt, 3);
}

static void job_that_never_left_keeps_its_attempt(void **state)
{
	(void)state;
	struct job_row *jobs;
	const char *id = insert_background();
	assert_int_equal(take(1, &jobs), 1);
	assert_found(job_put_back(fixture.conn, id, 1, 0, &fixture.err));
	assert_int_equal(take(1, &jobs), 1);
	assert_int_equal(jobs[0].attempt, 1);
}

static void cancelled_job_ignores_its_result(void **state)
{
	(void)state;
	const char *id = insert_waited(60000);
	assert_found(job_cancel(fixture.conn, id, &fixture.err));
	assert_int_equal(job_cancel(fixture.conn, id, &fixture.err), 0);
	assert_int_equal(job_succeed(fixture.conn, id, 1, NULL, &fixture.err), 0);
}

static void overdue_jobs_are_listed_and_only_they(void **state)
{
	(void)state;
	struct job_row *jobs;
	size_t count;
	const char *late = insert_waited(-1);
	insert_waited(60000);
	insert_background();
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
	assert_ok(job_list_overdue(fixture.conn, 10, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	assert_string_equal(jobs[0].id, late);
}

/* A gateway that dies between taking a job and handing it over is missed soon, one whose job waits in a queue is not. */
static void what_was_posted_is_overdue_later_than_what_was_taken(void **state)
{
	(void)state;
	const char *posted = insert_background(), *taken = insert_background();
	struct job_row *jobs;
	size_t count;
	assert_ok(job_take_due(fixture.conn, 2, 1, "gateway-1", fixture.arena, &jobs, &count, &fixture.err));
	struct job_row row = find(posted), late = row;
	late.attempt++;
	assert_ok(job_note_posted(fixture.conn, (const struct job_row *[]){&row}, 1, 60000, &fixture.err));
	row = find(taken);
	row.attempt--;
	assert_ok(job_note_posted(
		fixture.conn, (const struct job_row *[]){&row, &late}, 2, 60000, &fixture.err));
	assert_ok(job_note_posted(fixture.conn, NULL, 0, 60000, &fixture.err));
	clock_sleep_ms(10);
	assert_ok(job_list_overdue(fixture.conn, 10, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	assert_string_equal(jobs[0].id, taken);
}

static const char *insert_in_memory(const char *site, enum job_class class)
{
	const struct store_key key = {.type = STORE_DICT, .bucket = "memory", .site = site};
	struct job_new job = {.kind = JOB_DELETE,
		.class = class,
		.store_key = "k",
		.deadline_unix_ms = class == JOB_BACKGROUND ? 0 : clock_unix_ms() + 60000};
	assert_int_not_equal(store_find_or_create(fixture.conn, &key, &job.store_pk, &fixture.err), -1);
	return insert(job);
}

/* The queue of RAM stores goes with its broker node, and what waited in it. */
static void background_jobs_of_a_sites_memory_are_overdue_once_its_queue_is_another(void **state)
{
	(void)state;
	const char *lost = insert_in_memory("lab", JOB_BACKGROUND);
	insert_in_memory("elsewhere", JOB_BACKGROUND);
	insert_in_memory("lab", JOB_QUICK);
	insert_background();
	struct job_row *jobs;
	size_t count;
	assert_int_equal(take(10, &jobs), 3);
	struct job_row row = find(lost);
	assert_ok(job_expect_none_of_ram(fixture.conn, "lab", &fixture.err));
	/* the gateway that had sent it has not noted so before */
	assert_ok(job_note_posted(fixture.conn, (const struct job_row *[]){&row}, 1, 60000, &fixture.err));
	assert_ok(job_list_overdue(fixture.conn, 10, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	assert_string_equal(jobs[0].id, lost);
}

static void overdue_job_is_shown_to_one_gateway_only(void **state)
{
	(void)state;
	struct job_row *jobs;
	size_t count;
	insert_waited(-1);
	CLEANUP(db_release) struct db_conn *other = fixture_acquire();
	CLEANUP(db_rollback) struct db_transaction ours = {0}, theirs = {0};
	assert_ok(db_begin(fixture.conn, &ours, &fixture.err));
	assert_ok(db_begin(other, &theirs, &fixture.err));
	assert_ok(job_list_overdue(fixture.conn, 10, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	assert_ok(job_list_overdue(other, 10, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 0);
	db_rollback(&theirs);
}

enum { JOBS = 200, TAKERS = 4 };

struct taker {
	size_t taken;
	int outcome;
};

static void *take_all(void *context)
{
	struct taker *taker = context;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &err);
	size_t count = 1;
	struct job_row *jobs;
	while (count && !taker->outcome) {
		taker->outcome = conn ? job_take_due(conn, 7, 60000, NULL, arena, &jobs, &count, &err) : -1;
		taker->taken += taker->outcome ? 0 : count;
	}
	return NULL;
}

static void takers_at_once_never_get_the_same_job(void **state)
{
	(void)state;
	assert_ok(db_run_script(fixture.conn,
		arena_printf(fixture.arena,
			"INSERT INTO job (id, kind, class, state, store, store_key, max_attempts)"
			" SELECT gen_random_uuid(), 'delete', 'background', 'queued', %d, 'k', 10 FROM "
			"generate_series(1, %d)",
			(int)fixture.store_pk, JOBS),
		&fixture.err));
	struct taker takers[TAKERS] = {0};
	pthread_t threads[TAKERS];
	size_t taken = 0;
	for (int i = 0; i < TAKERS; i++)
		pthread_create(&threads[i], NULL, take_all, &takers[i]);
	for (int i = 0; i < TAKERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(takers[i].outcome, 0);
		taken += takers[i].taken;
	}
	assert_int_equal(taken, JOBS);
	assert_string_equal(fixture_ask("SELECT max(attempt) FROM job"), "1");
}

struct finisher {
	pthread_barrier_t *start;
	const char *id;
	int outcome;
};

static void *finish(void *context)
{
	struct finisher *finisher = context;
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &err);
	pthread_barrier_wait(finisher->start);
	finisher->outcome = conn ? job_succeed(conn, finisher->id, 1, NULL, &err) : -1;
	return NULL;
}

static void of_two_results_at_once_one_counts(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		const char *id = insert_waited(60000);
		pthread_barrier_t start;
		pthread_barrier_init(&start, NULL, 2);
		struct finisher finishers[2] = {{&start, id, 0}, {&start, id, 0}};
		pthread_t threads[2];
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, finish, &finishers[i]);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(finishers[0].outcome + finishers[1].outcome, 1);
		pthread_barrier_destroy(&start);
	}
}

static void text_that_is_no_uuid_is_no_job(void **state)
{
	(void)state;
	struct job_row row;
	const char *json;
	assert_int_equal(job_find(fixture.conn, "x'; --", DB_NO_LOCK, fixture.arena, &row, &fixture.err), 0);
	assert_int_equal(job_read_json(fixture.conn, "", fixture.arena, &json, &fixture.err), 0);
	assert_int_equal(job_succeed(fixture.conn, "1", 1, NULL, &fixture.err), 0);
}

static void waited_job_without_deadline_is_refused(void **state)
{
	(void)state;
	struct job_new job = {.id = fixture_uuid(), .class = JOB_STREAM, .store_pk = fixture.store_pk};
	assert_fails(job_insert(fixture.conn, &job, &fixture.err), ERROR_INTERNAL);
}

static void spool_file_is_needed_until_its_job_ends(void **state)
{
	(void)state;
	const char *id = insert((struct job_new){.class = JOB_STREAM,
		.kind = JOB_PUT,
		.deadline_unix_ms = clock_unix_ms() + 60000,
		.spec = "{\"spool\":\"file-1\"}"});
	assert_found(job_spool_needed(fixture.conn, "file-1", &fixture.err));
	assert_int_equal(job_spool_needed(fixture.conn, "file-2", &fixture.err), 0);
	assert_found(job_succeed(fixture.conn, id, 1, NULL, &fixture.err));
	assert_int_equal(job_spool_needed(fixture.conn, "file-1", &fixture.err), 0);
}

static void finished_jobs_are_deleted_and_dead_ones_stay(void **state)
{
	(void)state;
	int64_t deleted = 0;
	insert_background();
	insert_background();
	fixture_ask(
		"UPDATE job SET state = 'dead' WHERE id = (SELECT min(id::text)::uuid FROM job) RETURNING 1");
	fixture_ask("UPDATE job SET state = 'failed' WHERE state = 'queued' RETURNING 1");
	assert_ok(job_delete_finished(fixture.conn, 60000, 100, &deleted, &fixture.err));
	assert_int_equal(deleted, 0);
	assert_ok(job_delete_finished(fixture.conn, -1000, 100, &deleted, &fixture.err));
	assert_int_equal(deleted, 1);
	assert_string_equal(fixture_ask("SELECT state FROM job"), "dead");
}

static void failed_job_shows_its_error(void **state)
{
	(void)state;
	const char *json, *id = insert_waited(60000);
	assert_found(job_fail(fixture.conn, id, 1, &WHY, &fixture.err));
	assert_found(job_read_json(fixture.conn, id, fixture.arena, &json, &fixture.err));
	assert_non_null(strstr(json, "\"state\" : \"failed\""));
	assert_non_null(strstr(
		json, "\"error\" : {\"code\" : \"unavailable\", \"message\" : \"the store is away\"}"));
}

#define job_test(name) cmocka_unit_test_setup_teardown(name, clear, fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		job_test(job_someone_waits_for_is_born_running),
		job_test(background_job_waits_until_it_is_due),
		job_test(repeated_result_changes_nothing),
		job_test(result_of_a_superseded_attempt_changes_nothing),
		job_test(job_out_of_attempts_is_dead_and_can_be_run_again),
		job_test(job_that_never_left_keeps_its_attempt),
		job_test(cancelled_job_ignores_its_result),
		job_test(overdue_jobs_are_listed_and_only_they),
		job_test(what_was_posted_is_overdue_later_than_what_was_taken),
		job_test(background_jobs_of_a_sites_memory_are_overdue_once_its_queue_is_another),
		job_test(overdue_job_is_shown_to_one_gateway_only),
		job_test(takers_at_once_never_get_the_same_job),
		job_test(of_two_results_at_once_one_counts),
		job_test(text_that_is_no_uuid_is_no_job),
		job_test(waited_job_without_deadline_is_refused),
		job_test(spool_file_is_needed_until_its_job_ends),
		job_test(finished_jobs_are_deleted_and_dead_ones_stay),
		job_test(failed_job_shows_its_error),
	};
	return cmocka_run_group_tests_name("db/job_repo", tests, fixture_create, fixture_drop);
}
