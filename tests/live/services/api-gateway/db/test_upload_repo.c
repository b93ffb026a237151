/* SPDX-License-Identifier: MIT */
#include "db/upload_repo.h"

#include "live/services/api-gateway/db/fixture.h"

enum { LIFETIME_MS = 60000 };

static int64_t user(const char *name)
{
	const char *sql = arena_printf(fixture.arena,
		"INSERT INTO app_user (name, password_hash, role) VALUES ('%s', 'x', 'writer')"
		" ON CONFLICT (name) DO UPDATE SET role = 'writer' RETURNING pk",
		name);
	return strtoll(fixture_ask(sql), NULL, 10);
}

static struct upload_row insert(struct upload_row upload)
{
	upload.id = fixture_uuid();
	upload.user_pk = user("ada");
	upload.hash = "half-way";
	if (upload.kind != UPLOAD_PARTIAL && !upload.media)
		upload.media = "{\"pid\": \"p\"}";
	assert_ok(upload_insert(fixture.conn, &upload, LIFETIME_MS, &fixture.err));
	return upload;
}

static struct upload_row find(const char *id)
{
	struct upload_row row;
	assert_found(upload_find(fixture.conn, id, 0, fixture.arena, &row, &fixture.err));
	return row;
}

static int advance(const char *id, int64_t before, int64_t received, bool finished)
{
	const struct upload_progress progress = {.id = id,
		.before = before,
		.received = received,
		.hash = "further",
		.length = -1,
		.finished = finished,
		.lifetime_ms = LIFETIME_MS};
	return upload_advance(fixture.conn, &progress, &fixture.err);
}

static void let_expire(const char *id, const char *ago)
{
	fixture_ask(arena_printf(fixture.arena,
		"UPDATE upload SET expires = now() - interval '%s' WHERE id = '%s' RETURNING 1", ago, id));
}

static int clear(void **state)
{
	fixture_begin(state);
	fixture_ask("WITH d AS (DELETE FROM upload RETURNING 1) SELECT count(*) FROM d");
	return 0;
}

static void what_is_begun_is_found_as_it_was(void **state)
{
	(void)state;
	struct upload_row begun = insert((struct upload_row){.kind = UPLOAD_WHOLE,
		.length = 10,
		.metadata = "pid cA==",
		.media = "{\"pid\": \"p\"}",
		.if_match = "\"tag\""});
	struct upload_row row = find(begun.id);
	assert_string_equal(row.id, begun.id);
	assert_int_equal(row.kind, UPLOAD_WHOLE);
	assert_int_equal(row.state, UPLOAD_RECEIVING);
	assert_int_equal(row.length, 10);
	assert_int_equal(row.received, 0);
	assert_string_equal(row.hash, "half-way");
	assert_string_equal(row.metadata, "pid cA==");
	assert_string_equal(row.media, "{\"pid\": \"p\"}");
	assert_string_equal(row.if_match, "\"tag\"");
	assert_string_equal(row.username, "ada");
	assert_null(row.job);
	assert_null(row.parts);
	assert_false(row.expired);
	assert_in_range(row.expires_unix_ms, clock_unix_ms(), clock_unix_ms() + 2 * LIFETIME_MS);
	assert_int_equal(find(insert((struct upload_row){.length = -1}).id).length, -1);
}

static void it_is_its_owners_alone(void **state)
{
	(void)state;
	struct upload_row row, begun = insert((struct upload_row){.length = 10});
	assert_found(upload_find(fixture.conn, begun.id, begun.user_pk, fixture.arena, &row, &fixture.err));
	assert_ok(upload_find(fixture.conn, begun.id, user("eve"), fixture.arena, &row, &fixture.err));
	assert_ok(upload_find(fixture.conn, "no uuid", 0, fixture.arena, &row, &fixture.err));
	assert_ok(upload_find(fixture.conn, fixture_uuid(), 0, fixture.arena, &row, &fixture.err));
}

static void of_two_who_write_at_once_one_changes_nothing(void **state)
{
	(void)state;
	struct upload_row begun = insert((struct upload_row){.length = 10});
	assert_int_equal(advance(begun.id, 0, 4, false), 1);
	assert_int_equal(advance(begun.id, 0, 6, false), 0);
	struct upload_row row = find(begun.id);
	assert_int_equal(row.received, 4);
	assert_string_equal(row.hash, "further");
	assert_int_equal(advance(begun.id, 4, 10, true), 1);
	assert_int_equal(find(begun.id).state, UPLOAD_FINISHED);
	assert_int_equal(advance(begun.id, 10, 10, false), 0);
}

