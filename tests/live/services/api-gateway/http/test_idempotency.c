/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

#include "db/idempotency_repo.h"
#include "domain/once.h"

static const struct once_options OPTIONS = {
	.timeout_ms = 20000, .wait_ms = 100, .retention_ms = 3600 * 1000, .answer_max = 4096};

/* As a gateway has it when it starts. */
static struct once *new_once(int64_t answer_max)
{
	struct once_options options = OPTIONS;
	options.pool = fixture.pool;
	options.seal_key = rest.gateway.secret_key;
	options.answer_max = answer_max;
	return once_create(&options);
}

static int begin(void **state)
{
	rest.gateway.once = new_once(OPTIONS.answer_max);
	return rest_begin(state);
}

static int end(void **state)
{
	once_free(rest.gateway.once);
	rest.gateway.once = NULL;
	return rest_end(state);
}

static int post(const char *key, const char *path, const char *body)
{
	rest.header[0] = "Idempotency-Key";
	rest.header[1] = key;
	return rest_send("POST", path, body);
}

static const char *body_copy(void)
{
	return arena_strdup(fixture.arena, rest.response.body.data);
}

static const char USER[] = "{\"name\":\"%s\",\"password\":\"long enough\"}";

static const char *user_named(const char *name)
{
	return arena_printf(fixture.arena, USER, name);
}

static void same_request_gets_the_same_answer_and_runs_once(void **state)
{
	(void)state;
	assert_int_equal(post("k1", "/api/users", user_named("once")), 200);
	assert_null(rest_header("Idempotency-Replayed"));
	const char *first = body_copy();
	assert_int_equal(post("k1", "/api/users", user_named("once")), 200);
	assert_string_equal(rest_header("Idempotency-Replayed"), "true");
	assert_string_equal(rest_header("Content-Type"), "application/json");
	assert_string_equal(rest.response.body.data, first);
	assert_string_equal(rest_header("X-Request-Id"), rest.request.request_id);
}

static void answer_outlives_the_gateway(void **state)
{
	(void)state;
	assert_int_equal(post("k2", "/api/tokens", "{\"name\":\"kept\"}"), 200);
	const char *first = body_copy();
	once_free(rest.gateway.once);
	rest.gateway.once = new_once(OPTIONS.answer_max);
	assert_int_equal(post("k2", "/api/tokens", "{\"name\":\"kept\"}"), 200);
	assert_string_equal(rest.response.body.data, first);
}

static void kept_answer_does_not_show_its_secrets(void **state)
{
	(void)state;
	assert_int_equal(post("k3", "/api/tokens", "{\"name\":\"secret\"}"), 200);
	const char *token = arena_strdup(fixture.arena, rest_text("token"));
	assert_string_equal(
		fixture_ask(arena_printf(fixture.arena,
			"SELECT count(*) FROM idempotency WHERE idempotency::text LIKE '%%%s%%'", token)),
		"0");
}

static void key_with_another_request_is_422(void **state)
{
	(void)state;
	assert_int_equal(post("k4", "/api/users", user_named("four")), 200);
	assert_int_equal(post("k4", "/api/users", user_named("other")), 422);
	assert_int_equal(post("k4", "/api/tokens", user_named("four")), 422);
	rest.token = rest.writer; /* another user's keys are others */
	assert_int_equal(post("k4", "/api/tokens", "{}"), 200);
}

static void refusal_is_remembered_too(void **state)
{
	(void)state;
	assert_int_equal(post("k5", "/api/users", user_named("admin")), 409);
	const char *first = body_copy();
	assert_int_equal(post("k5", "/api/users", user_named("admin")), 409);
	assert_string_equal(rest.response.body.data, first);
}

static void body_that_breaks_the_schema_leaves_the_key_free(void **state)
{
	(void)state;
	assert_int_equal(post("k6", "/api/users", "{}"), 422);
	assert_int_equal(post("k6", "/api/users", user_named("six")), 200);
}

