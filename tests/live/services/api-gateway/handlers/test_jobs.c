/* SPDX-License-Identifier: MIT */
/* Jobs as people see them and what they do about them; nothing runs here. */
#include "live/services/api-gateway/handlers/rest.h"

#include "domain/record.h"
#include "domain/spool.h"
#include "domain/transfer.h"
#include "support/scratch.h"

static char directory[SCRATCH_SIZE];
static struct spool *spool;
static const struct error WHY = {.code = ERROR_UNAVAILABLE, .message = "the store is away"};

static int create(void **state)
{
	rest_create(state);
	scratch_make(directory);
	assert_ok(spool_create(directory, "http://127.0.0.1:1", "00", &spool, &fixture.err));
	const struct transfer_parts parts = {.config = &rest.config, .pool = fixture.pool, .spool = spool};
	rest.gateway.transfer = transfer_create(&parts);
	return 0;
}

static int drop(void **state)
{
	transfer_free(rest.gateway.transfer);
	spool_free(spool);
	scratch_remove(directory);
	return rest_drop(state);
}

static int begin(void **state)
{
	rest_begin(state);
	fixture_ask("WITH d AS (DELETE FROM job RETURNING 1) SELECT count(*) FROM d");
	return 0;
}

static const char *insert(struct job_new job)
{
	job.id = fixture_uuid();
	job.class = JOB_BACKGROUND;
	job.store_pk = fixture.store_pk;
	assert_ok(job_insert(fixture.conn, &job, &fixture.err));
	return job.id;
}

static const char *delete_job(const char *pid)
{
	return insert((struct job_new){.kind = JOB_DELETE, .pid = pid, .store_key = "k", .max_attempts = 2});
}

