/* SPDX-License-Identifier: MIT */
#include "domain/spool.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/memory.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char directory[SCRATCH_SIZE];
	struct spool *spool;
	struct arena *arena;
};

static int set_up(void **state)
{
	struct fixture *fixture = memory_alloc(sizeof(*fixture));
	struct error err;
	scratch_make(fixture->directory);
	assert_int_equal(spool_create(fixture->directory, "http://gateway", "key", &fixture->spool, &err), 0);
	fixture->arena = arena_create();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	spool_free(fixture->spool);
	arena_free(fixture->arena);
	scratch_remove(fixture->directory);
	free(fixture);
	return 0;
}

static struct spool_file make_file(struct fixture *fixture, const char *text)
{
	struct spool_file file;
	struct error err;
	assert_int_equal(spool_file_create(fixture->spool, &file, &err), 0);
	assert_int_equal(spool_file_write(&file, text, strlen(text), &err), 0);
	assert_int_equal(spool_file_finish(fixture->spool, &file, false, &err), 0);
	return file;
}

static const char *ticket_of(struct fixture *fixture, const struct spool_file *file, int64_t expires)
{
	const char *url = spool_ticket_url(fixture->spool, fixture->arena, file->name, expires);
	assert_memory_equal(url, "http://gateway/internal/bytes/", strlen("http://gateway/internal/bytes/"));
	return strrchr(url, '/') + 1;
}

static void a_ticket_opens_its_file(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = make_file(fixture, "bytes");
	struct error err;
	int fd;
	int64_t size;
	const char *ticket = ticket_of(fixture, &file, clock_unix_ms() + 1000);
	assert_int_equal(spool_open_ticket(fixture->spool, ticket, &fd, &size, &err), 0);
	assert_int_equal(size, 5);
	close(fd);
}

static void an_expired_or_changed_ticket_opens_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = make_file(fixture, "bytes");
	struct error err;
	int fd;
	int64_t size;
	const char *expired = ticket_of(fixture, &file, clock_unix_ms() - 1);
	assert_int_equal(spool_open_ticket(fixture->spool, expired, &fd, &size, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	char *changed = arena_strdup(fixture->arena, ticket_of(fixture, &file, clock_unix_ms() + 1000));
	changed[20] = changed[20] == 'A' ? 'B' : 'A';
	assert_int_equal(spool_open_ticket(fixture->spool, changed, &fd, &size, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
}

static void a_file_that_is_gone_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = make_file(fixture, "bytes");
	struct error err;
	int fd;
	int64_t size;
	const char *ticket = ticket_of(fixture, &file, clock_unix_ms() + 1000);
	spool_file_discard(fixture->spool, &file);
	assert_int_equal(spool_open_ticket(fixture->spool, ticket, &fd, &size, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static bool is_kept(void *context, const char *name)
{
	return strcmp(context, name) == 0;
}

static void the_sweep_takes_what_is_old_and_not_needed(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file kept = make_file(fixture, "kept"), stale = make_file(fixture, "stale"), broken;
	struct error err;
	assert_int_equal(spool_file_create(fixture->spool, &broken, &err), 0); /* its gateway was killed */
	assert_int_equal(spool_sweep(fixture->spool, 3600000, is_kept, kept.name), 0);
	assert_int_equal(spool_sweep(fixture->spool, -2000, is_kept, kept.name), 2);
	assert_int_equal(scratch_count(fixture->directory), 1);
	close(broken.fd);
	(void)stale;
}

static void the_sweep_leaves_strangers_alone(void **state)
{
	struct fixture *fixture = *state;
	scratch_write(fixture->directory, "README", "not ours");
	scratch_write(fixture->directory, "0123456789abcdef0123456789abcdef0123.txt", "nor this");
	assert_int_equal(spool_sweep(fixture->spool, -2000, is_kept, ""), 0);
	assert_int_equal(scratch_count(fixture->directory), 2);
}

static struct spool_file begin_file(struct fixture *fixture, const char *text)
{
	struct spool_file file;
	struct error err;
	assert_int_equal(spool_file_create(fixture->spool, &file, &err), 0);
	assert_int_equal(spool_file_write(&file, text, strlen(text), &err), 0);
	return file;
}

static void only_one_at_a_time_writes_to_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = begin_file(fixture, "1234"), first, second;
	struct error err;
	assert_int_equal(spool_file_leave(fixture->spool, &file, &err), 0);
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &first, &err), 0);
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &second, &err), -1);
	assert_int_equal(err.code, ERROR_LOCKED);
	spool_file_close(&first);
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &second, &err), 0);
	spool_file_close(&second);
}

