/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/identifier_repo.h"
#include "db/outbox_repo.h"
#include "db/repo.h"

#include <pthread.h>

static struct event_row *events;
static size_t count;

/* Everything in the outbox becomes events; those after the last seq before are in `events`. */
static void relay(void)
{
	static int64_t last;
	int64_t moved;
	assert_ok(outbox_move(fixture.conn, 1000, &moved, &fixture.err));
	assert_ok(event_list_after(fixture.conn, last, 1000, fixture.arena, &events, &count, &fixture.err));
	if (count)
		last = events[count - 1].seq;
}

static int setup(void **state)
{
	fixture_begin(state);
	relay();
	return 0;
}

static void change(const char *sql)
{
	fixture_ask(arena_printf(fixture.arena, "%s RETURNING 1", sql));
}

static const char *without_spaces(const char *text)
{
	char *copy = arena_strdup(fixture.arena, text), *end = copy;
	for (; *text; text++)
		if (*text != ' ')
			*end++ = *text;
	*end = '\0';
	return copy;
}

static void assert_body(size_t index, const char *part)
{
	if (!strstr(without_spaces(events[index].body), without_spaces(part)))
		fail_msg("%s\nlacks %s", events[index].body, part);
}

static void life_of_a_media_is_told_in_order(void **state)
{
	(void)state;
	struct media_row row;
	fixture_ready("life");
	assert_found(media_delete(fixture.conn, "life", &TESTER, fixture.arena, &row, &fixture.err));
	relay();
	assert_int_equal(count, 3);
	assert_string_equal(events[0].routing_key, "media.created.DEFAULT.FilesystemStore");
	assert_string_equal(events[1].routing_key, "media.ready.DEFAULT.FilesystemStore");
	assert_string_equal(events[2].what, "media.deleted");
	assert_string_equal(events[2].subject, "life");
	assert_true(events[1].seq == events[0].seq + 1);
}

static void body_says_what_the_design_asks(void **state)
{
	(void)state;
	fixture_ready("body");
	relay();
	assert_body(1, arena_printf(fixture.arena, "\"seq\": %d", (int)events[1].seq));
	assert_body(1, "\"changed\": [\"store_status\", \"size\", \"checksums\"]");
	assert_body(1, "\"checksums\": {\"sha256\": \"" SHA_A "\"}");
	assert_body(1, "\"actor\": \"tester\"");
	assert_body(1, "\"bucket\": \"/data\"");
	assert_body(1, "\"metadata\": {}");
	assert_body(1, "\"version\": \"2\"");
	assert_int_equal(events[1].body_length, strlen(events[1].body));
}

/* In the fixture's session. */
static int64_t ask_session(const char *name, const char *sql)
{
	int64_t number;
	const struct db_statement statement = {name, sql};
	assert_found(repo_int(fixture.conn, &statement, DB_NO_PARAMS, &number, &fixture.err));
	return number;
}

static int64_t sequential_scans(void)
{
	ask_session("t_flush", "SELECT 1 FROM pg_stat_force_next_flush()");
	return ask_session("t_scans", "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'");
}

/* With a plan from when there was nothing to number, each batch would read all that is left. */
static void a_burst_is_numbered_by_the_plan_of_a_quiet_time(void **state)
{
	(void)state;
	int64_t moved;
	for (int i = 0; i < 10; i++)
		relay();
	fixture_ask("WITH burst AS (INSERT INTO outbox (routing_key, what, subject, body)"
		    " SELECT 'store.created', 'store.created', n::text, '{}' FROM generate_series(1, 5000) n "
		    "RETURNING 1)"
		    " SELECT count(*) FROM burst");
	int64_t scans = sequential_scans();
	for (int i = 0; i < 5; i++) {
		assert_ok(outbox_move(fixture.conn, 1000, &moved, &fixture.err));
		assert_int_equal(moved, 1000);
	}
	assert_int_equal(sequential_scans(), scans);
	/* compiling takes longer than a batch */
	assert_int_equal(ask_session("t_jit", "SELECT (current_setting('jit') = 'off')::int"), 1);
	do
		relay();
	while (count);
}

static void several_kinds_of_change_are_several_events(void **state)
{
	(void)state;
	fixture_media("kinds");
	relay();
	change("UPDATE media SET tags = '{a}', metadata = '{\"a\":1}', identifiers = '{\"x\":\"y\"}' WHERE "
	       "pid = 'kinds'");
	relay();
	assert_int_equal(count, 3);
	assert_string_equal(events[0].what, "media.updated.identifiers");
	assert_string_equal(events[1].what, "media.updated.metadata");
	assert_string_equal(events[2].what, "media.updated.tags");
}

