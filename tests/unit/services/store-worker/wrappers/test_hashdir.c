/* SPDX-License-Identifier: MIT */
#include "store/store_driver.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"
#include "support/store_place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int setup(void **state)
{
	static struct store_place place;
	store_place_open(&place, &hashdir_driver, "shop");
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

/* printf abc | sha256sum */
#define ABC_DIRECTORIES "ba/78/16"
#define ABC_NAME        "bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void an_object_is_the_file_of_its_keys_hash(void **state)
{
	struct store_place *place = *state;
	struct error err;
	struct stat status;
	struct pattern_source source;
	char path[SCRATCH_SIZE + 128];
	pattern_source_init(&source, 1, 77);
	assert_int_equal(store_put(place->store, "abc", &source.base, NULL, &err), 0);
	snprintf(path, sizeof(path), "%s/shop/" ABC_DIRECTORIES "/" ABC_NAME, place->tree);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 77);
	assert_int_equal(store_remove(place->store, "abc", &err), 0);
	snprintf(path, sizeof(path), "%s/shop/ba", place->tree);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* What Python's hashlib, os.makedirs and open() write. */
static void files_of_another_writer_are_read(void **state)
{
	struct store_place *place = *state;
	struct error err;
	store_place_python(place,
		"import hashlib, os, sys\n"
		"for key, data in (('pictures/A 1.png', b'first'), ('\u00fc%2F?#', b'')):\n"
		"    h = hashlib.sha256(key.encode()).hexdigest()\n"
		"    path = os.path.join(sys.argv[1], 'shop', h[:2], h[2:4], h[4:6], h[6:])\n"
		"    os.makedirs(os.path.dirname(path), exist_ok=True)\n"
		"    open(path, 'wb').write(data)\n");
	struct memory_sink sink;
	struct object_info info;
	memory_sink_init(&sink, 100);
	assert_int_equal(store_get(place->store, "pictures/A 1.png", 0, -1, &sink.base, &err), 0);
	assert_int_equal(sink.bytes.length, 5);
	assert_memory_equal(sink.bytes.data, "first", 5);
	memory_sink_release(&sink);
	assert_int_equal(store_stat(place->store, "\xc3\xbc%2F?#", &info, &err), 0);
	assert_int_equal(info.size, 0);
	assert_no_object(place->store, "pictures/A 2.png");
}

static void every_key_has_room(void **state)
{
	struct store_place *place = *state;
	struct error err;
	char flat[STORE_KEY_MAX + 1];
	memset(flat, 'k', STORE_KEY_MAX);
	flat[STORE_KEY_MAX] = '\0';
	const char *const keys[] = {flat, "..", "a//b", "/", "a", "a/b", ".mediastore-tmp"};
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct pattern_source source;
		pattern_source_init(&source, i, 10 + i);
		assert_int_equal(store_put(place->store, keys[i], &source.base, NULL, &err), 0);
	}
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_object(place->store, keys[i], i, 10 + i);
}

static void put_with_a_failing_disk(struct store_place *place)
{
	static const int CALLS[] = {SYS_pwrite64, SYS_fsync, SYS_renameat};
	struct error err;
	struct object_info info;
	for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
		pid_t child = fork();
		int status;
		if (child == 0) {
			store_place_fail_calls(CALLS[i], EIO);
			CHECK(store_put_pattern(place->store, "key", 1, 100000, &err) == -1);
			_exit(err.code == ERROR_INTERNAL ? 0 : 1);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
		CHECK(store_stat(place->store, "key", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
		CHECK(store_place_temporaries(place, "shop") == 0);
	}
	_exit(0);
}

static void a_disk_that_fails_is_reported_and_nothing_is_kept(void **state)
{
	store_place_in_child(*state, put_with_a_failing_disk);
}

static void fill_small_disk(struct store_place *place)
{
	struct error err;
	struct object_info info;
	store_place_on_small_disk(place, "1m");
	CHECK(store_put_pattern(place->store, "small", 1, 300 * 1024, &err) == 0);
	CHECK(store_put_pattern(place->store, "large", 1, 900 * 1024, &err) == -1 && err.code == ERROR_FULL);
	CHECK(store_stat(place->store, "large", &info, &err) == -1 && err.code == ERROR_NOT_FOUND);
	CHECK(store_place_temporaries(place, "shop") == 0);
	CHECK(store_put_pattern(place->store, "fits", 1, 300 * 1024, &err) == 0);
	_exit(0);
}

static void a_full_disk_is_reported_and_nothing_is_kept(void **state)
{
	store_place_in_child(*state, fill_small_disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(an_object_is_the_file_of_its_keys_hash),
		TEST(files_of_another_writer_are_read),
		TEST(every_key_has_room),
		TEST(a_disk_that_fails_is_reported_and_nothing_is_kept),
		TEST(a_full_disk_is_reported_and_nothing_is_kept),
	};
	int failures = cmocka_run_group_tests(TESTS, NULL, NULL);
	struct store_place disk, memory;
	store_place_open(&disk, &hashdir_driver, "shop");
	store_place_open_in_memory(&memory, &hashdir_driver, "shop");
	struct store_fixture fixture = {
		.name = "hashdir", .store = disk.store, .leftovers = count_temporaries, .context = &disk};
	failures += store_conformance_run(&fixture);
	fixture.store = memory.store;
	failures += store_conformance_run_many(&fixture);
	store_place_close(&memory);
	store_place_close(&disk);
	return failures;
}
