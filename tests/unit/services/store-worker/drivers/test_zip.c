/* SPDX-License-Identifier: MIT */
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"
#include "support/store_place.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char BUCKET[] = "shop/objects.zip";

static int setup(void **state)
{
	static struct store_place place;
	store_place_open_in_memory(&place, &zip_driver, BUCKET);
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

static struct store *open_other(const struct store_place *place, const char *bucket)
{
	struct error err;
	struct store *store;
	struct store_place other = *place;
	other.bucket = bucket;
	if (store_place_again(&other, &store, &err) != 0)
		fail_msg("open %s: %s (%s)", bucket, err.message, err.cause);
	return store;
}

static void assert_bytes(struct store *store, const char *key, int64_t first, const char *expected)
{
	struct error err;
	struct memory_sink sink;
	memory_sink_init(&sink, 1000);
	if (store_get(store, key, first, -1, &sink.base, &err) != 0)
		fail_msg("%s: %s (%s)", key, err.message, err.cause);
	assert_int_equal(sink.bytes.length, strlen(expected));
	assert_memory_equal(sink.bytes.data, expected, strlen(expected));
	memory_sink_release(&sink);
}

/* Every entry is sound for another reader, and there are as many as that. */
static void assert_sound(const struct store_place *place, int count)
{
	char program[400];
	snprintf(program, sizeof(program),
		"import zipfile, sys\n"
		"z = zipfile.ZipFile(sys.argv[1] + '/shop/objects.zip')\n"
		"assert z.testzip() is None\n"
		"assert len(z.namelist()) == %d, z.namelist()\n",
		count);
	store_place_python(place, program);
}

/* --- the format */

static void archives_of_other_writers_are_read_and_continued(void **state)
{
	struct store_place *place = *state;
	struct error err;
	store_place_python(place, "import zipfile, sys\n"
				  "with zipfile.ZipFile(sys.argv[1] + '/python.zip', 'a') as z:\n"
				  "    z.writestr('a/b c', b'stored')\n"
				  "    z.writestr('gr\\u00fc\\u00df', b'name in utf-8')\n"
				  "    z.writestr('packed', b'deflated ' * 50, zipfile.ZIP_DEFLATED)\n"
				  "    z.writestr('lzma', b'lzma ' * 50, zipfile.ZIP_LZMA)\n"
				  "    z.writestr('bzip2', b'bzip2 ' * 50, zipfile.ZIP_BZIP2)\n"
				  "    z.writestr('twice', b'first')\n"
				  "    z.writestr('twice', b'second')\n"
				  "    z.writestr('dir/', b'')\n"
				  "    z.writestr('dir/in it', b'')\n"
				  "    with z.open(zipfile.ZipInfo('streamed'), 'w', force_zip64=True) as f: "
				  "f.write(b'zip64 sizes')\n"
				  "    z.comment = b'a comment'\n");
	struct store *store = open_other(place, "python.zip");
	assert_bytes(store, "a/b c", 0, "stored");
	assert_bytes(store, "gr\xc3\xbc\xc3\x9f", 0, "name in utf-8");
	assert_bytes(store, "packed", 441, "deflated ");
	assert_bytes(store, "bzip2", 294, "bzip2 ");
	assert_bytes(store, "twice", 0, "second");
	assert_bytes(store, "dir/in it", 0, "");
	assert_bytes(store, "streamed", 0, "zip64 sizes");
	assert_no_object(store, "dir/");
	struct memory_sink sink;
	memory_sink_init(&sink, 1000);
	assert_int_equal(store_get(store, "lzma", 0, -1, &sink.base, &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED); /* by Debian's libzip */
	memory_sink_release(&sink);
	assert_no_object(store, "b c");
	assert_int_equal(store_put_pattern(store, "new", 1, 70000, &err), 0);
	assert_int_equal(store_put_pattern(store, "a/b c", 1, 6, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_bytes(store, "packed", 441, "deflated ");
	zip_driver.close(store);
	store_place_python(place,
		"import zipfile, sys\n"
		"z = zipfile.ZipFile(sys.argv[1] + '/python.zip')\n"
		"assert z.testzip() is None and z.comment == b'a comment'\n"
		"assert len(z.namelist()) == 11 and z.getinfo('new').file_size == 70000\n"
		"assert z.read('gr\\u00fc\\u00df') == b'name in utf-8'\n"
		"assert z.read('packed') == b'deflated ' * 50 and z.read('streamed') == b'zip64 sizes'\n");
}

static void another_writer_goes_on_where_we_stopped(void **state)
{
	struct store_place *place = *state;
	struct error err;
	assert_int_equal(store_put_pattern(place->store, "\xc3\xbc 1", 1, 100, &err), 0);
	store_place_python(place,
		"import zipfile, sys\n"
		"with zipfile.ZipFile(sys.argv[1] + '/shop/objects.zip', 'a') as z:\n"
		"    assert z.namelist() == ['\\u00fc 1'] and len(z.read('\\u00fc 1')) == 100\n"
		"    z.writestr('2', b'theirs')\n");
	assert_bytes(place->store, "2", 0, "theirs");
	assert_int_equal(store_put_pattern(place->store, "3", 3, 0, &err), 0);
	assert_object(place->store, "\xc3\xbc 1", 1, 100);
	assert_sound(place, 3);
}

static void names_of_old_programs_are_code_page_437(void **state)
{
	struct store_place *place = *state;
	store_place_python(place, "import zipfile, sys\n"
				  "p = sys.argv[1] + '/old.zip'\n"
				  "with zipfile.ZipFile(p, 'w') as z: z.writestr('m?rz', b'old')\n"
				  "b = open(p, 'rb').read().replace(b'm?rz', b'm\\x84rz')\n"
				  "open(p, 'wb').write(b)\n"
				  "assert zipfile.ZipFile(p).namelist() == ['m\\u00e4rz']\n");
	struct store *store = open_other(place, "old.zip");
	assert_bytes(store, "m\xc3\xa4rz", 0, "old");
	zip_driver.close(store);
}

static void beyond_four_gigabytes_and_65535_entries_it_is_zip64(void **state)
{
	struct store_place *place = *state;
	struct error err;
	store_place_python(place,
		"import zipfile, sys\n"
		"with zipfile.ZipFile(sys.argv[1] + '/many.zip', 'w') as z:\n"
		"    for i in range(65534): z.writestr(zipfile.ZipInfo(str(i)), b'')\n"
		"with open(sys.argv[1] + '/far.zip', 'wb') as f: f.truncate(5 << 30)\n"
		"with zipfile.ZipFile(sys.argv[1] + '/far.zip', 'a') as z: z.writestr('far', b'away')\n"
		"b = open(sys.argv[1] + '/shop/objects.zip', 'rb').read()\n"
		"with zipfile.ZipFile(sys.argv[1] + '/near.zip', 'w') as z: z.writestr('near', b'by')\n"
		"b = open(sys.argv[1] + '/near.zip', 'rb').read()\n"
		"open(sys.argv[1] + '/before.zip', 'wb').write(b'#!/bin/sh\\n' + b)\n");
	struct store *many = open_other(place, "many.zip"), *far = open_other(place, "far.zip"),
		     *before = open_other(place, "before.zip");
	for (int i = 0; i < 3; i++) {
		char key[16];
		snprintf(key, sizeof(key), "new %d", i);
		assert_int_equal(store_put_pattern(many, key, 1, 10, &err), 0);
		assert_int_equal(store_put_pattern(far, key, 1, 10, &err), 0);
		assert_int_equal(store_put_pattern(before, key, 1, 10, &err), 0);
		assert_object(many, key, 1, 10);
		assert_object(far, key, 1, 10);
		assert_object(before, key, 1, 10);
	}
	assert_bytes(far, "far", 0, "away");
	assert_bytes(before, "near", 0, "by");
	zip_driver.close(many);
	zip_driver.close(far);
	zip_driver.close(before);
	store_place_python(place, "import zipfile, sys\n"
				  "for name, count in (('many', 65537), ('far', 4), ('before', 4)):\n"
				  "    z = zipfile.ZipFile(sys.argv[1] + '/' + name + '.zip')\n"
				  "    assert len(z.namelist()) == count and len(z.read('new 2')) == 10\n"
				  "assert zipfile.ZipFile(sys.argv[1] + '/far.zip').testzip() is None\n"
				  "assert zipfile.ZipFile(sys.argv[1] + '/before.zip').testzip() is None\n");
}

static void what_is_no_archive_is_unavailable(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct object_info info;
	scratch_write(place->tree, "text", "This is no archive.");
	struct store *store = open_other(place, "text");
	assert_int_equal(store_stat(store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(store_put_pattern(store, "key", 1, 10, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	zip_driver.close(store);
}

static void a_damaged_entry_is_noticed(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct memory_sink sink;
	assert_int_equal(store_put_pattern(place->store, "key", 1, 1000, &err), 0);
	store_place_python(place,
		"import sys\n"
		"with open(sys.argv[1] + '/shop/objects.zip', 'r+b') as f: f.seek(500); f.write(b'?!?!')\n");
	memory_sink_init(&sink, 2000);
	assert_int_equal(store_get(place->store, "key", 0, -1, &sink.base, &err), -1);
	assert_int_equal(err.code, ERROR_CHECKSUM);
	memory_sink_release(&sink);
}

/* --- keys */

static void keys_that_would_not_unpack_as_they_are_are_refused(void **state)
{
	struct store_place *place = *state;
	static const char *const KEYS[] = {"/a", "a/", "a//b", "..", "a/../b", "./a"};
	struct error err;
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
		assert_int_equal(store_put_pattern(place->store, KEYS[i], 1, 10, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
	assert_sound(place, 0);
}

static void nothing_is_removed(void **state)
{
	struct store_place *place = *state;
	struct error err;
	assert_int_equal(store_put_pattern(place->store, "key", 1, 10, &err), 0);
	assert_int_equal(store_remove(place->store, "key", &err), -1);
	assert_int_equal(err.code, ERROR_UNSUPPORTED);
	assert_int_equal(store_remove(place->store, "missing", &err), 0);
	assert_object(place->store, "key", 1, 10);
}

/* --- a failing disk */

static void fill_small_disk(struct store_place *place)
{
	struct error err;
	struct object_info info;
	struct store *store;
	store_place_on_small_disk(place, "2m");
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(store_put_pattern(store, "small", 1, 500 * 1024, &err) == 0);
	static const int64_t SIZES[] = {1000 * 1024, 1800 * 1024, 6 * 1024 * 1024};
	for (int i = 0; i < 3; i++) {
		if (SIZES[i] > 1000 * 1024)
			CHECK(store_put_pattern(store, "large", 1, SIZES[i], &err) == -1 &&
				err.code == ERROR_FULL);
		CHECK(store_stat(store, "large", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
		CHECK(store_stat(store, "small", &info, &err) == 0 && info.size == 500 * 1024);
		CHECK(store_place_temporaries(place, "shop") == 0);
	}
	CHECK(store_put_pattern(store, "fits", 1, 900 * 1024, &err) == 0);
	CHECK(store_put_pattern(store, "not", 1, 800 * 1024, &err) == -1 && err.code == ERROR_FULL);
	zip_driver.close(store);
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(store_stat(store, "fits", &info, &err) == 0 && info.size == 900 * 1024);
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
	struct rlimit limit = {400 * 1024, 400 * 1024};
	signal(SIGXFSZ, SIG_IGN);
	CHECK(store_put_pattern(place->store, "small", 1, 1000, &err) == 0);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(store_put_pattern(place->store, "large", 1, 900 * 1024, &err) == -1 && err.code == ERROR_FULL);
	CHECK(store_stat(place->store, "large", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
	CHECK(store_put_pattern(place->store, "fits", 1, 50 * 1024, &err) == 0);
	_exit(0);
}

static void a_file_size_limit_is_reported_and_nothing_is_kept(void **state)
{
	struct store_place *place = *state;
	store_place_in_child(place, hit_file_size_limit);
	assert_object(place->store, "small", 1, 1000);
	assert_object(place->store, "fits", 1, 50 * 1024);
	assert_sound(place, 2);
}

static int failing_call;

static void put_with_a_failing_call(struct store_place *place)
{
	struct error err;
	store_place_fail_calls(failing_call, EIO);
	CHECK(store_put_pattern(place->store, "key", 1, 8 * 1024 * 1024, &err) == -1);
	_exit(0);
}

static void a_disk_that_fails_is_reported_and_nothing_is_kept(void **state)
{
	struct store_place *place = *state;
	struct error err;
	static const int CALLS[] = {SYS_pwrite64, SYS_fsync, SYS_ftruncate, SYS_pread64};
	assert_int_equal(store_put_pattern(place->store, "old", 2, 1000, &err), 0);
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
		failing_call = CALLS[i];
		store_place_in_child(place, put_with_a_failing_call);
		assert_no_object(place->store, "key");
		assert_object(place->store, "old", 2, 1000);
		assert_int_equal(store_place_temporaries(place, "shop"), 0);
		assert_sound(place, 1);
	}
}

/* --- crashes */

static void put_once(struct store_place *place)
{
	struct error err;
	struct store *store;
	CHECK(store_place_again(place, &store, &err) == 0);
	CHECK(store_put_pattern(store, "new", 2, 3 * 256 * 1024, &err) == 0);
	zip_driver.close(store);
	_exit(0);
}

/* Killed before every single system call that changes a file, from opening to closing: each time in an archive
 * that has entries already, or is not made yet. */
static void crash_everywhere(int entries)
{
	int n = 0, added = 0;
	for (bool killed = true; killed; n++) {
		struct store_place place;
		struct error err;
		struct object_info info;
		struct store *store;
		store_place_open_in_memory(&place, &zip_driver, entries ? BUCKET : "other.zip");
		place.bucket = BUCKET;
		for (int i = 0; i < entries; i++) {
			char key[16];
			snprintf(key, sizeof(key), "old %d", i);
			assert_int_equal(store_put_pattern(place.store, key, 1, 20000 + i, &err), 0);
		}
		killed = store_place_kill_at_call(&place, put_once, n);
		assert_int_equal(store_place_again(&place, &store, &err), 0);
		for (int i = 0; i < entries; i++) {
			char key[16];
			snprintf(key, sizeof(key), "old %d", i);
			assert_object(store, key, 1, 20000 + i);
		}
		bool there = store_stat(store, "new", &info, &err) == 0;
		if (there)
			assert_object(store, "new", 2, 3 * 256 * 1024);
		added += there;
		assert_sound(&place, entries + there);
		assert_int_equal(store_put_pattern(store, "new", 2, 3 * 256 * 1024, &err), 0);
		assert_sound(&place, entries + 1);
		assert_int_equal(store_place_temporaries(&place, "shop"), 0);
		zip_driver.close(store);
		store_place_close(&place);
	}
	assert_in_range(n, 8, 100);
	assert_in_range(added, 1, 6);
}

static void kill_at_any_call_loses_no_entry(void **state)
{
	(void)state;
	crash_everywhere(3);
}

static void kill_at_any_call_of_the_first_put_leaves_an_archive(void **state)
{
	(void)state;
	crash_everywhere(0);
}

static void put_for_ever(struct store_place *place)
{
	struct error err;
	for (int i = 0;; i++) {
		char key[32];
		snprintf(key, sizeof(key), "%d/%d", (int)getpid(), i);
		CHECK(store_put_pattern(place->store, key, 1, 100 * 1024, &err) == 0);
	}
}

static int count_whole(void *context, const char *key, const struct object_info *info)
{
	struct store_place *place = context;
	assert_int_equal(info->size, 100 * 1024);
	assert_object(place->store, key, 1, 100 * 1024);
	return 0;
}

static void kill_at_any_moment_leaves_whole_entries_only(void **state)
{
	struct store_place *place = *state;
	struct error err;
	for (int delay_us = 0; delay_us < 40000; delay_us += 2000) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			put_for_ever(place);
		usleep((useconds_t)delay_us);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	assert_int_equal(store_list(place->store, "", count_whole, place, &err), 0);
	store_place_python(place,
		"import zipfile, sys\n"
		"assert zipfile.ZipFile(sys.argv[1] + '/shop/objects.zip').testzip() is None\n");
}

/* An append that died long ago must not be undone in an archive that came from elsewhere since. */
static void a_journal_of_another_archive_is_dropped(void **state)
{
	struct store_place *place = *state;
	struct error err;
	assert_int_equal(store_put_pattern(place->store, "old", 1, 20000, &err), 0);
	for (int n = 12;
		store_place_kill_at_call(place, put_once, n) && store_place_temporaries(place, "shop") == 0;)
		n--;
	assert_int_equal(store_place_temporaries(place, "shop"), 1);
	store_place_python(place, "import zipfile, sys\n"
				  "with zipfile.ZipFile(sys.argv[1] + '/shop/objects.zip', 'w') as z:\n"
				  "    z.writestr('restored', b'x' * 50000)\n"
				  "    z.writestr('too', b'this')\n");
	assert_bytes(place->store, "too", 0, "this");
	assert_no_object(place->store, "old");
	assert_int_equal(store_place_temporaries(place, "shop"), 0);
	assert_sound(place, 2);
}

/* --- several writers */

static void put_many(struct store_place *place, int writer)
{
	struct error err;
	struct store *store;
	char key[32];
	CHECK(store_place_again(place, &store, &err) == 0);
	for (int i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), "%d/%d", writer, i);
		CHECK(store_put_pattern(store, key, (unsigned)i, 20000, &err) == 0);
		snprintf(key, sizeof(key), "shared/%d", i);
		CHECK(store_put_pattern(store, key, (unsigned)i, 3000, &err) == 0);
	}
	zip_driver.close(store);
	_exit(0);
}

static void processes_append_to_one_archive_together(void **state)
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
	assert_sound(place, WRITERS * 30 + 30);
}

static void a_writer_that_does_not_end_is_waited_for_no_longer_than_the_timeout(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct object_info info;
	char path[STORE_PLACE_PATH_SIZE];
	struct store *store;
	struct store_place impatient = *place;
	impatient.environment.stall_timeout_ms = 50;
	assert_int_equal(store_place_again(&impatient, &store, &err), 0);
	assert_int_equal(store_put_pattern(store, "known", 1, 10, &err), 0);
	int fd = open(store_place_path(place, BUCKET, path), O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(store_put_pattern(store, "key", 1, 10, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_object(store, "known", 1, 10);
	assert_int_equal(futimens(fd, NULL), 0); /* as if it were being written */
	assert_object(store, "known", 1, 10);
	assert_int_equal(store_stat(store, "unknown", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	close(fd);
	assert_no_object(store, "unknown");
	zip_driver.close(store);
}

/* --- memory */

static void put_and_get_large(struct store_place *place)
{
	enum { LARGE = 128 * 1024 * 1024, ALLOWED_KB = 20 * 1024 };
	struct rusage before, after;
	struct error err;
	getrusage(RUSAGE_SELF, &before);
	CHECK(store_put_pattern(place->store, "large", 1, LARGE, &err) == 0);
	struct pattern_sink sink;
	pattern_sink_init(&sink, 1, 0);
	CHECK(store_get(place->store, "large", 0, -1, &sink.base, &err) == 0);
	CHECK(sink.count == LARGE && sink.wrong == 0);
	getrusage(RUSAGE_SELF, &after);
	CHECK(after.ru_maxrss - before.ru_maxrss < ALLOWED_KB);
	_exit(0);
}

static void memory_stays_flat_whatever_the_object(void **state)
{
	(void)state;
	struct store_place disk;
	store_place_open(&disk, &zip_driver, BUCKET);
	store_place_in_child(&disk, put_and_get_large);
	store_place_close(&disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(archives_of_other_writers_are_read_and_continued),
		TEST(another_writer_goes_on_where_we_stopped),
		TEST(names_of_old_programs_are_code_page_437),
		TEST(beyond_four_gigabytes_and_65535_entries_it_is_zip64),
		TEST(what_is_no_archive_is_unavailable),
		TEST(a_damaged_entry_is_noticed),
		TEST(keys_that_would_not_unpack_as_they_are_are_refused),
		TEST(nothing_is_removed),
		TEST(a_full_disk_is_reported_and_nothing_is_kept),
		TEST(a_file_size_limit_is_reported_and_nothing_is_kept),
		TEST(a_disk_that_fails_is_reported_and_nothing_is_kept),
		cmocka_unit_test(kill_at_any_call_loses_no_entry),
		cmocka_unit_test(kill_at_any_call_of_the_first_put_leaves_an_archive),
		TEST(kill_at_any_moment_leaves_whole_entries_only),
		TEST(a_journal_of_another_archive_is_dropped),
		TEST(processes_append_to_one_archive_together),
		TEST(a_writer_that_does_not_end_is_waited_for_no_longer_than_the_timeout),
		cmocka_unit_test(memory_stays_flat_whatever_the_object),
	};
	int failures = cmocka_run_group_tests(TESTS, NULL, NULL);
	struct store_place place;
	store_place_open_in_memory(&place, &zip_driver, BUCKET);
	struct store_fixture fixture = {
		.name = "zip", .store = place.store, .leftovers = count_temporaries, .context = &place};
	failures += store_conformance_run(&fixture);
	failures += store_conformance_run_many(&fixture);
	store_place_python(&place,
		"import zipfile, sys\n"
		"assert zipfile.ZipFile(sys.argv[1] + '/shop/objects.zip').testzip() is None\n");
	store_place_close(&place);
	return failures;
}