static void each_state_of_the_bytes_has_its_event(void **state)
{
	(void)state;
	static const struct {
		const char *set, *what;
	} rows[] = {
		{"store_status = 'FAILED'", "media.failed"},
		{"store_status = 'READY', size = 1, sha256 = '" SHA_A "'", "media.ready"},
		{"store_key = 'moved.2', sha256 = '" SHA_B "'", "media.ready"},
		{"store_key = 'moved.3'", "media.updated.storekey"},
		{"pid = 'renamed'", "media.updated.pid"},
		{"store_status = 'LOST'", "media.lost"},
		{"store_status = 'CORRUPT'", "media.corrupt"},
	};
	int64_t pk = fixture_media("states");
	relay();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		change(arena_printf(
			fixture.arena, "UPDATE media SET %s WHERE pk = %d", rows[i].set, (int)pk));
		relay();
		assert_int_equal(count, 1);
		assert_string_equal(events[0].what, rows[i].what);
	}
}

static void every_version_has_an_event(void **state)
{
	(void)state;
	fixture_ready("versions");
	relay();
	change("UPDATE media SET content_type = 'text/plain' WHERE pid = 'versions'");
	relay();
	assert_int_equal(count, 1);
	assert_string_equal(events[0].what, "media.updated.content");
	assert_body(0, "\"changed\": [\"content_type\"]");
}

static void mended_bytes_are_restored(void **state)
{
	(void)state;
	fixture_ready("mended");
	change("UPDATE media SET store_status = 'LOST' WHERE pid = 'mended'");
	change("UPDATE media SET store_status = 'PENDING' WHERE pid = 'mended'");
	relay();
	change("UPDATE media SET store_status = 'READY' WHERE pid = 'mended'");
	relay();
	assert_int_equal(count, 2);
	assert_string_equal(events[0].what, "media.ready");
	assert_string_equal(events[1].what, "media.restored");
	change("UPDATE media SET store_status = 'PENDING' WHERE pid = 'mended'");
	change("UPDATE media SET store_status = 'READY' WHERE pid = 'mended'");
	relay();
	assert_int_equal(count, 2); /* and no more: what was last is what counts */
	assert_string_equal(events[1].what, "media.ready");
}

static void assert_told(size_t index, const char *routing_key, const char *part)
{
	assert_true(index < count);
	assert_string_equal(events[index].routing_key, routing_key);
	assert_body(index, part);
	assert_body(index, "\"time\": ");
}

static void jobs_stores_and_identifier_types_are_told_of(void **state)
{
	(void)state;
	const char *id = fixture_uuid();
	change(arena_printf(fixture.arena,
		"INSERT INTO job (id, kind, class, state, store, spec) VALUES ('%s', 'copy', 'background', "
		"'queued', %d, '{\"secret\": 1}')",
		id, (int)fixture.store_pk));
	change(arena_printf(
		fixture.arena, "UPDATE job SET state = 'queued', attempt = 0 WHERE id = '%s'", id));
	change(arena_printf(fixture.arena,
		"UPDATE job SET state = 'dead', error_code = 'full', error_message = 'no' WHERE id = '%s'",
		id));
	change("INSERT INTO store (type, bucket) VALUES ('DictStore', 'told')");
	change("DELETE FROM store WHERE bucket = 'told'");
	change("INSERT INTO identifier_type (name) VALUES ('told')");
	change("UPDATE identifier_type SET pattern = 'x' WHERE name = 'told'");
	change("UPDATE identifier_type SET pattern = 'x' WHERE name = 'told'");
	change("DELETE FROM identifier_type WHERE name = 'told'");
	relay();
	assert_int_equal(count, 7);
	assert_told(0, "job.queued.copy", arena_printf(fixture.arena, "\"job\": \"%s\"", id));
	assert_null(strstr(events[0].body, "secret"));
	assert_told(1, "job.dead.copy", "\"error\": {\"code\": \"full\", \"message\": \"no\"}");
	assert_told(2, "store.created", "\"bucket\": \"told\"");
	assert_told(3, "store.deleted", "\"type\": \"DictStore\"");
	assert_told(4, "identifier.created", "\"name\": \"told\"");
	assert_told(5, "identifier.updated", "\"pattern\": \"x\"");
	assert_told(6, "identifier.deleted", "\"op\": \"delete\"");
}

