/* SPDX-License-Identifier: MIT */
/* Audits: begun, and what a worker's pages mean against the media. */
#include "live/services/api-gateway/handlers/rest.h"

#include "db/audit_repo.h"
#include "domain/record.h"
#include "domain/spool.h"

static struct spool *no_spool;

static int begin(void **state)
{
	rest_begin(state);
	fixture_ask("WITH d AS (DELETE FROM job RETURNING 1), m AS (DELETE FROM media RETURNING 1) SELECT "
		    "count(*) FROM d, m");
	return 0;
}

static const char *begin_audit(const char *body)
{
	const char *path = arena_printf(fixture.arena, "/api/store/%d/audit", (int)fixture.store_pk);
	assert_status(202, "POST", path, body);
	return arena_strdup(fixture.arena, rest_text("id"));
}

static struct job_row take(void)
{
	struct job_row *jobs;
	size_t count;
	assert_ok(job_take_due(fixture.conn, 1, 60000, "g", fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 1);
	return jobs[0];
}

/* A worker has answered. */
static enum record_outcome page(const struct job_row *job, const char *objects, const char *next)
{
	enum record_outcome outcome;
	struct result_message result = {.job_id = job->id,
		.kind = JOB_LIST,
		.attempt = job->attempt,
		.size = -1,
		.inline_bytes = objects,
		.inline_length = strlen(objects),
		.next = next};
	assert_ok(
		record_result(fixture.conn, no_spool, &result, fixture.arena, &outcome, NULL, &fixture.err));
	return outcome;
}

static size_t found(const char *id, const char *query)
{
	assert_status(200, "GET", arena_printf(fixture.arena, "/api/jobs/%s/findings%s", id, query), NULL);
	return (size_t)cJSON_GetArraySize(rest.reply);
}

static const char *finding(int index, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(rest.reply, index), name));
}

static int64_t counted(const char *id, const char *name)
{
	assert_status(200, "GET", arena_printf(fixture.arena, "/api/jobs/%s", id), NULL);
	return (int64_t)cJSON_GetNumberValue(
		cJSON_GetObjectItem(cJSON_GetObjectItem(rest.reply, "result"), name));
}

#define OBJECT(key, size, sha256)                                                                            \
	"{\"key\":\"" key "\",\"size\":" #size ",\"modified\":1,\"sha256\":\"" sha256 "\"}"

static void what_does_not_agree_is_found(void **state)
{
	(void)state;
	fixture_ready("gone"), fixture_ready("longer"), fixture_ready("other"), fixture_ready("whole");
	fixture_ready("closed"), fixture_media("pending");
	clock_sleep_ms(20);
	const char *id = begin_audit("{}");
	struct job_row job = take();
	assert_int_equal(
		page(&job,
			"[{\"key\":\"closed.1\",\"size\":3,\"modified\":1,\"code\":\"internal\"}," OBJECT(
				"longer.1", 4, SHA_A) "," OBJECT("nobody's", 9, SHA_A) "," OBJECT("other.1",
				3,
				SHA_B) "," OBJECT("pending.1", 1, SHA_A) "," OBJECT("whole.1", 3, SHA_A) "]",
			NULL),
		RECORD_DONE);
	assert_int_equal(found(id, ""), 5);
	static const char *const EXPECTED[][2] = {{"closed.1", "unreadable"}, {"gone.1", "missing"},
		{"longer.1", "corrupt"}, {"nobody's", "unreferenced"}, {"other.1", "corrupt"}};
	for (int i = 0; i < 5; i++) {
		assert_string_equal(finding(i, "store_key"), EXPECTED[i][0]);
		assert_string_equal(finding(i, "kind"), EXPECTED[i][1]);
	}
	assert_string_equal(finding(1, "pid"), "gone");
	assert_int_equal(found(id, "?kind=corrupt"), 2);
	assert_int_equal(counted(id, "objects"), 6);
	assert_int_equal(counted(id, "corrupt"), 2);
	assert_string_equal(rest_text("state"), "succeeded");
}