static void malformed_key_is_422(void **state)
{
	(void)state;
	char longest[ONCE_KEY_MAX + 2];
	memset(longest, 'k', sizeof(longest));
	longest[ONCE_KEY_MAX + 1] = '\0';
	const char *const malformed[] = {"", "a b", "\u00e4", longest};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_int_equal(post(malformed[i], "/api/users", user_named("seven")), 422);
	longest[ONCE_KEY_MAX] = '\0';
	assert_int_equal(post(longest, "/api/users", user_named("seven")), 200);
}

static void answer_too_large_is_not_kept_but_nothing_runs_twice(void **state)
{
	(void)state;
	once_free(rest.gateway.once);
	rest.gateway.once = new_once(10);
	assert_int_equal(post("k8", "/api/tokens", "{\"name\":\"large\"}"), 200);
	assert_int_equal(post("k8", "/api/tokens", "{\"name\":\"large\"}"), 409);
	assert_non_null(strstr(rest.response.body.data, "carried out before, with status 200"));
	assert_string_equal(fixture_ask("SELECT count(*) FROM token WHERE name = 'large'"), "1");
}

static void failure_of_ours_is_not_remembered(void **state)
{
	(void)state;
	assert_ok(db_run_script(
		fixture.conn, "ALTER TABLE app_user RENAME COLUMN password_hash TO gone", &fixture.err));
	assert_int_equal(post("k9", "/api/users", user_named("nine")), 500);
	assert_ok(db_run_script(
		fixture.conn, "ALTER TABLE app_user RENAME COLUMN gone TO password_hash", &fixture.err));
	assert_int_equal(post("k9", "/api/users", user_named("nine")), 200);
}

/* As when the gateway dies before the answer is kept. */
static void without_its_answer_there_is_no_effect(void **state)
{
	(void)state;
	static const char *const REQUESTS[][3] = {
		{"/api/users", "{\"name\":\"ten\",\"password\":\"long enough\"}",
			"SELECT count(*) FROM app_user WHERE name = 'ten'"},
		{"/api/tokens", "{\"name\":\"ten\"}", "SELECT count(*) FROM token WHERE name = 'ten'"},
		{"/api/store", "{\"type\":\"DictStore\",\"bucket\":\"ten\"}",
			"SELECT count(*) FROM store WHERE bucket = 'ten'"},
		{"/api/identifier", "{\"name\":\"TEN\"}",
			"SELECT count(*) FROM identifier_type WHERE name = 'TEN'"},
		{"/api/s3cfg", "{\"url\":\"http://ten\",\"access_key\":\"a\",\"secret_key\":\"s\"}",
			"SELECT count(*) FROM s3_config WHERE url = 'http://ten'"},
		{"/api/media",
			"{\"pid\":\"ten\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"type\":\"DictStore\","
			"\"bucket\":\"b\"}}",
			"SELECT count(*) FROM media WHERE pid = 'ten'"},
		{"/api/media/create",
			"[{\"pid\":\"ten\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"type\":\"DictStore\","
			"\"bucket\":\"b\"}}]",
			"SELECT count(*) FROM media WHERE pid = 'ten'"},
	};
	enum { COUNT = sizeof(REQUESTS) / sizeof(REQUESTS[0]) };
	for (int i = 0; i < COUNT; i++) {
		assert_ok(db_run_script(fixture.conn,
			"ALTER TABLE idempotency ADD CONSTRAINT no_answer CHECK (status IS NULL) NOT VALID",
			&fixture.err));
		const char *key = arena_printf(fixture.arena, "k10-%d", i);
		assert_true(post(key, REQUESTS[i][0], REQUESTS[i][1]) >= 400);
		assert_string_equal(fixture_ask(REQUESTS[i][2]), "0");
		assert_ok(db_run_script(
			fixture.conn, "ALTER TABLE idempotency DROP CONSTRAINT no_answer", &fixture.err));
		key = arena_printf(fixture.arena, "k10-%d-again", i);
		assert_int_equal(post(key, REQUESTS[i][0], REQUESTS[i][1]), 200);
		assert_string_equal(fixture_ask(REQUESTS[i][2]), "1");
		fixture_ask(
			"WITH d AS (DELETE FROM media WHERE pid = 'ten' RETURNING 1) SELECT count(*) FROM d");
	}
}