static void move_to_another_store_is_told(void **state)
{
	(void)state;
	int64_t store = 0;
	struct store_key key = {.type = STORE_FILESYSTEM, .bucket = "/other"};
	assert_found(store_find_or_create(fixture.conn, &key, &store, &fixture.err));
	fixture_media("mover");
	relay();
	change(arena_printf(fixture.arena, "UPDATE media SET store = %d WHERE pid = 'mover'", (int)store));
	relay();
	assert_int_equal(count, 1);
	assert_string_equal(events[0].what, "media.moved");
	assert_body(0, "\"bucket\": \"/other\"");
}

static void routing_key_has_no_special_characters(void **state)
{
	(void)state;
	struct identifier_type type;
	assert_found(identifier_find_or_create(
		fixture.conn, "a.b#c* d", NULL, fixture.arena, &type, &fixture.err));
	struct media_new media = {
		.pid = "odd", .pid_type = type.name, .store_pk = fixture.store_pk, .store_key = "odd"};
	assert_ok(media_create(fixture.conn, &media, &TESTER, fixture.arena, NULL, NULL, &fixture.err));
	relay();
	assert_string_equal(events[count - 1].routing_key, "media.created.a_b_c__d.FilesystemStore");
}

static void large_metadata_is_given_by_url(void **state)
{
	(void)state;
	fixture_media("a/b %ü");
	relay();
	change("UPDATE media SET metadata = jsonb_build_object('x', repeat('ab', 30000)) WHERE pid = 'a/b "
	       "%ü'");
	relay();
	assert_body(0, "\"metadata_url\": \"/api/media?pid=a%2Fb%20%25%C3%BC\"");
	assert_true(events[0].body_length < 2000);
	change("UPDATE media SET metadata = jsonb_build_object('x', repeat('ab', 20000)) WHERE pid = 'a/b "
	       "%ü'");
	relay();
	assert_true(events[0].body_length > 40000);
}

static void rolled_back_change_is_not_told(void **state)
{
	(void)state;
	{
		CLEANUP(db_rollback) struct db_transaction tx = {0};
		assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
		fixture_media("undone");
	}
	relay();
	assert_int_equal(count, 0);
}

static void what_is_published_is_noted_and_never_falls_back(void **state)
{
	(void)state;
	int64_t published = 0;
	fixture_ready("marked");
	relay();
	int64_t last = events[count - 1].seq;
	assert_ok(event_mark_published(fixture.conn, last, &fixture.err));
	assert_ok(event_mark_published(fixture.conn, last - 1, &fixture.err));
	assert_ok(event_published(fixture.conn, &published, &fixture.err));
	assert_true(published == last);
}

static void batch_of_large_events_is_bounded_but_never_empty(void **state)
{
	(void)state;
	int64_t moved, before = atoll(fixture_ask("SELECT last FROM event_sequence"));
	for (int i = 0; i < 3; i++)
		fixture_ask("INSERT INTO outbox (routing_key, what, body)"
			    " VALUES ('x', 'x', jsonb_build_object('x', repeat('y', 3000000))) RETURNING 1");
	assert_ok(outbox_move(fixture.conn, 10, &moved, &fixture.err));
	assert_ok(event_list_after(fixture.conn, before, 10, fixture.arena, &events, &count, &fixture.err));
	assert_int_equal(count, 2);
}

static void old_published_events_are_deleted(void **state)
{
	(void)state;
	int64_t deleted = 0;
	const char *last = fixture_ask("SELECT last FROM event_sequence");
	fixture_media("old");
	assert_ok(event_mark_published(fixture.conn, atoll(last), &fixture.err));
	relay();
	assert_ok(event_delete_old(fixture.conn, -1000, 100000, &deleted, &fixture.err));
	assert_true(deleted > 0);
	assert_string_equal(fixture_ask("SELECT count(*) FROM event"), "1"); /* which is not published */
}

static void one_session_leads_and_the_next_takes_over(void **state)
{
	(void)state;
	struct db_conn *first = db_open_dedicated(fixture.pool, soon(), &fixture.err);
	CLEANUP(db_release) struct db_conn *second = db_open_dedicated(fixture.pool, soon(), &fixture.err);
	assert_found(outbox_try_lead(first, OUTBOX_NUMBERS, &fixture.err));
	assert_found(outbox_try_lead(first, OUTBOX_NUMBERS, &fixture.err));
	assert_int_equal(outbox_try_lead(second, OUTBOX_NUMBERS, &fixture.err), 0);
	assert_found(outbox_try_lead(second, OUTBOX_PUBLISHES, &fixture.err)); /* the other duty is free */
	db_release(&first);
	int leads = 0;
	for (int64_t deadline = soon(); !leads && clock_left_ms(deadline) > 0; clock_sleep_ms(10))
		leads = outbox_try_lead(second, OUTBOX_NUMBERS, &fixture.err);
	assert_int_equal(leads, 1);
}

