/* SPDX-License-Identifier: MIT */
#include "store/pulled_source.h"

#include "common/memory.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"

#include <stdatomic.h>
#include <stdlib.h>

struct pusher {
	int64_t size, fail_at;
	_Atomic int runs, stopped; /* stopped: by the sink's error */
};

static int push_pattern(void *context, struct sink *sink, struct error *err)
{
	struct pusher *pusher = context;
	atomic_fetch_add(&pusher->runs, 1);
	for (int64_t at = 0; at < pusher->size;) {
		char piece[10000];
		size_t length = 0;
		while (length < sizeof(piece) && at < pusher->size && at != pusher->fail_at)
			piece[length++] = (char)pattern_byte(1, at++);
		if (length && sink->write(sink, piece, length, err) != 0) {
			atomic_fetch_add(&pusher->stopped, 1);
			return -1;
		}
		if (at == pusher->fail_at)
			return error_set(err, ERROR_SOURCE_FAILED, "made to fail");
	}
	return 0;
}

/* Up to `limit` bytes; how many came, -1 on failure. */
static int64_t read_pattern(struct source *source, int64_t limit, struct error *err)
{
	int64_t at = 0;
	char piece[7000];
	while (at < limit) {
		ssize_t got = source->read(source, piece, sizeof(piece), err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			if ((unsigned char)piece[i] != pattern_byte(1, at++))
				fail_msg("byte %lld differs", (long long)at - 1);
	}
	return at;
}

static void what_is_pushed_is_read(void **state)
{
	(void)state;
	struct error err;
	struct pulled_source source;
	struct pusher pusher = {.size = 3000000, .fail_at = -1};
	pulled_source_init(&source, push_pattern, &pusher, pusher.size, 5000);
	assert_int_equal(read_pattern(&source.base, INT64_MAX, &err), 3000000);
	pulled_source_release(&source);
	assert_int_equal(pusher.runs, 1);
}

static void nothing_is_pushed_before_the_first_read(void **state)
{
	(void)state;
	struct pulled_source source;
	struct pusher pusher = {.size = 10, .fail_at = -1};
	pulled_source_init(&source, push_pattern, &pusher, pusher.size, 5000);
	pulled_source_release(&source);
	assert_int_equal(pusher.runs, 0);
}

static void the_pushers_error_is_the_sources(void **state)
{
	(void)state;
	struct error err;
	struct pulled_source source;
	struct pusher pusher = {.size = 1000000, .fail_at = 500000};
	pulled_source_init(&source, push_pattern, &pusher, pusher.size, 5000);
	assert_int_equal(read_pattern(&source.base, INT64_MAX, &err), -1);
	assert_int_equal(err.code, ERROR_SOURCE_FAILED);
	assert_string_equal(err.message, "made to fail");
	pulled_source_release(&source);
}

static void releasing_early_stops_the_pusher(void **state)
{
	(void)state;
	struct error err;
	struct pulled_source source;
	struct pusher pusher = {.size = 30000000, .fail_at = -1};
	pulled_source_init(&source, push_pattern, &pusher, pusher.size, 5000);
	assert_true(read_pattern(&source.base, 1000, &err) >= 1000);
	pulled_source_release(&source);
	assert_int_equal(pusher.stopped, 1);
}

static void rewinding_pushes_again_from_the_first_byte(void **state)
{
	(void)state;
	struct error err;
	struct pulled_source source;
	struct pusher pusher = {.size = 2000000, .fail_at = -1};
	pulled_source_init(&source, push_pattern, &pusher, pusher.size, 5000);
	assert_true(read_pattern(&source.base, 500000, &err) >= 500000);
	assert_int_equal(source.base.rewind(&source.base, &err), 0);
	assert_int_equal(read_pattern(&source.base, INT64_MAX, &err), 2000000);
	pulled_source_release(&source);
	assert_int_equal(pusher.runs, 2);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(what_is_pushed_is_read),
		cmocka_unit_test(nothing_is_pushed_before_the_first_read),
		cmocka_unit_test(the_pushers_error_is_the_sources),
		cmocka_unit_test(releasing_early_stops_the_pusher),
		cmocka_unit_test(rewinding_pushes_again_from_the_first_byte),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
