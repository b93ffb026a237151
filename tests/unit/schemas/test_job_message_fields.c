/* SPDX-License-Identifier: MIT */
/* Messages with a field changed by hand. */
#include "support/arena_fixture.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "support/job_message_samples.h"
#include "support/message_field.h"

#include <string.h>

static void unpack_job_with(const struct job_message *job, const char *group, const char *name,
	const char *raw, size_t raw_length, int expected, struct job_message *out, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0}, changed = {0};
	job_message_pack(job, &body);
	message_field_replace(&body, group, name, raw, raw_length, &changed);
	*err = (struct error){0};
	if (job_message_unpack(changed.data, changed.length, arena, out, err) != expected)
		fail_msg("%s.%s: %s", group ? group : "", name, err->message);
}

static void unknown_fields_are_ignored(void **state)
{
	(void)state;
	struct job_message job;
	struct error err;
	unpack_job_with(&FULL_JOB, NULL, "from_the_future", "\x82\x01\x91\xc0\xa1x\xc3", 7, 0, &job, &err);
	assert_string_equal(job.to_key, "c/d");
	unpack_job_with(&FULL_JOB, "store", "tape", "\xca\x00\x00\x00\x00", 5, 0, &job, &err);
	unpack_job_with(&FULL_JOB, NULL, "", "\x01", 1, 0, &job, &err);
}

static void keys_that_are_no_text_are_ignored(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf body = {0};
	struct job_message job;
	struct error err;
	job_message_pack(&SMALL_JOB, &body);
	assert_int_equal(body.data[0] & 0xf0, 0x80);
	body.data[0]++;
	buf_append(&body, "\x05\xa3xyz", 5);
	assert_int_equal(job_message_unpack(body.data, body.length, arena, &job, &err), 0);
}

static void nil_counts_as_left_out(void **state)
{
	(void)state;
	struct job_message job;
	struct error err;
	unpack_job_with(&SMALL_JOB, NULL, "size", "\xc0", 1, 0, &job, &err);
	assert_int_equal(job.size, -1);
	unpack_job_with(&SMALL_JOB, NULL, "pid", "\xc0", 1, 0, &job, &err);
	assert_null(job.pid);
	unpack_job_with(&SMALL_JOB, NULL, "range_last", NULL, 0, 0, &job, &err);
	assert_int_equal(job.range_last, -1);
	unpack_job_with(&SMALL_JOB, NULL, "id", "\xc0", 1, -1, &job, &err);
}

static void a_missing_field_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *group, *name, *message;
	} CASES[] = {{NULL, "id", "job: id: missing"}, {NULL, "kind", "job: kind: missing"},
		{NULL, "class", "job: class: missing"}, {NULL, "attempt", "job: attempt: missing"},
		{NULL, "store", "job: store: missing"}, {NULL, "key", "job: key: missing"},
		{NULL, "to", "job: to: missing"}, {NULL, "to_key", "job: to_key: missing"},
		{"store", "pk", "job: store.pk: missing"}, {"store", "type", "job: store.type: missing"},
		{"store", "bucket", "job: store.bucket: missing"},
		{"store", "site", "job: store.site: missing"},
		{"store", "s3_url", "job: store.s3_url: missing"},
		{"store", "s3_access_key", "job: store.s3_access_key: missing"},
		{"to", "s3_secret_sealed", "job: to.s3_secret_sealed: missing"}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct job_message job;
		struct error err;
		unpack_job_with(&FULL_JOB, CASES[i].group, CASES[i].name, NULL, 0, -1, &job, &err);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.message, CASES[i].message);
	}
}

static void a_wrong_value_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *group, *name, *raw;
		size_t length;
		const char *message;
	} CASES[] = {
		{NULL, "id", "\x01", 1, "job: id: text in UTF-8 without NUL expected"},
		{NULL, "id", "\xa1\x00", 2, "job: id: text in UTF-8 without NUL expected"},
		{NULL, "key", "\xa1\xff", 2, "job: key: text in UTF-8 without NUL expected"},
		{NULL, "key", "\xc4\x01k", 3, "job: key: text in UTF-8 without NUL expected"},
		{NULL, "kind", "\xa4melt", 5, "job: kind: a name that is known here expected"},
		{NULL, "kind", "\xa0", 1, "job: kind: a name that is known here expected"},
		{NULL, "class", "\x00", 1, "job: class: a name that is known here expected"},
		{NULL, "attempt", "\x00", 1, "job: attempt: a whole number from 1 expected"},
		{NULL, "attempt", "\xcb\x3f\xf0\0\0\0\0\0\0", 9,
			"job: attempt: a whole number from 1 expected"},
		{NULL, "size", "\xfe", 1, "job: size: a whole number from -1 expected"},
		{NULL, "size", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9,
			"job: size: a whole number from -1 expected"},
		{NULL, "size", "\xa1\x31", 2, "job: size: a whole number from -1 expected"},
		{NULL, "range_first", "\xff", 1, "job: range_first: a whole number from 0 expected"},
		{NULL, "range_last", "\x05", 1, "job: range_last: before range_first"},
		{NULL, "store", "\x90", 1, "job: store: a map expected"},
		{NULL, "source", "\xa3url", 4, "job: source: a map expected"},
		{"store", "type", "\xa4Tape", 5, "job: store.type: a name that is known here expected"},
		{"to", "pk", "\xc3", 1, "job: to.pk: a whole number from 0 expected"},
		{"source", "inline", "\xa1x", 2, "job: source.inline: bytes expected"},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct job_message job;
		struct error err;
		unpack_job_with(&FULL_JOB, CASES[i].group, CASES[i].name, CASES[i].raw, CASES[i].length, -1,
			&job, &err);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_string_equal(err.message, CASES[i].message);
	}
}