static struct job_row take(void)
{
	struct job_row *jobs;
	size_t count;
	assert_ok(job_take_due(fixture.conn, 1, 60000, "g", fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	return jobs[0];
}

static void lose(const char *id, int64_t attempt)
{
	assert_ok(record_lost(fixture.conn, spool, id, attempt, &WHY, &fixture.err));
	fixture_ask("WITH d AS (UPDATE job SET next_run_at = now() WHERE state = 'queued' RETURNING 1)"
		    " SELECT count(*) FROM d");
}

static const char *path(const char *id, const char *verb)
{
	return arena_printf(fixture.arena, "/api/jobs/%s%s", id, verb);
}

static size_t listed(const char *query)
{
	assert_status(200, "GET", arena_printf(fixture.arena, "/api/jobs%s", query), NULL);
	return (size_t)cJSON_GetArraySize(rest.reply);
}

/* --- reading */

static void a_job_shows_its_failed_attempts_and_its_progress(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	take();
	lose(id, 1);
	take();
	const struct progress_message progress = {id, 2, "worker-1", 5, 10};
	assert_found(job_note_progress(fixture.conn, &progress, 60000, &fixture.err));
	assert_status(200, "GET", path(id, ""), NULL);
	assert_string_equal(rest_text("state"), "running");
	assert_int_equal(rest_int("attempt"), 2);
	const cJSON *tries = cJSON_GetObjectItem(rest.reply, "attempts_failed");
	assert_int_equal(cJSON_GetArraySize(tries), 1);
	const cJSON *error = cJSON_GetObjectItem(cJSON_GetArrayItem(tries, 0), "error");
	assert_string_equal(cJSON_GetObjectItem(error, "message")->valuestring, WHY.message);
	const cJSON *shown = cJSON_GetObjectItem(rest.reply, "progress");
	assert_int_equal(cJSON_GetObjectItem(shown, "done")->valueint, 5);
	assert_int_equal(cJSON_GetObjectItem(shown, "total")->valueint, 10);
}

static void progress_of_another_attempt_is_not_noted(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	take();
	const struct progress_message progress = {id, 2, "worker-1", 5, 10};
	assert_int_equal(job_note_progress(fixture.conn, &progress, 60000, &fixture.err), 0);
}

static void a_job_that_does_not_exist_is_404(void **state)
{
	(void)state;
	const char *id = "00000000-0000-0000-0000-000000000000";
	assert_status(404, "GET", path(id, ""), NULL);
	assert_status(404, "GET", path("no-uuid", ""), NULL);
	assert_status(404, "POST", path(id, "/cancel"), NULL);
	assert_status(404, "POST", path(id, "/retry"), NULL);
}

static void lists_are_filtered(void **state)
{
	(void)state;
	delete_job("a"), delete_job("b");
	insert((struct job_new){.kind = JOB_VERIFY, .pid = "a", .store_key = "k"});
	take();
	assert_int_equal(listed(""), 3);
	assert_int_equal(listed("?pid=a"), 2);
	assert_int_equal(listed("?pid=a&kind=verify"), 1);
	assert_int_equal(listed("?kind=verify,delete&state=queued"), 2);
	assert_int_equal(listed("?state=running&class=background"), 1);
	assert_int_equal(listed("?class=quick"), 0);
	assert_int_equal(listed(arena_printf(fixture.arena, "?store=%d", (int)fixture.store_pk)), 3);
	assert_int_equal(listed("?store=999999"), 0);
	assert_int_equal(listed("?since=2001-01-01T00:00:00Z&until=2999-01-01T00:00:00Z"), 3);
	assert_int_equal(listed("?since=2999-01-01T00:00:00Z"), 0);
}

static void a_query_that_cannot_be_read_is_422(void **state)
{
	(void)state;
	assert_status(422, "GET", "/api/jobs?since=yesterdayish", NULL);
	assert_status(422, "GET", "/api/jobs?cursor=12.x", NULL);
	assert_status(422, "GET", "/api/jobs?limit=0", NULL);
	assert_status(422, "GET", "/api/jobs?store=one", NULL);
}

/* Jobs of one statement have one time: the id decides between them. */
static void pages_follow_each_other_without_gap_or_repetition(void **state)
{
	(void)state;
	fixture_ask(
		"WITH d AS (INSERT INTO job (id, kind, class, state, pid) SELECT gen_random_uuid(), 'delete',"
		" 'background', 'queued', 'p' FROM generate_series(1, 25) RETURNING 1) SELECT count(*) FROM "
		"d");
	const char *next = "/api/jobs?pid=p&limit=10";
	size_t seen = 0, pages = 0;
	for (; next; pages++) {
		assert_status(200, "GET", next, NULL);
		seen += (size_t)cJSON_GetArraySize(rest.reply);
		const char *link = rest_header("Link");
		next = link ? arena_memdup(fixture.arena, link + 1, strcspn(link + 1, ">")) : NULL;
	}
	assert_int_equal(pages, 3);
	assert_int_equal(seen, 25);
}

/* --- doing something about them */

static void a_queued_job_is_cancelled_once(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	assert_status(200, "POST", path(id, "/cancel"), NULL);
	assert_string_equal(rest_text("state"), "cancelled");
	assert_status(409, "POST", path(id, "/cancel"), NULL);
	assert_status(409, "POST", path(id, "/retry"), NULL);
}

static void cancelling_is_for_writers(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	rest.token = rest.reader;
	assert_status(403, "POST", path(id, "/cancel"), NULL);
	assert_status(403, "POST", path(id, "/retry"), NULL);
	assert_status(200, "GET", path(id, ""), NULL);
	rest.token = NULL;
	assert_status(401, "GET", "/api/jobs", NULL);
	assert_status(401, "GET", path(id, ""), NULL);
	assert_status(401, "POST", path(id, "/cancel"), NULL);
	assert_status(401, "POST", path(id, "/retry"), NULL);
}

static void what_the_broker_gave_up_is_tried_again_and_then_dead_with_the_reason(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	take();
	lose(id, 1);
	assert_string_equal(fixture_ask("SELECT state FROM job"), "queued");
	take();
	lose(id, 2);
	assert_int_equal(listed("?state=dead"), 1);
	const cJSON *error = cJSON_GetObjectItem(cJSON_GetArrayItem(rest.reply, 0), "error");
	assert_string_equal(cJSON_GetObjectItem(error, "message")->valuestring, WHY.message);
	assert_status(200, "POST", path(id, "/retry"), NULL);
	assert_string_equal(rest_text("state"), "queued");
	assert_int_equal(take().attempt, 3);
}

static void a_superseded_attempt_that_is_given_up_changes_nothing(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	take();
	lose(id, 1);
	take();
	lose(id, 1);
	assert_string_equal(fixture_ask("SELECT state FROM job"), "running");
}

/* --- results, of which one counts */

static enum record_outcome report(const char *id, enum job_kind kind, int64_t attempt)
{
	enum record_outcome outcome;
	struct result_message result = {
		.job_id = id, .kind = kind, .attempt = attempt, .size = 3, .sha256 = SHA_A};
	assert_ok(record_result(fixture.conn, spool, &result, fixture.arena, &outcome, NULL, &fixture.err));
	return outcome;
}

static void a_result_of_a_superseded_attempt_is_ignored(void **state)
{
	(void)state;
	const char *id = delete_job("a");
	take();
	lose(id, 1);
	assert_int_equal(report(id, JOB_DELETE, 1), RECORD_IGNORED); /* nobody is at it */
	take();
	assert_int_equal(report(id, JOB_DELETE, 1), RECORD_IGNORED); /* another attempt is */
	assert_string_equal(fixture_ask("SELECT state FROM job"), "running");
	assert_int_equal(report(id, JOB_DELETE, 2), RECORD_DONE);
	assert_int_equal(report(id, JOB_DELETE, 2), RECORD_IGNORED); /* delivered again */
}

static void what_a_cancelled_put_has_stored_after_all_goes_again(void **state)
{
	(void)state;
	fixture_ask("WITH d AS (DELETE FROM media WHERE pid = 'late' RETURNING 1) SELECT count(*) FROM d");
	int64_t pk = fixture_media("late");
	const char *id = insert(
		(struct job_new){.kind = JOB_PUT, .pid = "late", .media_pk = pk, .store_key = "late.1"});
	take();
	assert_status(200, "POST", path(id, "/cancel"), NULL);
	fixture_ask("WITH d AS (DELETE FROM job WHERE kind = 'delete' RETURNING 1) SELECT count(*) FROM d");
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_CANCELLED);
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "late.1");
	assert_string_equal(fixture_ask("SELECT store_status FROM media WHERE pid = 'late'"), "FAILED");
}