static void refused_request_leaves_nothing_behind(void **state)
{
	(void)state;
	static const char MEDIA[] = "{\"pid\":\"eleven\",\"pid_type\":\"DEFAULT\",\"store_config\":"
				    "{\"type\":\"DictStore\",\"bucket\":\"%s\"}}";
	assert_int_equal(post("k11", "/api/media", arena_printf(fixture.arena, MEDIA, "first")), 200);
	assert_int_equal(post("k12", "/api/media", arena_printf(fixture.arena, MEDIA, "second")), 409);
	assert_string_equal(fixture_ask("SELECT count(*) FROM store WHERE bucket = 'second'"), "0");
}

static void request_without_a_key_always_runs(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/tokens", "{\"name\":\"each\"}");
	assert_status(200, "POST", "/api/tokens", "{\"name\":\"each\"}");
	assert_string_equal(fixture_ask("SELECT count(*) FROM token WHERE name = 'each'"), "2");
}

/* --- claims */

static int begin_claim(
	struct once *once, const char *key, struct once_claim *claim, struct once_answer *answer)
{
	struct once_request request = {.user_pk = 1, .key = key};
	memset(request.fingerprint_hex, 'a', 64);
	return once_begin(once, &request, fixture.arena, claim, answer, &fixture.err);
}

static void request_in_progress_is_409_after_a_wait(void **state)
{
	(void)state;
	struct once_claim claim, second;
	struct once_answer answer;
	struct once *other = new_once(100);
	assert_found(begin_claim(other, "p1", &claim, &answer));
	int64_t before = clock_monotonic_ms();
	assert_fails(begin_claim(rest.gateway.once, "p1", &second, &answer), ERROR_CONFLICT);
	assert_true(clock_monotonic_ms() - before >= OPTIONS.wait_ms);
	once_finish(other, &claim, &(struct once_answer){200, "answer"});
	assert_ok(begin_claim(rest.gateway.once, "p1", &second, &answer));
	assert_string_equal(answer.text, "answer");
	once_free(other);
}

static void claim_of_a_dead_gateway_lapses(void **state)
{
	(void)state;
	struct once_claim dead, claim;
	struct once_answer answer;
	struct once *other = new_once(100);
	assert_found(begin_claim(other, "p2", &dead, &answer));
	assert_ok(db_run_script(fixture.conn,
		"UPDATE idempotency SET leased_until = now() - interval '1 ms' WHERE key = 'p2'",
		&fixture.err));
	assert_found(begin_claim(rest.gateway.once, "p2", &claim, &answer));
	once_finish(other, &dead, &(struct once_answer){200, "too late"});
	once_finish(rest.gateway.once, &claim, &(struct once_answer){200, "in time"});
	assert_ok(begin_claim(rest.gateway.once, "p2", &claim, &answer));
	assert_string_equal(answer.text, "in time");
	once_free(other);
}

/* A gateway that stood still for longer than its lease. */
static void claim_that_is_anothers_by_now_commits_nothing(void **state)
{
	(void)state;
	static const struct db_statement ADD = {
		"t_add", "INSERT INTO identifier_type (name) VALUES ('late')"};
	struct once_claim late, claim;
	struct once_answer answer;
	struct db_pool *pool;
	assert_found(begin_claim(rest.gateway.once, "p4", &late, &answer));
	assert_ok(once_enter(rest.gateway.once, &late, &pool, &fixture.err));
	struct db_conn *conn = db_acquire(pool, soon(), &fixture.err);
	assert_ok(db_execute(conn, &ADD, DB_NO_PARAMS, NULL, &fixture.err));
	db_release(&conn);
	assert_ok(db_run_script(
		fixture.conn, "UPDATE idempotency SET leased_until = now() WHERE key = 'p4'", &fixture.err));
	assert_found(begin_claim(rest.gateway.once, "p4", &claim, &answer));
	assert_fails(once_commit(rest.gateway.once, &late, &(struct once_answer){200, "late"}, &fixture.err),
		ERROR_CONFLICT);
	assert_string_equal(fixture_ask("SELECT count(*) FROM identifier_type WHERE name = 'late'"), "0");
	once_forget(rest.gateway.once, &late);
	once_finish(rest.gateway.once, &claim, &(struct once_answer){200, "in time"});
	assert_ok(begin_claim(rest.gateway.once, "p4", &claim, &answer));
	assert_string_equal(answer.text, "in time");
}