static void a_file_goes_on_where_what_counts_ends(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = begin_file(fixture, "1234never counted"), again;
	struct error err;
	char text[16] = "";
	int fd;
	assert_int_equal(spool_file_leave(fixture->spool, &file, &err), 0);
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &again, &err), 0);
	assert_int_equal(spool_file_continue(&again, 4, &err), 0);
	assert_int_equal(spool_file_write(&again, "56", 2, &err), 0);
	assert_int_equal(spool_file_name(fixture->spool, &again, &err), 0);
	assert_int_equal(spool_file_read(fixture->spool, file.name, &fd, &err), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_string_equal(text, "123456");
	close(fd);
	spool_file_close(&again);
}

static void a_file_without_what_counts_is_a_conflict(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = begin_file(fixture, "1234"), again;
	struct error err;
	assert_int_equal(spool_file_leave(fixture->spool, &file, &err), 0);
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &again, &err), 0);
	assert_int_equal(spool_file_continue(&again, 5, &err), -1);
	assert_int_equal(err.code, ERROR_CONFLICT);
	spool_file_close(&again);
}

static void what_is_named_already_can_still_go_on(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file = make_file(fixture, "1234"), again;
	struct error err;
	assert_int_equal(spool_file_lock(fixture->spool, file.name, &again, &err), 0);
	assert_int_equal(spool_file_continue(&again, 4, &err), 0);
	assert_int_equal(spool_file_name(fixture->spool, &again, &err), 0);
	spool_file_close(&again);
}

/* --- the limit */

enum { MIB = 1 << 20 };

static int fill(struct spool_file *file, int64_t size, struct error *err)
{
	static const char zeros[MIB];
	for (; size > 0; size -= MIB)
		if (spool_file_write(file, zeros, size < MIB ? (size_t)size : MIB, err))
			return -1;
	return 0;
}

static void two_gateways_that_share_the_directory_share_its_limit(void **state)
{
	struct fixture *fixture = *state;
	struct spool *other;
	struct spool_file first, second;
	struct error err;
	assert_int_equal(spool_create(fixture->directory, "http://other", "key", &other, &err), 0);
	spool_set_limit(fixture->spool, 10 * MIB);
	spool_set_limit(other, 10 * MIB);
	assert_int_equal(spool_file_create(fixture->spool, &first, &err), 0);
	assert_int_equal(spool_file_create(other, &second, &err), 0);
	assert_int_equal(fill(&first, 6 * MIB, &err), 0);
	assert_int_equal(fill(&second, 6 * MIB, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	assert_int_equal(error_http_status(err.code), 507);
	spool_file_discard(fixture->spool, &first);
	assert_int_equal(fill(&second, 2 * MIB, &err), 0);
	spool_file_discard(other, &second);
	spool_free(other);
}

static void what_is_left_from_before_counts(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file;
	struct error err;
	assert_int_equal(spool_file_create(fixture->spool, &file, &err), 0);
	assert_int_equal(fill(&file, 3 * MIB, &err), 0);
	assert_int_equal(spool_file_finish(fixture->spool, &file, false, &err), 0);
	spool_set_limit(fixture->spool, 4 * MIB);
	assert_int_equal(spool_file_create(fixture->spool, &file, &err), 0);
	assert_int_equal(fill(&file, 2 * MIB, &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	spool_file_discard(fixture->spool, &file);
}

static void room_that_was_not_needed_is_given_back(void **state)
{
	struct fixture *fixture = *state;
	struct spool_file file;
	struct stat info;
	struct error err;
	spool_set_limit(fixture->spool, (int64_t)1024 * MIB);
	assert_int_equal(spool_file_create(fixture->spool, &file, &err), 0);
	assert_int_equal(fill(&file, 4097, &err), 0);
	assert_int_equal(spool_file_finish(fixture->spool, &file, false, &err), 0);
	assert_int_equal(stat(spool_path(fixture->spool, fixture->arena, file.name), &info), 0);
	assert_int_equal(info.st_size, 4097);
	assert_in_range(info.st_blocks * 512, 0, 64 * 1024);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_opens_its_file),
		TEST(an_expired_or_changed_ticket_opens_nothing),
		TEST(a_file_that_is_gone_is_not_found),
		TEST(the_sweep_takes_what_is_old_and_not_needed),
		TEST(the_sweep_leaves_strangers_alone),
		TEST(only_one_at_a_time_writes_to_a_file),
		TEST(a_file_goes_on_where_what_counts_ends),
		TEST(a_file_without_what_counts_is_a_conflict),
		TEST(what_is_named_already_can_still_go_on),
		TEST(two_gateways_that_share_the_directory_share_its_limit),
		TEST(what_is_left_from_before_counts),
		TEST(room_that_was_not_needed_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
