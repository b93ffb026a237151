/* SPDX-License-Identifier: MIT */
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/store_conformance.h"
#include "support/store_place.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A tree (MEDIASTORE_STORE_ROOT) with one open store "shop" in it. */
struct place {
	char tree[SCRATCH_SIZE], shop[SCRATCH_SIZE + 16], temporaries[SCRATCH_SIZE + 48];
	struct store *store;
};

static int open_store(const char *tree, const char *bucket, struct store **out, struct error *err)
{
	struct store_environment environment = {.store_root = tree};
	struct store_descriptor descriptor = {
		.pk = 1, .type = STORE_FILESYSTEM, .bucket = bucket, .site = "default"};
	return filesystem_driver.open(&environment, &descriptor, out, err);
}

static void place_open(struct place *place)
{
	struct error err;
	scratch_make(place->tree);
	snprintf(place->shop, sizeof(place->shop), "%s/shop", place->tree);
	snprintf(place->temporaries, sizeof(place->temporaries), "%s/.mediastore-tmp", place->shop);
	assert_int_equal(open_store(place->tree, "/shop/", &place->store, &err), 0);
}

static void place_close(struct place *place)
{
	filesystem_driver.close(place->store);
	scratch_remove(place->tree);
}

static int setup(void **state)
{
	static struct place place;
	place_open(&place);
	*state = &place;
	return 0;
}

static int teardown(void **state)
{
	place_close(*state);
	return 0;
}

static int count_temporaries(struct store_fixture *fixture)
{
	struct place *place = fixture->context;
	return access(place->temporaries, F_OK) == 0 ? scratch_count(place->temporaries) : 0;
}

static int put_bytes(struct store *store, const char *key, int64_t size, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, 1, size);
	return store_put(store, key, &source.base, NULL, err);
}

static int put_file(struct store *store, const char *key, const char *path, struct error *err)
{
	struct file_source source;
	assert_int_equal(file_source_open(&source, path, err), 0);
	int result = store_put(store, key, &source.base, NULL, err);
	file_source_release(&source);
	return result;
}

static bool exists(const char *directory, const char *name)
{
	char path[2 * SCRATCH_SIZE];
	struct stat status;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &status) == 0;
}

/* *path gets where it is. */
static void write_file(const char *directory, const char *name, const char *text, char path[2 * SCRATCH_SIZE])
{
	snprintf(path, 2 * SCRATCH_SIZE, "%s/%s", directory, name);
	scratch_write(directory, name, text);
}

/* --- layout */

static void an_object_is_the_file_of_its_key(void **state)
{
	struct place *place = *state;
	struct error err;
	assert_int_equal(put_bytes(place->store, "raw/2026/a b.dat", 1234, &err), 0);
	struct stat status;
	char path[2 * SCRATCH_SIZE];
	snprintf(path, sizeof(path), "%s/raw/2026/a b.dat", place->shop);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 1234);
}

