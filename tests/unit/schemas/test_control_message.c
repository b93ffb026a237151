/* SPDX-License-Identifier: MIT */
#include "schemas/control_message.h"

#include "common/arena.h"
#include "common/buf.h"
#include "support/cmocka.h"

#include <string.h>

static struct arena *arena;
static struct buf body;

static int begin(void **state)
{
	(void)state;
	arena = arena_create();
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_release(&body);
	arena_free(arena);
	return 0;
}

static void a_cancellation_comes_back_as_it_was(void **state)
{
	(void)state;
	struct error err;
	struct control_message out, in = {CONTROL_CANCEL, "job-1"};
	control_message_pack(&in, &body);
	assert_int_equal(control_message_unpack(body.data, body.length, arena, &out, &err), 0);
	assert_int_equal(out.kind, CONTROL_CANCEL);
	assert_string_equal(out.job_id, "job-1");
}

static void what_a_newer_gateway_says_is_refused(void **state)
{
	(void)state;
	static const char UNKNOWN[] = "\x82\xa4kind\xa4stop\xa6job_id\xa1x";
	struct control_message out;
	struct error err;
	assert_int_equal(control_message_unpack(UNKNOWN, sizeof(UNKNOWN) - 1, arena, &out, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

static void progress_comes_back_as_it_was(void **state)
{
	(void)state;
	struct error err;
	struct progress_message out, in = {"job-1", 2, "worker", 7, -1};
	progress_message_pack(&in, &body);
	assert_int_equal(progress_message_unpack(body.data, body.length, arena, &out, &err), 0);
	assert_string_equal(out.job_id, "job-1");
	assert_int_equal(out.attempt, 2);
	assert_string_equal(out.worker, "worker");
	assert_int_equal(out.done, 7);
	assert_int_equal(out.total, -1);
}

static void progress_without_its_attempt_is_refused(void **state)
{
	(void)state;
	struct error err;
	struct progress_message out, in = {"job-1", 0, "worker", 7, 9};
	progress_message_pack(&in, &body);
	assert_int_equal(progress_message_unpack(body.data, body.length, arena, &out, &err), -1);
}

#define message_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		message_test(a_cancellation_comes_back_as_it_was),
		message_test(what_a_newer_gateway_says_is_refused),
		message_test(progress_comes_back_as_it_was),
		message_test(progress_without_its_attempt_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
