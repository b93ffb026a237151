/* SPDX-License-Identifier: MIT */
/* Copies on a file system that can share blocks: an XFS in a file, where this machine lets us make one; else the tests
 * say so and do nothing. */
#include "jobs/jobs.h"

#include "common/cleanup.h"
#include "common/memory.h"
#include "support/cmocka.h"
#include "support/store_job_fixture.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

enum { SIZE = 3 << 20 };

static char scratch[SCRATCH_SIZE], mounted[2 * SCRATCH_SIZE];
static bool has_clones;

static int make_file_system(void **state)
{
	(void)state;
	char command[1000];
	scratch_make(scratch);
	snprintf(mounted, sizeof(mounted), "%s/mounted", scratch);
	snprintf(command, sizeof(command),
		"PATH=$PATH:/usr/sbin:/sbin && cd %s && mkdir mounted && truncate -s 400M image && mkfs.xfs "
		"-q -m reflink=1 image && "
		"mount -o loop image mounted",
		scratch);
	has_clones = system(command) == 0;
	if (!has_clones)
		printf("no XFS can be made and mounted here (it takes root, mkfs.xfs and a loop device): not "
		       "tested\n");
	return 0;
}

static int remove_file_system(void **state)
{
	(void)state;
	if (has_clones)
		assert_int_equal(umount2(mounted, MNT_DETACH), 0);
	scratch_remove(scratch);
	return 0;
}

/* The fixture's stores, below the mounted file system. */
static struct job_fixture *on_clones(void **state)
{
	struct job_fixture *fixture = *state;
	if (!has_clones)
		skip();
	fixture->stores.store_root = mounted;
	return fixture;
}

/* Whether all of the file's blocks are another's too. */
static bool shares_blocks(const char *store, const char *key)
{
	CLEANUP(cleanup_free) char *path = memory_printf("%s/%s/%s", mounted, store, key);
	CLEANUP(cleanup_free)
	struct fiemap *map = memory_alloc(sizeof(*map) + 8 * sizeof(struct fiemap_extent));
	CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	*map = (struct fiemap){.fm_length = SIZE, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 8};
	assert_int_equal(ioctl(fd, FS_IOC_FIEMAP, map), 0);
	assert_true(map->fm_mapped_extents > 0);
	for (unsigned i = 0; i < map->fm_mapped_extents; i++)
		if (!(map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED))
			return false;
	return true;
}

static void a_copy_between_files_shares_their_blocks(void **state)
{
	struct job_fixture *fixture = on_clones(state);
	struct job_message message = job_fixture_message(fixture, JOB_COPY, &fixture->files, "from");
	message.to = fixture->other;
	message.to_key = "dir/to";
	message.sha256 = job_fixture_sha256(fixture, 1, SIZE);
	job_fixture_fill(fixture, &fixture->files, "from", 1, SIZE);
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_string_equal(result.sha256, message.sha256);
	assert_true(shares_blocks("other", "dir/to"));
	job_fixture_fill(fixture, &fixture->files, "from", 2, SIZE); /* and stays what it is */
	job_fixture_assert(fixture, &fixture->other, "dir/to", 1, SIZE);
}

static void a_copy_of_what_is_not_expected_is_none(void **state)
{
	struct job_fixture *fixture = on_clones(state);
	struct job_message message = job_fixture_message(fixture, JOB_COPY, &fixture->files, "from");
	message.to = fixture->other;
	message.to_key = "to";
	message.sha256 = job_fixture_sha256(fixture, 2, SIZE);
	job_fixture_fill(fixture, &fixture->files, "from", 1, SIZE);
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_CHECKSUM);
	job_fixture_assert(fixture, &fixture->other, "to", 1, -1);
}

/* A store's file, however it is asked for, is read where there can be no sharing: the spool is elsewhere here. */
static void a_file_of_another_file_system_is_copied(void **state)
{
	struct job_fixture *fixture = on_clones(state);
	struct job_message message = job_fixture_message(fixture, JOB_PUT, &fixture->files, "spooled");
	message.size = SIZE;
	message.sha256 = job_fixture_sha256(fixture, 1, SIZE);
	message.source.path = job_fixture_spool(fixture, "spooled", 1, SIZE);
	message.source.url = "http://127.0.0.1:1/";
	assert_int_equal(job_fixture_run(fixture, &message).code, ERROR_NONE);
	job_fixture_assert(fixture, &fixture->files, "spooled", 1, SIZE);
	assert_false(shares_blocks("files", "spooled"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, job_fixture_setup, job_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_copy_between_files_shares_their_blocks),
		TEST(a_copy_of_what_is_not_expected_is_none),
		TEST(a_file_of_another_file_system_is_copied),
	};
	return cmocka_run_group_tests(tests, make_file_system, remove_file_system);
}
