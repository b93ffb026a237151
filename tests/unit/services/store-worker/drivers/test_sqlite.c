/* SPDX-License-Identifier: MIT */
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"
#include "support/store_place.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char BUCKET[] = "shop/objects.db";

static int setup(void **state)
{
	static struct store_place place;
	store_place_open_in_memory(&place, &sqlite_driver, BUCKET);
	*state = &place;
	return 0;
}

static int teardown(void **state)
{
	store_place_close(*state);
	return 0;
}

static int count_temporaries(struct store_fixture *fixture)
{
	return store_place_temporaries(fixture->context, "shop");
}

/* --- the format */

static void files_of_another_writer_are_read(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct object_info info;
	struct store *found;
	struct store_place other = *place;
	other.bucket = "python.db";
	store_place_python(place,
		"import sqlite3, sys\n"
		"c = sqlite3.connect(sys.argv[1] + '/python.db')\n"
		"c.execute('CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, data BLOB)')\n"
		"for k, v in (('a/b c', b'\\x00\\x01bytes'), ('text', 'gr\\u00fc\\u00df'), ('empty', b''), "
		"('null', None)):\n"
		"    c.execute('INSERT OR REPLACE INTO objects (key, data) VALUES (?, ?)', (k, v))\n"
		"c.commit()\n");
	assert_int_equal(store_place_again(&other, &found, &err), 0);
	struct memory_sink sink;
	memory_sink_init(&sink, 100);
	assert_int_equal(store_get(found, "a/b c", 0, -1, &sink.base, &err), 0);
	assert_int_equal(sink.bytes.length, 7);
	assert_memory_equal(sink.bytes.data, "\0\1bytes", 7);
	memory_sink_release(&sink);
	memory_sink_init(&sink, 100);
	assert_int_equal(store_get(found, "text", 2, -1, &sink.base, &err), 0);
	assert_int_equal(sink.bytes.length, 4);
	assert_memory_equal(sink.bytes.data, "\xc3\xbc\xc3\x9f", 4);
	memory_sink_release(&sink);
	assert_int_equal(store_stat(found, "empty", &info, &err), 0);
	assert_int_equal(info.size, 0);
	assert_int_equal(store_stat(found, "null", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_no_object(found, "other");
	sqlite_driver.close(found);
}

static void another_reader_finds_what_was_put(void **state)
{
	struct store_place *place = *state;
	struct error err;
	assert_int_equal(store_put_pattern(place->store, "a/b", 1, 5, &err), 0);
	assert_int_equal(store_put_pattern(place->store, "a/b", 1, 70000, &err), 0);
	assert_int_equal(store_put_pattern(place->store, "gone", 1, 5, &err), 0);
	assert_int_equal(store_remove(place->store, "gone", &err), 0);
	store_place_python(place,
		"import sqlite3, sys\n"
		"c = sqlite3.connect(sys.argv[1] + '/shop/objects.db')\n"
		"rows = c.execute('SELECT key, data FROM objects').fetchall()\n"
		"assert [(k, len(v), type(v)) for k, v in rows] == [('a/b', 70000, bytes)], rows\n"
		"assert c.execute('PRAGMA integrity_check').fetchone() == ('ok',)\n");
}

static int open_other(struct store_place *place, const char *bucket, struct error *err)
{
	struct store *store;
	struct store_place other = *place;
	other.bucket = bucket;
	int result = store_place_again(&other, &store, err);
	if (result == 0)
		sqlite_driver.close(store);
	return result;
}

static void what_is_no_such_database_is_unavailable(void **state)
{
	struct store_place *place = *state;
	struct error err;
	scratch_write(place->tree, "text",
		"This is not a database, and is longer than its header would be. "
		"It goes on for more than a hundred bytes, to be sure.");
	store_place_python(place, "import sqlite3, sys\n"
				  "c = sqlite3.connect(sys.argv[1] + '/other.db')\n"
				  "c.execute('CREATE TABLE objects (name TEXT, size INTEGER)')\n"
				  "c.commit()\n");
	static const char *const BUCKETS[] = {"text", "other.db", "shop"};
	for (size_t i = 0; i < sizeof(BUCKETS) / sizeof(BUCKETS[0]); i++) {
		assert_int_equal(open_other(place, BUCKETS[i], &err), -1);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
	}
	assert_int_equal(open_other(place, "/", &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void links_that_lead_out_are_refused(void **state)
{
	struct store_place *place = *state;
	char at[STORE_PLACE_PATH_SIZE];
	struct error err;
	assert_int_equal(symlink("/tmp", store_place_path(place, "out", at)), 0);
	assert_int_equal(symlink("/tmp/mediastore-elsewhere.db", store_place_path(place, "link.db", at)), 0);
	assert_int_equal(open_other(place, "out/x.db", &err), -1);
	assert_int_equal(open_other(place, "link.db", &err), -1);
	assert_int_equal(open_other(place, "../x.db", &err), -1);
	assert_int_not_equal(access("/tmp/mediastore-elsewhere.db", F_OK), 0);
}

/* --- limits */

static void beyond_sqlites_limit_is_too_large_and_says_so(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 1, 0);
	source.base.size = 1000 * 1000 * 1000;
	assert_int_equal(store_put(place->store, "large", &source.base, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_non_null(strstr(err.message, "up to 999999931 bytes"));
	assert_no_object(place->store, "large");
}

/* --- the file is moved */

static void a_file_that_was_replaced_is_opened_anew(void **state)
{
	struct store_place *place = *state;
	struct error err;
	char from[STORE_PLACE_PATH_SIZE], to[STORE_PLACE_PATH_SIZE];
	struct object_info info;
	assert_int_equal(store_put_pattern(place->store, "old", 1, 5, &err), 0);
	assert_int_equal(
		rename(store_place_path(place, "shop", from), store_place_path(place, "moved", to)), 0);
	assert_int_equal(store_stat(place->store, "old", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE); /* not: no such object */
	assert_int_equal(store_put_pattern(place->store, "new", 1, 5, &err), 0);
	assert_object(place->store, "new", 1, 5);
	assert_no_object(place->store, "old");
}

/* --- a failing disk */

static void fill_small_disk(struct store_place *place)
{
	struct error err;
	struct object_info info;
	struct store *store;
	store_place_on_small_disk(place, "4m");
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(store_put_pattern(store, "small", 1, 700 * 1024, &err) == 0);
	static const int64_t SIZES[] = {1900 * 1024, 6 * 1024 * 1024};
	for (int i = 0; i < 2; i++) {
		CHECK(store_put_pattern(store, "small", 1, SIZES[i], &err) == -1 && err.code == ERROR_FULL);
		CHECK(store_put_pattern(store, "large", 1, SIZES[i], &err) == -1 && err.code == ERROR_FULL);
		CHECK(store_stat(store, "large", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
		CHECK(store_stat(store, "small", &info, &err) == 0 && info.size == 700 * 1024);
		CHECK(store_place_temporaries(place, "shop") == 0);
	}
	CHECK(store_put_pattern(store, "fits", 1, 100 * 1024, &err) == 0);
	_exit(0);
}

static void a_full_disk_is_reported_and_nothing_is_kept(void **state)
{
	store_place_in_child(*state, fill_small_disk);
}

static void hit_file_size_limit(struct store_place *place)
{
	struct error err;
	struct object_info info;
	struct store *store;
	struct rlimit limit = {400 * 1024, 400 * 1024};
	signal(SIGXFSZ, SIG_IGN);
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(store_put_pattern(store, "large", 1, 900 * 1024, &err) == -1 && err.code == ERROR_FULL);
	CHECK(store_stat(store, "large", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
	CHECK(store_put_pattern(store, "fits", 1, 50 * 1024, &err) == 0);
	_exit(0);
}

static void a_file_size_limit_is_reported_and_nothing_is_kept(void **state)
{
	store_place_in_child(*state, hit_file_size_limit);
}

static int failing_call;

static void put_with_a_failing_call(struct store_place *place)
{
	struct error err;
	struct object_info info;
	struct store *store;
	CHECK(store_place_again(place, &store, &err) == 0);
	store_place_fail_calls(failing_call, EIO);
	CHECK(store_put_pattern(store, "key", 1, 8 * 1024 * 1024, &err) == -1);
	CHECK(store_stat(store, "key", &info, &err) == -1);
	_exit(0);
}

static void a_disk_that_fails_is_reported_and_nothing_is_kept(void **state)
{
	struct store_place *place = *state;
	static const int CALLS[] = {SYS_pwrite64, SYS_fdatasync};
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
		failing_call = CALLS[i];
		store_place_in_child(place, put_with_a_failing_call);
		assert_no_object(place->store, "key");
	}
}

/* --- crashes */

static void put_once(struct store_place *place)
{
	struct error err;
	struct store *store;
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(store_put_pattern(store, "kept", 2, 30000, &err) == 0);
	sqlite_driver.close(store);
	_exit(0);
}

/* Killed before every single system call that changes a file, from opening to closing. */
static void kill_at_any_call_leaves_the_old_object_or_the_new(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct object_info info;
	int n = 0, replaced = 0;
	bool killed = true;
	for (; killed; n++) {
		assert_int_equal(store_put_pattern(place->store, "kept", 1, 20000, &err), 0);
		killed = store_place_kill_at_call(place, put_once, n);
		assert_int_equal(store_stat(place->store, "kept", &info, &err), 0);
		assert_object(
			place->store, "kept", info.size == 20000 ? 1 : 2, info.size == 20000 ? 20000 : 30000);
		replaced += info.size != 20000;
	}
	assert_in_range(n, 3, 200);
	assert_in_range(replaced, 1, n - 1);
}

static void put_for_ever(struct store_place *place)
{
	struct error err;
	struct store *store;
	CHECK(store_place_again(place, &store, &err) == 0);
	for (;;)
		CHECK(store_put_pattern(store, "key", 1, 2 * 1024 * 1024, &err) == 0);
}

static void kill_at_any_moment_leaves_whole_objects_only(void **state)
{
	struct store_place *place = *state;
	for (int delay_us = 0; delay_us < 60000; delay_us += 3000) {
		struct error err;
		struct object_info info;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			put_for_ever(place);
		usleep((useconds_t)delay_us);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		if (store_stat(place->store, "key", &info, &err) == 0)
			assert_object(place->store, "key", 1, 2 * 1024 * 1024);
	}
	struct store *again;
	struct error err;
	assert_int_equal(store_place_again(place, &again, &err), 0);
	sqlite_driver.close(again);
	assert_int_equal(store_place_temporaries(place, "shop"), 0);
	store_place_python(place, "import sqlite3, sys\n"
				  "c = sqlite3.connect(sys.argv[1] + '/shop/objects.db')\n"
				  "assert c.execute('PRAGMA integrity_check').fetchone() == ('ok',)\n");
}

/* --- several processes */

static void put_many(struct store_place *place, int writer)
{
	struct error err;
	struct store *store;
	char key[32];
	CHECK(store_place_again(place, &store, &err) == 0);
	for (int i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), "%d/%d", writer, i);
		CHECK(store_put_pattern(store, key, (unsigned)i, 20000, &err) == 0);
		CHECK(store_put_pattern(store, "shared", (unsigned)writer, 100000, &err) == 0);
	}
	sqlite_driver.close(store);
	_exit(0);
}

static void processes_write_one_file_together(void **state)
{
	enum { WRITERS = 4 };
	struct store_place *place = *state;
	pid_t writers[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		if ((writers[i] = fork()) == 0)
			put_many(place, i);
	for (int i = 0; i < WRITERS; i++) {
		int status;
		assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < WRITERS * 30; i++) {
		char key[32];
		snprintf(key, sizeof(key), "%d/%d", i / 30, i % 30);
		assert_object(place->store, key, (unsigned)i % 30, 20000);
	}
}

/* --- memory */

static void put_and_get_large(struct store_place *place)
{
	enum { LARGE = 128 * 1024 * 1024, ALLOWED_KB = 40 * 1024 };
	struct rusage before, after;
	struct error err;
	struct store *store;
	CHECK(store_place_again(place, &store, &err) == 0);
	getrusage(RUSAGE_SELF, &before);
	CHECK(store_put_pattern(store, "large", 1, LARGE, &err) == 0);
	struct pattern_sink sink;
	pattern_sink_init(&sink, 1, 0);
	CHECK(store_get(store, "large", 0, -1, &sink.base, &err) == 0);
	CHECK(sink.count == LARGE && sink.wrong == 0);
	getrusage(RUSAGE_SELF, &after);
	CHECK(after.ru_maxrss - before.ru_maxrss < ALLOWED_KB);
	_exit(0);
}

static void memory_stays_flat_whatever_the_object(void **state)
{
	(void)state;
	struct store_place disk;
	store_place_open(&disk, &sqlite_driver, BUCKET);
	store_place_in_child(&disk, put_and_get_large);
	store_place_close(&disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int run_suite(const char *name, bool rollback_journal)
{
	struct store_place place;
	struct store *opened;
	struct error err;
	store_place_open_in_memory(&place, &sqlite_driver, BUCKET);
	place.environment.sqlite_rollback_journal = rollback_journal;
	sqlite_driver.close(place.store);
	assert_int_equal(store_place_again(&place, &opened, &err), 0);
	place.store = opened;
	struct store_fixture fixture = {
		.name = name, .store = place.store, .leftovers = count_temporaries, .context = &place};
	int failures = store_conformance_run(&fixture) + store_conformance_run_many(&fixture);
	store_place_close(&place);
	return failures;
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(files_of_another_writer_are_read),
		TEST(another_reader_finds_what_was_put),
		TEST(what_is_no_such_database_is_unavailable),
		TEST(links_that_lead_out_are_refused),
		TEST(beyond_sqlites_limit_is_too_large_and_says_so),
		TEST(a_file_that_was_replaced_is_opened_anew),
		TEST(a_full_disk_is_reported_and_nothing_is_kept),
		TEST(a_file_size_limit_is_reported_and_nothing_is_kept),
		TEST(a_disk_that_fails_is_reported_and_nothing_is_kept),
		TEST(kill_at_any_call_leaves_the_old_object_or_the_new),
		TEST(kill_at_any_moment_leaves_whole_objects_only),
		TEST(processes_write_one_file_together),
		cmocka_unit_test(memory_stays_flat_whatever_the_object),
	};
	int failures = cmocka_run_group_tests(TESTS, NULL, NULL);
	failures += run_suite("sqlite", false);
	failures += run_suite("sqlite with a rollback journal", true);
	return failures;
}