enum { WRITERS = 3, RELAYS = 2, PER_WRITER = 60 };

struct worker {
	int number;
	int *stop;
	int outcome;
};

/* Each writer changes its own media again and again: the events of one media must keep their order. */
static void *write_changes(void *context)
{
	struct worker *worker = context;
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &err);
	int64_t pk = 0;
	const char *pid = arena_printf(arena, "writer-%d", worker->number);
	struct media_new media = {
		.pid = pid, .pid_type = "DEFAULT", .store_pk = fixture.store_pk, .store_key = pid};
	worker->outcome = conn ? media_create(conn, &media, &TESTER, arena, NULL, &pk, &err) : -1;
	for (int i = 0; i < PER_WRITER && worker->outcome == 0; i++) {
		enum media_status from = i % 2 ? MEDIA_FAILED : MEDIA_PENDING,
				  to = i % 2 ? MEDIA_PENDING : MEDIA_FAILED;
		worker->outcome = media_set_status(conn, pk, from, to, &TESTER, &err) == 1 ? 0 : -1;
	}
	return NULL;
}

static void *move_events(void *context)
{
	struct worker *worker = context;
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &err);
	int64_t moved = 0;
	while (worker->outcome == 0 && (moved || !__atomic_load_n(worker->stop, __ATOMIC_ACQUIRE)))
		worker->outcome = conn ? outbox_move(conn, 5, &moved, &err) : -1;
	return NULL;
}

static void two_relays_number_without_gaps_and_in_order(void **state)
{
	(void)state;
	int stop = 0;
	struct worker workers[WRITERS + RELAYS];
	pthread_t threads[WRITERS + RELAYS];
	const char *before = fixture_ask("SELECT last FROM event_sequence");
	for (int i = 0; i < WRITERS + RELAYS; i++) {
		workers[i] = (struct worker){.number = i, .stop = &stop};
		pthread_create(&threads[i], NULL, i < WRITERS ? write_changes : move_events, &workers[i]);
	}
	for (int i = 0; i < WRITERS + RELAYS; i++) {
		if (i == WRITERS)
			__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].outcome, 0);
	}
	relay();
	int64_t made = WRITERS * (1 + PER_WRITER);
	assert_string_equal(
		fixture_ask(arena_printf(fixture.arena,
			"SELECT count(*) || ' ' || max(seq) - min(seq) + 1 FROM event WHERE seq > %s",
			before)),
		arena_printf(fixture.arena, "%d %d", (int)made, (int)made));
	assert_string_equal(
		fixture_ask(
			"SELECT count(*) FROM (SELECT (body->>'version')::int v, lag((body->>'version')::int)"
			" OVER (PARTITION BY subject ORDER BY seq) before FROM event WHERE subject LIKE "
			"'writer-%') e"
			" WHERE before >= v"),
		"0");
}

#define outbox_test(name) cmocka_unit_test_setup_teardown(name, setup, fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		outbox_test(life_of_a_media_is_told_in_order),
		outbox_test(body_says_what_the_design_asks),
		outbox_test(a_burst_is_numbered_by_the_plan_of_a_quiet_time),
		outbox_test(several_kinds_of_change_are_several_events),
		outbox_test(each_state_of_the_bytes_has_its_event),
		outbox_test(move_to_another_store_is_told),
		outbox_test(routing_key_has_no_special_characters),
		outbox_test(large_metadata_is_given_by_url),
		outbox_test(rolled_back_change_is_not_told),
		outbox_test(every_version_has_an_event),
		outbox_test(mended_bytes_are_restored),
		outbox_test(jobs_stores_and_identifier_types_are_told_of),
		outbox_test(old_published_events_are_deleted),
		outbox_test(what_is_published_is_noted_and_never_falls_back),
		outbox_test(one_session_leads_and_the_next_takes_over),
		outbox_test(two_relays_number_without_gaps_and_in_order),
		outbox_test(batch_of_large_events_is_bounded_but_never_empty),
	};
	return cmocka_run_group_tests_name("db/outbox_repo", tests, fixture_create, fixture_drop);
}
