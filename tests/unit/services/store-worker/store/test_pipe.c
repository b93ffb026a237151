/* SPDX-License-Identifier: MIT */
#include "store/pipe.h"

#include "common/clock.h"
#include "support/cmocka.h"
#include "support/store_conformance.h"

#include <pthread.h>
#include <string.h>

enum { TOTAL = 20000 };

static void *write_pattern(void *context)
{
	struct error err;
	for (int64_t at = 0; at < TOTAL;) {
		char piece[777];
		size_t length = 0;
		while (length < (size_t)(at % sizeof(piece)) + 1 && at < TOTAL)
			piece[length++] = (char)pattern_byte(1, at++);
		if (pipe_write(context, piece, length, &err) != 0)
			return "write failed";
	}
	pipe_close_writing(context, NULL);
	return NULL;
}

static void bytes_pass_in_order_through_a_small_pipe(void **state)
{
	(void)state;
	static const size_t CAPACITIES[] = {1, 100, 4096};
	for (int i = 0; i < 3; i++) {
		struct pipe *pipe = pipe_create(CAPACITIES[i], 5000);
		struct error err;
		pthread_t writer;
		int64_t at = 0;
		ssize_t got;
		char piece[501];
		void *problem;
		assert_int_equal(pthread_create(&writer, NULL, write_pattern, pipe), 0);
		for (; (got = pipe_read(pipe, piece, sizeof(piece), &err)) > 0;)
			for (ssize_t k = 0; k < got; k++)
				if ((unsigned char)piece[k] != pattern_byte(1, at++))
					fail_msg("byte %lld differs", (long long)at - 1);
		assert_int_equal(got, 0);
		assert_int_equal(at, TOTAL);
		pthread_join(writer, &problem);
		assert_null(problem);
		pipe_free(pipe);
	}
}

static void a_reader_gets_what_was_written_and_then_the_writers_error(void **state)
{
	(void)state;
	struct error failure, err;
	char out[8];
	struct pipe *pipe = pipe_create(16, 1000);
	error_set(&failure, ERROR_FULL, "told");
	assert_int_equal(pipe_write(pipe, "abc", 3, &err), 0);
	pipe_close_writing(pipe, &failure);
	assert_int_equal(pipe_read(pipe, out, sizeof(out), &err), 3);
	assert_int_equal(pipe_read(pipe, out, sizeof(out), &err), -1);
	assert_int_equal(err.code, ERROR_FULL);
	assert_string_equal(err.message, "told");
	pipe_free(pipe);
}

static void a_writer_is_told_that_the_reader_has_gone(void **state)
{
	(void)state;
	struct error err;
	struct pipe *pipe = pipe_create(16, 1000);
	pipe_close_reading(pipe);
	assert_int_equal(pipe_write(pipe, "abc", 3, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	pipe_free(pipe);
}

static void *leave_after_a_while(void *context)
{
	clock_sleep_ms(50);
	pipe_close_reading(context);
	return NULL;
}

static void a_waiting_writer_is_woken_when_the_reader_goes(void **state)
{
	(void)state;
	struct error err;
	pthread_t reader;
	struct pipe *pipe = pipe_create(2, 30000);
	int64_t begun = clock_monotonic_ms();
	assert_int_equal(pthread_create(&reader, NULL, leave_after_a_while, pipe), 0);
	assert_int_equal(pipe_write(pipe, "abc", 3, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	assert_true(clock_monotonic_ms() - begun < 20000);
	pthread_join(reader, NULL);
	pipe_free(pipe);
}

static void no_wait_is_longer_than_the_timeout(void **state)
{
	(void)state;
	struct error err;
	char byte;
	struct pipe *pipe = pipe_create(2, 50);
	assert_int_equal(pipe_read(pipe, &byte, 1, &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	assert_int_equal(pipe_write(pipe, "abc", 3, &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	pipe_free(pipe);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(bytes_pass_in_order_through_a_small_pipe),
		cmocka_unit_test(a_reader_gets_what_was_written_and_then_the_writers_error),
		cmocka_unit_test(a_writer_is_told_that_the_reader_has_gone),
		cmocka_unit_test(a_waiting_writer_is_woken_when_the_reader_goes),
		cmocka_unit_test(no_wait_is_longer_than_the_timeout),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