static void an_object_is_as_accessible_as_its_store(void **state)
{
	struct place *place = *state;
	struct error err;
	struct stat status;
	char path[2 * SCRATCH_SIZE];
	snprintf(path, sizeof(path), "%s/key", place->shop);
	assert_int_equal(chmod(place->shop, 0750), 0);
	assert_int_equal(put_bytes(place->store, "key", 1, &err), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
}

static void remove_prunes_directories_that_become_empty(void **state)
{
	struct place *place = *state;
	struct error err;
	assert_int_equal(put_bytes(place->store, "a/b/c/1", 1, &err), 0);
	assert_int_equal(put_bytes(place->store, "a/2", 1, &err), 0);
	assert_int_equal(store_remove(place->store, "a/b/c/1", &err), 0);
	assert_false(exists(place->shop, "a/b"));
	assert_true(exists(place->shop, "a/2"));
}

static void a_failed_put_makes_no_directories(void **state)
{
	struct place *place = *state;
	struct error err;
	struct pattern_source source;
	pattern_source_init(&source, 1, 1000);
	source.fail_at = 500;
	assert_int_equal(store_put(place->store, "new/dir/key", &source.base, NULL, &err), -1);
	assert_false(exists(place->shop, "new"));
}

static void a_key_below_an_object_or_above_objects_conflicts(void **state)
{
	struct place *place = *state;
	struct error err;
	assert_int_equal(put_bytes(place->store, "file", 10, &err), 0);
	assert_int_equal(put_bytes(place->store, "dir/file", 10, &err), 0);
	assert_int_equal(put_bytes(place->store, "file/below", 10, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_int_equal(put_bytes(place->store, "dir", 10, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	assert_no_object(place->store, "dir");
	assert_no_object(place->store, "file/below");
	assert_int_equal(store_remove(place->store, "dir", &err), 0);
	assert_object(place->store, "dir/file", 1, 10);
	assert_int_equal(scratch_count(place->temporaries), 0);
}

static void an_empty_directory_is_in_nobodys_way(void **state)
{
	struct place *place = *state;
	struct error err;
	char path[2 * SCRATCH_SIZE];
	snprintf(path, sizeof(path), "%s/left", place->shop);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(put_bytes(place->store, "left", 10, &err), 0);
	assert_object(place->store, "left", 1, 10);
}

static void a_segment_over_name_max_is_invalid(void **state)
{
	struct place *place = *state;
	struct error err;
	char key[300];
	memset(key, 'n', 256);
	key[256] = '\0';
	assert_int_equal(put_bytes(place->store, key, 10, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	key[255] = '\0';
	assert_int_equal(put_bytes(place->store, key, 10, &err), 0);
}

/* --- confinement */

static void assert_refused(struct store *store, const char *key)
{
	struct error err;
	struct object_info info;
	assert_int_equal(put_bytes(store, key, 10, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(store_stat(store, key, &info, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(store_remove(store, key, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void keys_with_dot_segments_are_refused(void **state)
{
	static const char *const KEYS[] = {"..", "../x", "a/../../x", "a/..", ".", "./a", "a/./b", "/abs",
		"a//b", "a/", ".mediastore-tmp", ".mediastore-tmp/x", "sub/.mediastore-tmp/x"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		assert_refused(((struct place *)*state)->store, KEYS[i]);
}

static void links_that_lead_out_are_refused(void **state)
{
	struct place *place = *state;
	char outside[2 * SCRATCH_SIZE], path[2 * SCRATCH_SIZE], at[2 * SCRATCH_SIZE + 32];
	struct error err;
	struct object_info info;
	snprintf(outside, sizeof(outside), "%s/outside", place->tree);
	assert_int_equal(mkdir(outside, 0755), 0);
	write_file(outside, "secret", "secret", path);
	snprintf(at, sizeof(at), "%s/absolute", place->shop);
	assert_int_equal(symlink(outside, at), 0);
	snprintf(at, sizeof(at), "%s/relative", place->shop);
	assert_int_equal(symlink("../outside", at), 0);
	snprintf(at, sizeof(at), "%s/magic", place->shop);
	assert_int_equal(symlink("/proc/self/root", at), 0);
	assert_refused(place->store, "absolute/secret");
	assert_refused(place->store, "relative/secret");
	assert_refused(place->store, "relative/new");
	assert_int_equal(store_stat(place->store, "magic/etc/passwd", &info, &err), -1);
	assert_int_equal(scratch_count(outside), 1);
}

static void a_linked_file_outside_is_not_read_and_is_replaced_not_followed(void **state)
{
	struct place *place = *state;
	struct error err;
	struct object_info info;
	char secret[2 * SCRATCH_SIZE], at[2 * SCRATCH_SIZE];
	struct stat status;
	write_file(place->tree, "secret", "secret", secret);
	snprintf(at, sizeof(at), "%s/link", place->shop);
	assert_int_equal(symlink("../secret", at), 0);
	assert_int_equal(store_stat(place->store, "link", &info, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_int_equal(put_bytes(place->store, "link", 100, &err), 0);
	assert_object(place->store, "link", 1, 100);
	assert_int_equal(stat(secret, &status), 0);
	assert_int_equal(status.st_size, 6);
}

static void links_that_stay_inside_are_followed(void **state)
{
	struct place *place = *state;
	struct error err;
	char at[2 * SCRATCH_SIZE];
	assert_int_equal(put_bytes(place->store, "real/key", 10, &err), 0);
	snprintf(at, sizeof(at), "%s/alias", place->shop);
	assert_int_equal(symlink("real", at), 0);
	assert_object(place->store, "alias/key", 1, 10);
}

static void stores_whose_path_leads_out_are_not_opened(void **state)
{
	static const char *const BUCKETS[] = {
		"..", "../x", "shop/../../x", "/../x", "a//b", "./a", ".mediastore-tmp"};
	struct place *place = *state;
	for (size_t i = 0; i < sizeof(BUCKETS) / sizeof(BUCKETS[0]); i++) {
		struct error err;
		struct store *store;
		assert_int_equal(open_store(place->tree, BUCKETS[i], &store, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void what_is_no_regular_file_is_no_object(void **state)
{
	struct place *place = *state;
	char at[2 * SCRATCH_SIZE];
	snprintf(at, sizeof(at), "%s/fifo", place->shop);
	assert_int_equal(mkfifo(at, 0644), 0);
	assert_no_object(place->store, "fifo");
}

/* --- taking a file */

static void a_file_on_the_same_file_system_is_taken_without_a_copy(void **state)
{
	struct place *place = *state;
	struct error err;
	char spool[2 * SCRATCH_SIZE];
	struct stat before, after;
	char at[2 * SCRATCH_SIZE];
	write_file(place->tree, "spool", "0123456789", spool);
	assert_int_equal(stat(spool, &before), 0);
	assert_int_equal(put_file(place->store, "dir/taken", spool, &err), 0);
	snprintf(at, sizeof(at), "%s/dir/taken", place->shop);
	assert_int_equal(stat(at, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(scratch_count(place->temporaries), 0);
}

static void taking_a_file_can_be_repeated(void **state)
{
	struct place *place = *state;
	struct error err;
	struct object_info info;
	char spool[2 * SCRATCH_SIZE];
	write_file(place->tree, "spool", "0123456789", spool);
	assert_int_equal(put_file(place->store, "taken", spool, &err), 0);
	assert_int_equal(put_file(place->store, "taken", spool, &err), 0);
	assert_int_equal(unlink(spool), 0);
	assert_int_equal(store_stat(place->store, "taken", &info, &err), 0);
	assert_int_equal(info.size, 10);
	assert_int_equal(scratch_count(place->temporaries), 0);
}

static void a_file_on_another_file_system_is_copied(void **state)
{
	struct place *place = *state;
	struct error err;
	struct object_info info;
	char other[SCRATCH_SIZE], spool[2 * SCRATCH_SIZE];
	struct stat here, there;
	snprintf(other, sizeof(other), "/dev/shm/mediastore-test-XXXXXX");
	assert_non_null(mkdtemp(other));
	assert_int_equal(stat(other, &there) + stat(place->tree, &here), 0);
	assert_int_not_equal(here.st_dev, there.st_dev); /* or this tests nothing: set TMPDIR to a disk */
	write_file(other, "spool", "0123456789", spool);
	assert_int_equal(put_file(place->store, "copied", spool, &err), 0);
	assert_int_equal(store_stat(place->store, "copied", &info, &err), 0);
	assert_int_equal(info.size, 10);
	scratch_remove(other);
}

static void a_file_of_another_size_than_announced_is_not_taken(void **state)
{
	struct place *place = *state;
	struct error err;
	struct file_source source;
	char spool[2 * SCRATCH_SIZE];
	write_file(place->tree, "spool", "0123456789", spool);
	assert_int_equal(file_source_open(&source, spool, &err), 0);
	source.base.size = 11;
	assert_int_equal(store_put(place->store, "key", &source.base, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_SOURCE_FAILED);
	file_source_release(&source);
	assert_no_object(place->store, "key");
}

/* --- a full disk */

static void fill_small_disk(struct place *place)
{
	struct error err;
	struct object_info info;
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("small", place->shop, "tmpfs", 0, "size=1m") == 0);
	CHECK(put_bytes(place->store, "small", 300 * 1024, &err) == 0);
	static const int64_t SIZES[] = {900 * 1024, 2 * 1024 * 1024}; /* found by write(), found beforehand */
	for (int i = 0; i < 2; i++) {
		CHECK(put_bytes(place->store, "large/key", SIZES[i], &err) == -1);
		CHECK(err.code == ERROR_FULL);
		CHECK(store_stat(place->store, "large/key", &info, &err) == -1 &&
			err.code == ERROR_NOT_FOUND);
		CHECK(scratch_count(place->temporaries) == 0);
	}
	CHECK(put_bytes(place->store, "small", 900 * 1024, &err) == -1 && err.code == ERROR_FULL);
	CHECK(store_stat(place->store, "small", &info, &err) == 0 && info.size == 300 * 1024);
	CHECK(put_bytes(place->store, "fits", 300 * 1024, &err) == 0);
	_exit(0);
}

static void hit_file_size_limit(struct place *place)
{
	struct error err;
	struct object_info info;
	struct rlimit limit = {100 * 1024, 100 * 1024};
	signal(SIGXFSZ, SIG_IGN); /* as the worker does */
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(put_bytes(place->store, "large/key", 200 * 1024, &err) == -1);
	CHECK(err.code == ERROR_FULL);
	CHECK(store_stat(place->store, "large/key", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
	CHECK(scratch_count(place->temporaries) == 0);
	CHECK(put_bytes(place->store, "fits", 100 * 1024, &err) == 0);
	_exit(0);
}

static void assert_child_succeeds(struct place *place, void (*run)(struct place *))
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run(place);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child failed: status %d (line %d modulo 250); making a small disk needs root",
			status, WEXITSTATUS(status) - 1);
}

static void a_full_disk_is_reported_and_nothing_is_kept(void **state)
{
	assert_child_succeeds(*state, fill_small_disk);
}

static void a_file_size_limit_is_reported_and_nothing_is_kept(void **state)
{
	assert_child_succeeds(*state, hit_file_size_limit);
}

/* --- crashes */

/* A source that tells when it is half way, then never ends. */
struct stuck_source {
	struct source base;
	int64_t at;
	int tell;
};

static ssize_t stuck_read(struct source *base, void *out, size_t size, struct error *err)
{
	(void)err;
	struct stuck_source *source = (struct stuck_source *)base;
	if (source->at > 1000000) {
		CHECK(write(source->tell, "x", 1) == 1);
		for (;;)
			pause();
	}
	memset(out, 'x', size);
	source->at += (int64_t)size;
	return (ssize_t)size;
}

/* Starts a put in a child and returns its pid when it is in the middle. */
static pid_t start_stuck_put(struct store *store)
{
	int pipes[2];
	char byte;
	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct error err;
		struct stuck_source source = {
			.base = {.read = stuck_read, .size = 5000000}, .tell = pipes[1]};
		_exit(store_put(store, "dir/stuck", &source.base, NULL, &err) == 0);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	return child;
}

static void kill_in_mid_put_leaves_no_key_and_the_next_open_cleans_up(void **state)
{
	struct place *place = *state;
	struct error err;
	struct store *again;
	pid_t child = start_stuck_put(place->store);
	assert_no_object(place->store, "dir/stuck");
	assert_int_equal(open_store(place->tree, "shop", &again, &err), 0);
	filesystem_driver.close(again);
	assert_int_equal(scratch_count(place->temporaries), 1); /* the living one's is left alone */
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_no_object(place->store, "dir/stuck");
	assert_int_equal(open_store(place->tree, "shop", &again, &err), 0);
	assert_int_equal(scratch_count(place->temporaries), 0);
	assert_int_equal(put_bytes(again, "dir/stuck", 100, &err), 0);
	assert_object(again, "dir/stuck", 1, 100);
	filesystem_driver.close(again);
}

static void kill_at_any_moment_leaves_whole_objects_only(void **state)
{
	struct place *place = *state;
	for (int delay_us = 0; delay_us < 20000; delay_us += 1000) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			struct error err;
			for (;;)
				CHECK(put_bytes(place->store, "dir/key", 300 * 1024, &err) == 0);
		}
		usleep((useconds_t)delay_us);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		struct error err;
		struct object_info info;
		if (store_stat(place->store, "dir/key", &info, &err) == 0)
			assert_object(place->store, "dir/key", 1, 300 * 1024);
	}
}

/* --- a directory that comes and goes */

static void a_missing_directory_is_unavailable_not_a_missing_object(void **state)
{
	struct place *place = *state;
	struct error err;
	struct object_info info;
	scratch_remove(place->shop);
	assert_int_equal(store_stat(place->store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(put_bytes(place->store, "key", 10, &err), 0);
	assert_object(place->store, "key", 1, 10);
}

static int fail_on_visit(void *context, const char *key, const struct object_info *info)
{
	(void)context;
	(void)info;
	fail_msg("listed %s", key);
	return 1;
}

static void listing_passes_over_what_no_key_can_name(void **state)
{
	struct place *place = *state;
	struct error err;
	char at[2 * SCRATCH_SIZE];
	write_file(place->shop, "line\nbreak", "x", at);
	write_file(place->shop, "latin\xe9", "x", at);
	snprintf(at, sizeof(at), "%s/circle", place->shop);
	assert_int_equal(symlink(".", at), 0);
	snprintf(at, sizeof(at), "%s/.mediastore-tmp", place->shop);
	mkdir(at, 0700);
	snprintf(at, sizeof(at), "%s/.mediastore-tmp/x", place->shop);
	close(open(at, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(store_list(place->store, "", fail_on_visit, NULL, &err), 0);
	assert_int_equal(unlink(at), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(an_object_is_the_file_of_its_key),
		TEST(an_object_is_as_accessible_as_its_store),
		TEST(remove_prunes_directories_that_become_empty),
		TEST(a_failed_put_makes_no_directories),
		TEST(a_key_below_an_object_or_above_objects_conflicts),
		TEST(an_empty_directory_is_in_nobodys_way),
		TEST(a_segment_over_name_max_is_invalid),
		TEST(keys_with_dot_segments_are_refused),
		TEST(links_that_lead_out_are_refused),
		TEST(a_linked_file_outside_is_not_read_and_is_replaced_not_followed),
		TEST(links_that_stay_inside_are_followed),
		TEST(stores_whose_path_leads_out_are_not_opened),
		TEST(what_is_no_regular_file_is_no_object),
		TEST(a_file_on_the_same_file_system_is_taken_without_a_copy),
		TEST(taking_a_file_can_be_repeated),
		TEST(a_file_on_another_file_system_is_copied),
		TEST(a_file_of_another_size_than_announced_is_not_taken),
		TEST(a_full_disk_is_reported_and_nothing_is_kept),
		TEST(a_file_size_limit_is_reported_and_nothing_is_kept),
		TEST(kill_in_mid_put_leaves_no_key_and_the_next_open_cleans_up),
		TEST(kill_at_any_moment_leaves_whole_objects_only),
		TEST(a_missing_directory_is_unavailable_not_a_missing_object),
		TEST(listing_passes_over_what_no_key_can_name),
	};
	int failures = cmocka_run_group_tests(TESTS, NULL, NULL);
	struct place place;
	place_open(&place);
	struct store_fixture fixture = {.name = "filesystem",
		.store = place.store,
		.leftovers = count_temporaries,
		.context = &place};
	failures += store_conformance_run(&fixture);
	struct store_place memory;
	store_place_open_in_memory(&memory, &filesystem_driver, "shop");
	fixture.store = memory.store;
	failures += store_conformance_run_many(&fixture);
	store_place_close(&memory);
	place_close(&place);
	return failures;
}
