/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/delivery_repo.h"
#include "db/outbox_repo.h"
#include "db/webhook_repo.h"
#include "domain/deliveries.h"

enum { PENDING_MAX = 3 };

static int64_t hook;
static struct job_row *jobs;
static struct delivery_row *deliveries;
static size_t count;

static int64_t number(const char *sql)
{
	return strtoll(fixture_ask(sql), NULL, 10);
}

/* A webhook of all store events, from here on. */
static int setup(void **state)
{
	int64_t moved;
	fixture_begin(state);
	fixture_ask("WITH gone AS (DELETE FROM webhook RETURNING 1) SELECT count(*) FROM gone");
	assert_ok(outbox_move(fixture.conn, 1000, &moved, &fixture.err));
	const struct webhook_row row = {.url = "http://target.example/",
		.events = "{store.#}",
		.active = true,
		.seal_id = "0b7c1a52-6b1e-4d0e-9a43-0f3f7d1a2c11",
		.secret = "sealed"};
	assert_ok(webhook_insert(fixture.conn, &row, &hook, &fixture.err));
	return 0;
}

static void events_happen(int n)
{
	static int names;
	int64_t moved;
	for (int i = 0; i < n; i++)
		fixture_ask(arena_printf(fixture.arena,
			"INSERT INTO store (type, bucket) VALUES ('DictStore', 'd%d') RETURNING pk",
			names++));
	assert_ok(outbox_move(fixture.conn, 1000, &moved, &fixture.err));
}

static bool walk(void)
{
	bool more;
	assert_ok(deliveries_walk(fixture.conn, PENDING_MAX, &more, &fixture.err));
	return more;
}

static void take(int parallel)
{
	assert_ok(delivery_take_due(fixture.conn, 50, parallel, 60000, "gateway", fixture.arena, &jobs,
		&deliveries, &count, &fixture.err));
}

static void each_event_makes_one_delivery_up_to_the_limit(void **state)
{
	(void)state;
	events_happen(5);
	walk();
	walk();
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery"), PENDING_MAX);
	take(10);
	assert_int_equal(count, PENDING_MAX);
	const struct delivery_answer answer = {200, "fine"};
	for (size_t i = 0; i < count; i++)
		assert_ok(delivery_told(fixture.conn, jobs[i].id, &answer, &fixture.err));
	walk();
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery"), 5);
	assert_int_equal(number("SELECT count(DISTINCT seq) FROM webhook_delivery"), 5);
	assert_int_equal(number("SELECT count(*) FROM outbox"), 0); /* deliveries are no events */
}

static void a_webhook_gets_so_many_at_once_and_one_when_it_fails(void **state)
{
	(void)state;
	const struct delivery_answer none = {0, NULL};
	struct error why;
	enum job_state queued;
	events_happen(3);
	walk();
	take(2);
	assert_int_equal(count, 2);
	struct job_row *first = jobs;
	take(2);
	assert_int_equal(count, 0);
	error_set(&why, ERROR_UNAVAILABLE, "the target answered 500");
	assert_found(job_retry(fixture.conn, first[0].id, 1, 0, &why, &queued, &fixture.err));
	assert_ok(delivery_missed(fixture.conn, first[0].id, false, &none, &why, &fixture.err));
	assert_found(job_succeed(fixture.conn, first[1].id, 1, NULL, &fixture.err));
	take(2);
	assert_int_equal(count, 0); /* it rests */
	fixture_ask("UPDATE webhook_state SET paused_until = now() RETURNING 1");
	take(2);
	assert_int_equal(count, 1);
}

static void jobs_of_deliveries_are_not_the_schedulers(void **state)
{
	(void)state;
	events_happen(1);
	walk();
	assert_ok(job_take_due(fixture.conn, 50, 60000, NULL, fixture.arena, &jobs, &count, &fixture.err));
	assert_int_equal(count, 0);
}

static void events_that_wait_for_a_delivery_are_kept(void **state)
{
	(void)state;
	int64_t deleted;
	events_happen(2);
	walk();
	fixture_ask("UPDATE event_published SET seq = 1000000 RETURNING 1");
	fixture_ask("UPDATE webhook_delivery SET state = 'delivered' WHERE pk = (SELECT min(pk) FROM "
		    "webhook_delivery)"
		    " RETURNING 1");
	assert_ok(event_delete_old(fixture.conn, -1000, 1000, &deleted, &fixture.err));
	assert_int_equal(number("SELECT count(*) FROM event"), 1);
	assert_fails(
		delivery_resend(fixture.conn, hook,
			number("SELECT pk FROM webhook_delivery WHERE state = 'pending'"), 3, &fixture.err),
		ERROR_CONFLICT);
	assert_fails(
		delivery_resend(fixture.conn, hook,
			number("SELECT pk FROM webhook_delivery WHERE state = 'delivered'"), 3, &fixture.err),
		ERROR_GONE);
}

static void what_failed_for_too_long_is_disabled_and_what_ended_goes(void **state)
{
	(void)state;
	int64_t n;
	events_happen(2);
	walk();
	fixture_ask("UPDATE webhook_state SET failing_since = now() - interval '2 min' RETURNING 1");
	assert_ok(delivery_disable_failing(fixture.conn, 180000, &n, &fixture.err));
	assert_int_equal(n, 0);
	assert_ok(delivery_disable_failing(fixture.conn, 60000, &n, &fixture.err));
	assert_int_equal(n, 1);
	assert_int_equal(
		number("SELECT count(*) FROM webhook WHERE NOT active AND disabled_reason IS NOT NULL"), 1);
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery WHERE state = 'failed'"), 2);
	assert_int_equal(number("SELECT count(*) FROM job j JOIN webhook_delivery d ON d.job = j.id WHERE "
				"j.state <> 'cancelled'"),
		0);
	events_happen(1);
	walk();
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery"), 2);
	assert_ok(delivery_delete_old(fixture.conn, 60000, 100, &n, &fixture.err));
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery"), 2);
	assert_ok(delivery_delete_old(fixture.conn, -1000, 100, &n, &fixture.err));
	assert_int_equal(number("SELECT count(*) FROM webhook_delivery"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_event_makes_one_delivery_up_to_the_limit),
		TEST(a_webhook_gets_so_many_at_once_and_one_when_it_fails),
		TEST(jobs_of_deliveries_are_not_the_schedulers),
		TEST(events_that_wait_for_a_delivery_are_kept),
		TEST(what_failed_for_too_long_is_disabled_and_what_ended_goes),
	};
	return cmocka_run_group_tests(tests, fixture_create, fixture_drop);
}
