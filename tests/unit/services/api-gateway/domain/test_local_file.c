/* SPDX-License-Identifier: MIT */
#include "domain/local_file.h"

#include "common/file_id.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char outer[SCRATCH_SIZE], root[2 * SCRATCH_SIZE];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	scratch_make(fixture.outer);
	snprintf(fixture.root, sizeof(fixture.root), "%s/root", fixture.outer);
	*state = &fixture;
	return mkdir(fixture.root, 0700);
}

static int tear_down(void **state)
{
	scratch_remove(((struct fixture *)*state)->outer);
	return 0;
}

static void write_file(const char *directory, const char *name, char id[FILE_ID_SIZE])
{
	char path[3 * SCRATCH_SIZE];
	struct stat status;
	scratch_write(directory, name, "0123456789");
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(stat(path, &status), 0);
	file_id_print(&status, id);
}

static void the_file_that_the_worker_named_is_opened(void **state)
{
	struct fixture *fixture = *state;
	char id[FILE_ID_SIZE], bytes[20];
	write_file(fixture->root, "object", id);
	int fd = local_file_open(fixture->root, "object", id);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 10);
	close(fd);
}

static void another_file_of_that_name_is_not(void **state)
{
	struct fixture *fixture = *state;
	char id[FILE_ID_SIZE], other[FILE_ID_SIZE];
	write_file(fixture->outer, "object", id); /* a store root elsewhere */
	write_file(fixture->root, "object", other);
	assert_string_not_equal(id, other);
	assert_int_equal(local_file_open(fixture->root, "object", id), -1);
}

static void without_root_or_name_there_is_none(void **state)
{
	struct fixture *fixture = *state;
	char id[FILE_ID_SIZE];
	write_file(fixture->root, "object", id);
	assert_int_equal(local_file_open(NULL, "object", id), -1);
	assert_int_equal(local_file_open(fixture->root, NULL, id), -1);
	assert_int_equal(local_file_open(fixture->root, "object", NULL), -1);
	assert_int_equal(local_file_open(fixture->root, "missing", id), -1);
	assert_int_equal(local_file_open(fixture->root, "", id), -1);
}

static void no_path_leads_out(void **state)
{
	struct fixture *fixture = *state;
	char id[FILE_ID_SIZE], path[3 * SCRATCH_SIZE], link[3 * SCRATCH_SIZE];
	write_file(fixture->outer, "secret", id);
	snprintf(path, sizeof(path), "%s/secret", fixture->outer);
	snprintf(link, sizeof(link), "%s/link", fixture->root);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(local_file_open(fixture->root, "../secret", id), -1);
	assert_int_equal(local_file_open(fixture->root, path, id), -1);
	assert_int_equal(local_file_open(fixture->root, "link", id), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_file_that_the_worker_named_is_opened),
		TEST(another_file_of_that_name_is_not),
		TEST(without_root_or_name_there_is_none),
		TEST(no_path_leads_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