static void give_up(const char *pid)
{
	fixture_ask(arena_printf(
		fixture.arena, "WITH d AS (DELETE FROM %s RETURNING 1) SELECT count(*) FROM d", pid));
}

static const char *put_of(const char *pid, const char *key)
{
	give_up(arena_printf(fixture.arena, "media WHERE pid = '%s'", pid));
	return insert((struct job_new){
		.kind = JOB_PUT, .pid = pid, .media_pk = fixture_media(pid), .store_key = key});
}

/* A worker whose answer was lost is given the job again, and puts the bytes once more. */
static void what_comes_again_after_its_media_was_deleted_goes_again(void **state)
{
	(void)state;
	const char *id = put_of("twice", "twice.1");
	take();
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_DONE);
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_IGNORED); /* of a media that has these bytes */
	assert_string_equal(fixture_ask("SELECT count(*) FROM job WHERE kind = 'delete'"), "0");
	assert_status(204, "DELETE", "/api/media/twice", NULL);
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "twice.1");
	give_up("job WHERE kind = 'delete'"); /* it was done before the bytes came again */
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_IGNORED);
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "twice.1");
	assert_string_equal(fixture_ask("SELECT count(*) FROM media WHERE pid = 'twice'"), "0");
}

static void what_a_media_has_replaced_since_goes_when_it_comes_again(void **state)
{
	(void)state;
	const char *id = put_of("anew", "anew.1");
	take();
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_DONE);
	fixture_ask("WITH u AS (UPDATE media SET store_key = 'anew.2' WHERE pid = 'anew' RETURNING 1)"
		    " SELECT count(*) FROM u");
	assert_int_equal(report(id, JOB_PUT, 1), RECORD_IGNORED);
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "anew.1");
	assert_string_equal(fixture_ask("SELECT store_status FROM media WHERE pid = 'anew'"), "READY");
}

static void a_put_is_not_tried_again_for_a_media_that_was_deleted(void **state)
{
	(void)state;
	const char *id = put_of("gone", "gone.1");
	take();
	lose(id, 1);
	assert_string_equal(fixture_ask("SELECT state FROM job WHERE kind = 'put'"), "queued");
	assert_status(204, "DELETE", "/api/media/gone", NULL);
	give_up("job WHERE kind = 'delete'");
	take();
	lose(id, 2);
	assert_string_equal(fixture_ask("SELECT state FROM job WHERE kind = 'put'"), "failed");
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "gone.1");
}

static void a_put_is_not_tried_again_for_a_media_that_has_other_bytes(void **state)
{
	(void)state;
	const char *id = put_of("other", "other.1");
	take();
	fixture_ask("WITH u AS (UPDATE media SET store_key = 'other.2' WHERE pid = 'other' RETURNING 1)"
		    " SELECT count(*) FROM u");
	lose(id, 1);
	assert_string_equal(fixture_ask("SELECT state FROM job WHERE kind = 'put'"), "failed");
	assert_string_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'delete'"), "other.1");
	assert_string_equal(fixture_ask("SELECT store_status FROM media WHERE pid = 'other'"), "PENDING");
}

