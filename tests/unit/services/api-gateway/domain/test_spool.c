/* SPDX-License-Identifier: MIT */
#include "domain/spool.h"

#include "common/arena.h"
#include "common/clock.h"
#include "common/memory.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_opens_its_file),
		TEST(an_expired_or_changed_ticket_opens_nothing),
		TEST(a_file_that_is_gone_is_not_found),
		TEST(the_sweep_takes_what_is_old_and_not_needed),
		TEST(the_sweep_leaves_strangers_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