static void what_was_begun_is_told_to_who_claims_next(void **state)
{
	(void)state;
	struct once_claim dead, claim;
	struct once_answer answer;
	assert_found(begin_claim(rest.gateway.once, "p5", &dead, &answer));
	assert_null(dead.effect);
	assert_ok(once_note_effect(fixture.conn, dead.id, "job 7", &fixture.err));
	assert_ok(db_run_script(
		fixture.conn, "UPDATE idempotency SET leased_until = now() WHERE key = 'p5'", &fixture.err));
	assert_found(begin_claim(rest.gateway.once, "p5", &claim, &answer));
	assert_string_equal(claim.effect, "job 7");
	assert_fails(once_note_effect(fixture.conn, dead.id, "job 8", &fixture.err), ERROR_CONFLICT);
	once_forget(rest.gateway.once, &dead);
	once_forget(rest.gateway.once, &claim);
}

static void claim_at_work_is_renewed(void **state)
{
	(void)state;
	struct once_claim claim;
	struct once_answer answer;
	assert_found(begin_claim(rest.gateway.once, "p3", &claim, &answer));
	assert_ok(db_run_script(
		fixture.conn, "UPDATE idempotency SET leased_until = now() WHERE key = 'p3'", &fixture.err));
	assert_ok(once_renew(rest.gateway.once, &fixture.err));
	assert_string_equal(
		fixture_ask(
			"SELECT leased_until > now() + interval '20 s' FROM idempotency WHERE key = 'p3'"),
		"t");
	once_forget(rest.gateway.once, &claim);
	assert_string_equal(fixture_ask("SELECT count(*) FROM idempotency WHERE key = 'p3'"), "0");
}

static void old_answers_are_deleted(void **state)
{
	(void)state;
	assert_int_equal(post("old", "/api/tokens", "{}"), 200);
	assert_int_equal(post("new", "/api/tokens", "{}"), 200);
	assert_ok(db_run_script(fixture.conn,
		"UPDATE idempotency SET created = now() - interval '25 hours' WHERE key = 'old'",
		&fixture.err));
	int64_t deleted = 0;
	assert_ok(idempotency_delete_old(fixture.conn, 24 * 3600 * 1000, 100, &deleted, &fixture.err));
	assert_int_equal(deleted, 1);
	assert_string_equal(fixture_ask("SELECT count(*) FROM idempotency WHERE key = 'new'"), "1");
}

#define once_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		once_test(same_request_gets_the_same_answer_and_runs_once),
		once_test(answer_outlives_the_gateway),
		once_test(kept_answer_does_not_show_its_secrets),
		once_test(key_with_another_request_is_422),
		once_test(refusal_is_remembered_too),
		once_test(body_that_breaks_the_schema_leaves_the_key_free),
		once_test(malformed_key_is_422),
		once_test(answer_too_large_is_not_kept_but_nothing_runs_twice),
		once_test(failure_of_ours_is_not_remembered),
		once_test(without_its_answer_there_is_no_effect),
		once_test(refused_request_leaves_nothing_behind),
		once_test(request_without_a_key_always_runs),
		once_test(request_in_progress_is_409_after_a_wait),
		once_test(claim_of_a_dead_gateway_lapses),
		once_test(claim_that_is_anothers_by_now_commits_nothing),
		once_test(what_was_begun_is_told_to_who_claims_next),
		once_test(claim_at_work_is_renewed),
		once_test(old_answers_are_deleted),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