/* --- puts, whose bytes lie in the spool */

static const char *put_job(const char *pid, struct spool_file *file)
{
	assert_ok(spool_file_create(spool, file, &fixture.err));
	assert_ok(spool_file_write(file, "abc", 3, &fixture.err));
	assert_ok(spool_file_finish(spool, file, false, &fixture.err));
	int64_t pk = fixture_media(pid);
	return insert((struct job_new){.kind = JOB_PUT,
		.pid = pid,
		.media_pk = pk,
		.store_key = arena_printf(fixture.arena, "%s.1", pid),
		.max_attempts = 1,
		.spec = arena_printf(fixture.arena, "{\"spool\":\"%s\"}", file->name)});
}

static bool is_spooled(const struct spool_file *file)
{
	return access(spool_path(spool, fixture.arena, file->name), F_OK) == 0;
}

static const char *status_of(const char *pid)
{
	assert_status(200, "GET", arena_printf(fixture.arena, "/api/media/%s", pid), NULL);
	return rest_text("store_status");
}

static void a_cancelled_put_leaves_its_media_failed_and_no_bytes(void **state)
{
	(void)state;
	struct spool_file file;
	const char *id = put_job("cancelled", &file);
	assert_status(200, "POST", path(id, "/cancel"), NULL);
	assert_string_equal(status_of("cancelled"), "FAILED");
	assert_false(is_spooled(&file));
	assert_int_equal(listed("?kind=delete"), 1);
}

static void a_dead_put_keeps_its_bytes_and_runs_again_under_a_new_key(void **state)
{
	(void)state;
	struct spool_file file;
	const char *id = put_job("dead", &file);
	take();
	lose(id, 1);
	assert_string_equal(status_of("dead"), "FAILED");
	assert_true(is_spooled(&file));
	assert_status(200, "POST", path(id, "/retry"), NULL);
	assert_string_equal(status_of("dead"), "PENDING");
	assert_string_not_equal(fixture_ask("SELECT store_key FROM job WHERE kind = 'put'"), "dead.1");
	assert_string_equal(
		fixture_ask("SELECT count(*) FROM job j JOIN media m ON m.pk = j.media AND m.store_key ="
			    " j.store_key WHERE j.kind = 'put' AND j.state = 'queued'"),
		"1");
}

static void a_dead_put_whose_media_has_moved_on_is_409(void **state)
{
	(void)state;
	struct spool_file file;
	const char *id = put_job("moved-on", &file);
	take();
	lose(id, 1);
	assert_status(204, "DELETE", "/api/media/moved-on", NULL);
	assert_status(409, "POST", path(id, "/retry"), NULL);
	assert_status(200, "POST", path(id, "/cancel"), NULL);
	assert_false(is_spooled(&file));
}

#define job_test(name) cmocka_unit_test_setup_teardown(name, begin, rest_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		job_test(a_job_shows_its_failed_attempts_and_its_progress),
		job_test(progress_of_another_attempt_is_not_noted),
		job_test(a_job_that_does_not_exist_is_404),
		job_test(lists_are_filtered),
		job_test(a_query_that_cannot_be_read_is_422),
		job_test(pages_follow_each_other_without_gap_or_repetition),
		job_test(a_queued_job_is_cancelled_once),
		job_test(cancelling_is_for_writers),
		job_test(what_the_broker_gave_up_is_tried_again_and_then_dead_with_the_reason),
		job_test(a_superseded_attempt_that_is_given_up_changes_nothing),
		job_test(a_result_of_a_superseded_attempt_is_ignored),
		job_test(what_comes_again_after_its_media_was_deleted_goes_again),
		job_test(what_a_media_has_replaced_since_goes_when_it_comes_again),
		job_test(a_put_is_not_tried_again_for_a_media_that_was_deleted),
		job_test(a_put_is_not_tried_again_for_a_media_that_has_other_bytes),
		job_test(what_a_cancelled_put_has_stored_after_all_goes_again),
		job_test(a_cancelled_put_leaves_its_media_failed_and_no_bytes),
		job_test(a_dead_put_keeps_its_bytes_and_runs_again_under_a_new_key),
		job_test(a_dead_put_whose_media_has_moved_on_is_409),
	};
	return cmocka_run_group_tests(tests, create, drop);
}