static void a_put_has_one_source(void **state)
{
	(void)state;
	struct job_message put = SMALL_JOB, job;
	struct error err;
	put.kind = JOB_PUT;
	unpack_job_with(&put, NULL, "x", "\x01", 1, -1, &job, &err);
	assert_string_equal(err.message, "job: source: either inline, or path and url expected");
	put.source.url = "http://g";
	unpack_job_with(&put, NULL, "x", "\x01", 1, 0, &job, &err);
	put.source.path = "/spool/1";
	unpack_job_with(&put, NULL, "x", "\x01", 1, 0, &job, &err);
	put.source.inline_bytes = "";
	unpack_job_with(&put, NULL, "x", "\x01", 1, -1, &job, &err);
}

static void unpack_result_with(const struct result_message *result, const char *name, const char *raw,
	size_t raw_length, int expected, struct result_message *out, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0}, changed = {0};
	result_message_pack(result, &body);
	message_field_replace(&body, NULL, name, raw, raw_length, &changed);
	*err = (struct error){0};
	assert_int_equal(result_message_unpack(changed.data, changed.length, arena, out, err), expected);
}

static void a_code_from_the_future_is_internal(void **state)
{
	(void)state;
	struct result_message result;
	struct error err;
	unpack_result_with(&FULL_RESULT, "code", "\xa6melted", 7, 0, &result, &err);
	assert_int_equal(result.code, ERROR_INTERNAL);
	assert_true(result.retryable);
}

static void messages_to_people_are_repaired_not_refused(void **state)
{
	(void)state;
	struct result_message result;
	struct error err;
	unpack_result_with(&FULL_RESULT, "message",
		"\xa5"
		"a\xff\x00z\xe2",
		6, 0, &result, &err);
	assert_string_equal(result.message, "a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd");
	unpack_result_with(&FULL_RESULT, "cause", "\x05", 1, -1, &result, &err);
	assert_string_equal(err.message, "result: cause: text expected");
}

static void wrong_results_are_named(void **state)
{
	(void)state;
	struct result_message result;
	struct error err;
	unpack_result_with(&FULL_RESULT, "retryable", "\x01", 1, -1, &result, &err);
	assert_string_equal(err.message, "result: retryable: true or false expected");
	unpack_result_with(&FULL_RESULT, "job_id", NULL, 0, -1, &result, &err);
	assert_string_equal(err.message, "result: job_id: missing");
	unpack_result_with(&FULL_RESULT, "code", NULL, 0, -1, &result, &err);
	assert_string_equal(err.message, "result: code: missing");
}

static void a_hold_result_needs_no_job_but_holder_and_site(void **state)
{
	(void)state;
	struct result_message hold = {.kind = JOB_HOLD, .holder = "h", .site = "s", .anew = true}, result;
	struct error err;
	unpack_result_with(&hold, "x", "\x01", 1, 0, &result, &err);
	assert_null(result.job_id);
	assert_true(result.anew);
	unpack_result_with(&hold, "holder", NULL, 0, -1, &result, &err);
	assert_string_equal(err.message, "result: holder: missing");
	unpack_result_with(&hold, "site", NULL, 0, -1, &result, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_fields_are_ignored),
		cmocka_unit_test(keys_that_are_no_text_are_ignored),
		cmocka_unit_test(nil_counts_as_left_out),
		cmocka_unit_test(a_missing_field_is_named),
		cmocka_unit_test(a_wrong_value_is_named),
		cmocka_unit_test(a_put_has_one_source),
		cmocka_unit_test(a_code_from_the_future_is_internal),
		cmocka_unit_test(messages_to_people_are_repaired_not_refused),
		cmocka_unit_test(wrong_results_are_named),
		cmocka_unit_test(a_hold_result_needs_no_job_but_holder_and_site),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