static void an_audit_goes_on_where_its_last_page_ended(void **state)
{
	(void)state;
	fixture_ready("a"), fixture_ready("b"), fixture_ready("c");
	clock_sleep_ms(20);
	const char *id = begin_audit("{}");
	struct job_row first = take();
	assert_int_equal(page(&first, "[" OBJECT("a.1", 3, SHA_A) "]", "a.1"), RECORD_POSTPONED);
	assert_int_equal(
		page(&first, "[" OBJECT("a.1", 3, SHA_A) "]", "a.1"), RECORD_IGNORED); /* once more */
	assert_int_equal(found(id, ""), 0); /* what follows was not looked for yet */
	struct job_row second = take();
	assert_non_null(strstr(second.spec, "\"a.1\""));
	assert_int_equal(page(&second, "[" OBJECT("c.1", 3, SHA_A) "]", NULL), RECORD_DONE);
	assert_int_equal(found(id, ""), 1);
	assert_string_equal(finding(0, "pid"), "b");
	assert_int_equal(counted(id, "objects"), 2);
	assert_int_equal(rest_int("max_attempts") - rest_int("attempt"), 9); /* pages are no failures */
}

/* Somebody is at work: what is young, what a job names, what has changed since the page was asked for. */
static void what_is_under_way_is_no_finding(void **state)
{
	(void)state;
	const char *id = begin_audit("{\"content\":false}");
	struct job_row job = take();
	fixture_ready("new");
	struct job_new going = {.id = fixture_uuid(),
		.kind = JOB_DELETE,
		.class = JOB_BACKGROUND,
		.store_pk = fixture.store_pk,
		.store_key = "going"};
	assert_ok(job_insert(fixture.conn, &going, &fixture.err));
	const char *objects = arena_printf(fixture.arena,
		"[{\"key\":\"going\",\"size\":1,\"modified\":1},{\"key\":\"young\",\"size\":1,\"modified\":%"
		"lld}]",
		(long long)clock_unix_ms());
	assert_int_equal(page(&job, objects, NULL), RECORD_DONE);
	assert_int_equal(found(id, ""), 0);
}

static void findings_come_in_pages(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		fixture_ready(arena_printf(fixture.arena, "m%d", i));
	clock_sleep_ms(20);
	const char *id = begin_audit("{}");
	struct job_row job = take();
	assert_int_equal(page(&job, "[]", NULL), RECORD_DONE);
	assert_int_equal(found(id, "?limit=2&kind=missing"), 2);
	const char *link = rest_header("Link");
	assert_non_null(link);
	const char *next = arena_memdup(fixture.arena, link + 1, strcspn(link + 1, ">"));
	assert_status(200, "GET", next, NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 2);
	assert_string_equal(finding(0, "pid"), "m2");
	assert_int_equal(found(id, "?limit=5"), 5);
	assert_null(rest_header("Link"));
	assert_status(422, "GET", arena_printf(fixture.arena, "/api/jobs/%s/findings?limit=0", id), NULL);
	assert_status(404, "GET", "/api/jobs/00000000-0000-0000-0000-000000000000/findings", NULL);
}

static void of_one_store_one_audit_runs_at_a_time(void **state)
{
	(void)state;
	const char *id = begin_audit("{}");
	const char *path = arena_printf(fixture.arena, "/api/store/%d/audit", (int)fixture.store_pk);
	assert_status(409, "POST", path, "{}");
	struct job_row job = take();
	assert_int_equal(page(&job, "[]", NULL), RECORD_DONE);
	assert_string_not_equal(begin_audit("{}"), id);
}

static void an_audit_is_for_admins_and_for_stores_that_are_there(void **state)
{
	(void)state;
	const char *path = arena_printf(fixture.arena, "/api/store/%d/audit", (int)fixture.store_pk);
	assert_status(404, "POST", "/api/store/999999/audit", "{}");
	assert_status(422, "POST", "/api/store/one/audit", "{}");
	assert_status(422, "POST", path, "{\"bytes_per_second\":-1}");
	rest.token = rest.writer;
	assert_status(403, "POST", path, "{}");
	rest.token = NULL;
	assert_status(401, "POST", path, "{}");
	assert_status(401, "GET", "/api/jobs/00000000-0000-0000-0000-000000000000/findings", NULL);
}

#define audit_test(name) cmocka_unit_test_setup_teardown(name, begin, rest_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		audit_test(what_does_not_agree_is_found),
		audit_test(an_audit_goes_on_where_its_last_page_ended),
		audit_test(what_is_under_way_is_no_finding),
		audit_test(findings_come_in_pages),
		audit_test(of_one_store_one_audit_runs_at_a_time),
		audit_test(an_audit_is_for_admins_and_for_stores_that_are_there),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
