/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

#include "db/outbox_repo.h"
#include "db/replay_repo.h"

static int64_t last;

/* Three events after `last`, and those before. */
static int setup(void **state)
{
	int64_t moved, oldest;
	rest_begin(state);
	rest.config.replay_max = 10;
	assert_ok(outbox_move(fixture.conn, 10000, &moved, &fixture.err));
	assert_ok(event_span(fixture.conn, &oldest, &last, &fixture.err));
	static int number;
	for (int i = 0; i < 3; i++)
		fixture_media(arena_printf(fixture.arena, "listed-%d", number++));
	assert_ok(outbox_move(fixture.conn, 10, &moved, &fixture.err));
	return 0;
}

static const char *path(const char *format, int64_t seq)
{
	return arena_printf(fixture.arena, "/api/events?after=%lld%s", (long long)seq, format);
}

static int64_t sequence(int index)
{
	const cJSON *event = cJSON_GetArrayItem(rest.reply, index);
	return atoll(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "sequence")));
}

static void pages_follow_each_other(void **state)
{
	(void)state;
	rest.token = rest.reader;
	assert_status(200, "GET", path("&limit=2", last), NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 2);
	assert_true(sequence(0) == last + 1 && sequence(1) == last + 2);
	assert_string_equal(rest_header("Link"),
		arena_printf(fixture.arena, "</api/events?after=%lld&limit=2>; rel=\"next\"",
			(long long)last + 2));
	assert_status(200, "GET", path("&limit=2", last + 2), NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 1);
	assert_null(rest_header("Link"));
	assert_status(200, "GET", path("", last + 3), NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 0);
}

static void a_pattern_leaves_events_out(void **state)
{
	(void)state;
	assert_status(200, "GET", path("&pattern=media.created.%23", last), NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 3);
	assert_status(200, "GET", path("&pattern=media.*", last), NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 0);
	assert_null(rest_header("Link"));
	assert_status(200, "GET", path("&pattern=media.%23&limit=1", last), NULL);
	assert_non_null(strstr(rest_header("Link"), "&pattern=media.%23>"));
}

static void parameters_are_checked(void **state)
{
	(void)state;
	assert_status(422, "GET", "/api/events?after=-1", NULL);
	assert_status(422, "GET", "/api/events?after=x", NULL);
	assert_status(422, "GET", "/api/events?limit=0", NULL);
	assert_status(422, "GET", "/api/events?limit=1001", NULL);
	assert_status(422, "GET", "/api/events?pattern=", NULL);
}

static void replays_are_checked(void **state)
{
	(void)state;
	static const char *const BAD[] = {
		"{\"after\": 1}",
		"{\"after\": 1, \"queue\": \"x\", \"exchange\": \"y\"}",
		"{\"after\": 1, \"queue\": \"\"}",
		"{\"after\": 1, \"queue\": \"mediastore.dead.letters\"}",
		"{\"after\": 1, \"exchange\": \"mediastore.jobs\"}",
		"{\"after\": 1, \"queue\": \"x\", \"until\": 1000000000}",
		"{\"after\": 1, \"queue\": \"x\", \"pattern\": \"\"}",
		"{\"after\": -1, \"queue\": \"x\"}",
	};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++)
		assert_status(422, "POST", "/api/events/replay", BAD[i]);
	rest.config.replay_max = 1;
	assert_status(413, "POST", "/api/events/replay", "{\"after\": 0, \"queue\": \"x\"}");
}

static void a_replay_is_asked_for_and_looked_at(void **state)
{
	(void)state;
	struct replay_row row;
	assert_status(200, "POST", "/api/events/replay",
		arena_printf(fixture.arena,
			"{\"after\": %lld, \"pattern\": \"media.#\", \"queue\": \"mine\"}", (long long)last));
	int64_t pk = rest_int("pk");
	assert_string_equal(rest_text("state"), "queued");
	assert_string_equal(rest_text("queue"), "mine");
	assert_true(rest_int("until") == last + 3);
	assert_found(replay_take(fixture.conn, 60000, fixture.arena, &row, &fixture.err));
	assert_true(row.pk == pk && row.done == last);
	assert_string_equal(row.exchange, "");
	assert_string_equal(row.routing_key, "mine");
	assert_int_equal(replay_take(fixture.conn, 1, fixture.arena, &row, &fixture.err), 0);
	assert_ok(replay_advance(fixture.conn, pk, last + 2, 2, 0, &fixture.err));
	assert_found(replay_take(fixture.conn, 60000, fixture.arena, &row, &fixture.err));
	assert_true(row.pk == pk && row.done == last + 2); /* whoever had it has died */
	assert_ok(replay_end(fixture.conn, pk, "no queue takes it", &fixture.err));
	assert_status(200, "GET", arena_printf(fixture.arena, "/api/events/replays/%d", (int)pk), NULL);
	assert_string_equal(rest_text("state"), "failed");
	assert_string_equal(rest_text("error"), "no queue takes it");
	assert_true(rest_int("published") == 2);
	assert_status(200, "GET", "/api/events/replays", NULL);
	assert_int_equal(cJSON_GetArraySize(rest.reply), 1);
	assert_status(404, "GET", "/api/events/replays/4711", NULL);
	assert_status(422, "GET", "/api/events/replays/x", NULL);
}

/* The last test: it deletes events. */
static void what_is_no_longer_kept_is_gone(void **state)
{
	(void)state;
	fixture_ask(arena_printf(
		fixture.arena, "DELETE FROM event WHERE seq <= %lld RETURNING 1", (long long)last + 1));
	assert_status(410, "GET", path("", last), NULL);
	assert_string_equal(rest_text("code"), "gone");
	assert_string_equal(rest_text("oldest"), arena_printf(fixture.arena, "%lld", (long long)last + 2));
	assert_status(410, "POST", "/api/events/replay", "{\"after\": 0, \"queue\": \"x\"}");
	assert_status(200, "GET", path("", last + 1), NULL);
	assert_status(200, "GET", "/api/events", NULL);
	assert_true(sequence(0) == last + 2);
}

#define events_test(name) cmocka_unit_test_setup_teardown(name, setup, rest_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		events_test(pages_follow_each_other),
		events_test(a_pattern_leaves_events_out),
		events_test(parameters_are_checked),
		events_test(replays_are_checked),
		events_test(a_replay_is_asked_for_and_looked_at),
		events_test(what_is_no_longer_kept_is_gone),
	};
	return cmocka_run_group_tests_name("handlers/events", tests, rest_create, rest_drop);
}