static void more_than_the_length_is_refused(void **state)
{
	(void)state;
	struct upload_row begun = insert((struct upload_row){.length = 10});
	assert_int_equal(advance(begun.id, 0, 11, false), -1);
	assert_int_equal(find(begun.id).received, 0);
}

static void a_length_told_later_and_a_job_are_kept(void **state)
{
	(void)state;
	struct upload_row begun = insert((struct upload_row){.length = -1});
	const char *job = fixture_uuid();
	struct upload_progress progress = {.id = begun.id,
		.before = 0,
		.received = 7,
		.hash = "further",
		.length = 7,
		.lifetime_ms = LIFETIME_MS};
	assert_found(upload_advance(fixture.conn, &progress, &fixture.err));
	progress.before = 7;
	progress.length = -1;
	progress.finished = true;
	progress.job = job;
	assert_found(upload_advance(fixture.conn, &progress, &fixture.err));
	struct upload_row row = find(begun.id);
	assert_int_equal(row.length, 7);
	assert_string_equal(row.job, job);
}

static void parts_come_in_the_order_asked_for_once_they_are_complete(void **state)
{
	(void)state;
	struct upload_row *found, parts[3];
	size_t count;
	for (int i = 0; i < 3; i++)
		parts[i] = insert((struct upload_row){.kind = UPLOAD_PARTIAL, .length = i + 1});
	for (int i = 0; i < 2; i++)
		assert_int_equal(advance(parts[i].id, 0, i + 1, true), 1);
	const char *ids = arena_printf(fixture.arena, "%s,%s,%s", parts[1].id, parts[2].id, parts[0].id);
	assert_ok(upload_find_parts(
		fixture.conn, ids, parts[0].user_pk, fixture.arena, &found, &count, &fixture.err));
	assert_int_equal(count, 2);
	assert_string_equal(found[0].id, parts[1].id);
	assert_string_equal(found[1].id, parts[0].id);
	assert_ok(upload_find_parts(
		fixture.conn, ids, user("eve"), fixture.arena, &found, &count, &fixture.err));
	assert_int_equal(count, 0);
}

static void what_is_to_be_joined_is_found_when_nobody_is_at_it(void **state)
{
	(void)state;
	struct upload_row row, part = insert((struct upload_row){.kind = UPLOAD_PARTIAL, .length = 1});
	struct upload_row final =
		insert((struct upload_row){.kind = UPLOAD_FINAL, .length = 1, .parts = part.id});
	assert_int_equal(find(final.id).state, UPLOAD_JOINING);
	assert_ok(upload_find_joining(fixture.conn, 60000, fixture.arena, &row, &fixture.err));
	assert_found(upload_find_joining(fixture.conn, 0, fixture.arena, &row, &fixture.err));
	assert_string_equal(row.id, final.id);
	assert_string_equal(row.parts, part.id);
	assert_int_equal(advance(final.id, 0, 1, true), 1);
	assert_ok(upload_find_joining(fixture.conn, 0, fixture.arena, &row, &fixture.err));
}

static void expired_ones_are_known_for_a_minute_and_then_deleted(void **state)
{
	(void)state;
	const char **ids;
	size_t count;
	struct upload_row old = insert((struct upload_row){.length = 1}),
			  older = insert((struct upload_row){.length = 1});
	insert((struct upload_row){.length = 1});
	let_expire(old.id, "10 seconds");
	let_expire(older.id, "2 minutes");
	assert_true(find(old.id).expired);
	assert_ok(upload_delete_expired(fixture.conn, 10, fixture.arena, &ids, &count, &fixture.err));
	assert_int_equal(count, 1);
	assert_string_equal(ids[0], older.id);
	assert_string_equal(fixture_ask("SELECT count(*) FROM upload"), "2");
}

static void deleting_says_whether_there_was_one(void **state)
{
	(void)state;
	struct upload_row begun = insert((struct upload_row){.length = 1});
	assert_found(upload_delete(fixture.conn, begun.id, &fixture.err));
	assert_ok(upload_delete(fixture.conn, begun.id, &fixture.err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear, fixture_end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_begun_is_found_as_it_was),
		TEST(it_is_its_owners_alone),
		TEST(of_two_who_write_at_once_one_changes_nothing),
		TEST(more_than_the_length_is_refused),
		TEST(a_length_told_later_and_a_job_are_kept),
		TEST(parts_come_in_the_order_asked_for_once_they_are_complete),
		TEST(what_is_to_be_joined_is_found_when_nobody_is_at_it),
		TEST(expired_ones_are_known_for_a_minute_and_then_deleted),
		TEST(deleting_says_whether_there_was_one),
	};
	return cmocka_run_group_tests(tests, fixture_create, fixture_drop);
}
