/* SPDX-License-Identifier: MIT */
/* Bytes that are no message. */
#include "support/arena_fixture.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "support/job_message_samples.h"

#include <stdlib.h>
#include <string.h>

static void refuse_job(const char *bytes, size_t length)
{
	CLEANUP(cleanup_free) char *exact = malloc(length ? length : 1);
	struct job_message job = {.id = "untouched"};
	struct error err;
	memcpy(exact, bytes, length);
	assert_int_equal(job_message_unpack(exact, length, arena, &job, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(job.id, "untouched");
}

static void a_message_cut_at_any_byte_is_refused(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf body = {0};
	job_message_pack(&FULL_JOB, &body);
	for (size_t cut = 0; cut < body.length; cut++)
		refuse_job(body.data, cut);
	buf_append(&body, "\xc0", 1);
	refuse_job(body.data, body.length);
}

static void headers_that_claim_gigabytes_are_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"\xdf\xff\xff\xff\xff", "\xdd\xff\xff\xff\xff",
		"\xdb\xff\xff\xff\xff", "\x81\xa1x\xdd\xff\xff\xff\xff", "\x81\xa2id\xdb\xff\xff\xff\xff",
		"\x81\xa6source\x81\xa6inline\xc6\xff\xff\xff\xff", "\x81\xa5store\xdf\x7f\xff\xff\xff"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		refuse_job(BAD[i], strlen(BAD[i]));
}

static void what_is_no_map_is_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"\x01", "\x90", "\xa2id", "\xc0", "\x80", "{\"id\":\"1\"}", "\xc1"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		refuse_job(BAD[i], strlen(BAD[i]));
}

static void any_changed_byte_is_survived(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf job_body = {0}, result_body = {0};
	job_message_pack(&FULL_JOB, &job_body);
	result_message_pack(&FULL_RESULT, &result_body);
	for (int c = 0; c < 256; c++) {
		for (size_t i = 0; i < job_body.length + result_body.length; i++) {
			bool is_job = i < job_body.length;
			struct buf *body = is_job ? &job_body : &result_body;
			char *at = body->data + (is_job ? i : i - job_body.length), kept = *at;
			struct job_message job;
			struct result_message result;
			struct error err = {0};
			struct arena *scratch = arena_create();
			*at = (char)c;
			int outcome =
				is_job ? job_message_unpack(body->data, body->length, scratch, &job, &err)
				       : result_message_unpack(
						 body->data, body->length, scratch, &result, &err);
			if (outcome && err.code != ERROR_INVALID)
				fail_msg("byte %zu as %d: %s", i, c, err.message);
			*at = kept;
			arena_free(scratch);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_cut_at_any_byte_is_refused),
		cmocka_unit_test(headers_that_claim_gigabytes_are_refused),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(any_changed_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
