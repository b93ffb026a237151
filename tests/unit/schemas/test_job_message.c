/* SPDX-License-Identifier: MIT */
#include "support/arena_fixture.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "support/job_message_samples.h"

#include <string.h>

static void check_store(const struct store_descriptor *a, const struct store_descriptor *b)
{
	assert_int_equal(a->pk, b->pk);
	assert_int_equal(a->type, b->type);
	assert_string_equal(a->bucket, b->bucket);
	assert_string_equal(a->site, b->site);
	assert_string_equal(a->s3_url, b->s3_url);
	assert_string_equal(a->s3_region, b->s3_region);
	assert_string_equal(a->s3_access_key, b->s3_access_key);
	assert_string_equal(a->s3_secret_sealed, b->s3_secret_sealed);
}

static void every_field_of_a_job_comes_back(void **state)
{
	(void)state;
	const struct job_message *a = &FULL_JOB;
	CLEANUP(buf_release) struct buf body = {0};
	struct job_message b;
	struct error err;
	job_message_pack(a, &body);
	assert_int_equal(job_message_unpack(body.data, body.length, arena, &b, &err), 0);
	assert_string_equal(a->id, b.id);
	assert_int_equal(a->kind, b.kind);
	assert_int_equal(a->class, b.class);
	assert_int_equal(a->attempt, b.attempt);
	assert_string_equal(a->request_id, b.request_id);
	assert_string_equal(a->pid, b.pid);
	assert_int_equal(a->deadline_unix_ms, b.deadline_unix_ms);
	check_store(&a->store, &b.store);
	assert_string_equal(a->key, b.key);
	assert_int_equal(a->size, b.size);
	assert_string_equal(a->sha256, b.sha256);
	assert_string_equal(a->content_type, b.content_type);
	assert_int_equal(a->source.inline_length, b.source.inline_length);
	assert_memory_equal(a->source.inline_bytes, b.source.inline_bytes, 7);
	assert_string_equal(a->source.path, b.source.path);
	assert_string_equal(a->source.compared, b.source.compared);
	assert_int_equal(b.source.blocks_length, 3);
	assert_memory_equal(a->source.blocks, b.source.blocks, 3);
	assert_string_equal(a->source.url, b.source.url);
	assert_string_equal(a->source.fetch, b.source.fetch);
	assert_int_equal(a->range_first, b.range_first);
	assert_int_equal(a->range_last, b.range_last);
	assert_int_equal(a->inline_max, b.inline_max);
	check_store(&a->to, &b.to);
	assert_string_equal(a->to_key, b.to_key);
}

static void every_field_of_a_result_comes_back(void **state)
{
	(void)state;
	const struct result_message *a = &FULL_RESULT;
	CLEANUP(buf_release) struct buf body = {0};
	struct result_message b;
	struct error err;
	result_message_pack(a, &body);
	assert_int_equal(result_message_unpack(body.data, body.length, arena, &b, &err), 0);
	assert_string_equal(a->job_id, b.job_id);
	assert_int_equal(a->kind, b.kind);
	assert_int_equal(a->attempt, b.attempt);
	assert_string_equal(a->worker, b.worker);
	assert_int_equal(a->code, b.code);
	assert_int_equal(a->retryable, b.retryable);
	assert_string_equal(a->message, b.message);
	assert_string_equal(a->cause, b.cause);
	assert_int_equal(a->size, b.size);
	assert_string_equal(a->sha256, b.sha256);
	assert_int_equal(a->inline_length, b.inline_length);
	assert_memory_equal(a->inline_bytes, b.inline_bytes, 6);
	assert_string_equal(a->url, b.url);
	assert_string_equal(a->upload_id, b.upload_id);
	assert_string_equal(a->path, b.path);
	assert_string_equal(a->file_id, b.file_id);
	assert_int_equal(a->modified_unix_ms, b.modified_unix_ms);
	assert_string_equal(a->holder, b.holder);
	assert_string_equal(a->site, b.site);
	assert_int_equal(a->elapsed_ms, b.elapsed_ms);
}

static void what_is_not_set_comes_back_unset(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf body = {0};
	struct job_message job;
	struct error err;
	job_message_pack(&SMALL_JOB, &body);
	assert_int_equal(job_message_unpack(body.data, body.length, arena, &job, &err), 0);
	assert_null(job.request_id);
	assert_null(job.sha256);
	assert_null(job.store.s3_url);
	assert_null(job.source.inline_bytes);
	assert_null(job.source.url);
	assert_null(job.to.bucket);
	assert_int_equal(job.size, -1);
	assert_int_equal(job.range_last, -1);
}

static void a_delivery_needs_no_store_but_a_target(void **state)
{
	(void)state;
	struct job_message job = {.id = "1",
				   .kind = JOB_DELIVER,
				   .class = JOB_BACKGROUND,
				   .attempt = 1,
				   .size = -1,
				   .range_last = -1,
				   .source = {.inline_bytes = "{}", .inline_length = 2},
				   .webhook = FULL_JOB.webhook},
			   back;
	CLEANUP(buf_release) struct buf body = {0}, without = {0};
	struct error err;
	job_message_pack(&job, &body);
	assert_int_equal(job_message_unpack(body.data, body.length, arena, &back, &err), 0);
	assert_null(back.store.bucket);
	assert_string_equal(back.webhook.url, "https://t/");
	assert_string_equal(back.webhook.message_id, "m-1");
	assert_string_equal(back.webhook.seal_id, "i-1");
	assert_string_equal(back.webhook.secret_sealed, "v1.z");
	assert_string_equal(back.webhook.old_secret_sealed, "v1.o");
	job.webhook.secret_sealed = NULL;
	job_message_pack(&job, &without);
	assert_int_equal(job_message_unpack(without.data, without.length, arena, &back, &err), -1);
	assert_string_equal(err.message, "job: webhook.secret_sealed: missing");
}

static void empty_inline_bytes_are_not_missing(void **state)
{
	(void)state;
	struct job_message job = SMALL_JOB, back;
	CLEANUP(buf_release) struct buf body = {0};
	struct error err;
	job.kind = JOB_PUT;
	job.source.inline_bytes = "";
	job_message_pack(&job, &body);
	assert_int_equal(job_message_unpack(body.data, body.length, arena, &back, &err), 0);
	assert_non_null(back.source.inline_bytes);
	assert_int_equal(back.source.inline_length, 0);
}

static void inline_bytes_are_lent_by_the_message(void **state)
{
	(void)state;
	struct result_message result = FULL_RESULT, back;
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(cleanup_free) char *bytes = calloc(1, 300000);
	struct error err;
	result.inline_bytes = bytes;
	result.inline_length = 300000;
	result_message_pack(&result, &body);
	assert_int_equal(result_message_unpack(body.data, body.length, arena, &back, &err), 0);
	assert_int_equal(back.inline_length, 300000);
	assert_in_range((uintptr_t)back.inline_bytes, (uintptr_t)body.data,
		(uintptr_t)body.data + body.length - 300000);
}

static void every_name_comes_back(void **state)
{
	(void)state;
	for (int type = 0; type < STORE_TYPE_COUNT; type++)
		assert_int_equal(store_type_from_name(store_type_name(type)), type);
	assert_int_equal(store_type_from_name("TapeStore"), -1);
	assert_int_equal(store_type_from_name(""), -1);
	for (int code = 0; code < ERROR_CODE_COUNT; code++) {
		struct result_message result = {.job_id = "1", .code = code}, back;
		CLEANUP(buf_release) struct buf body = {0};
		struct error err;
		result_message_pack(&result, &body);
		assert_int_equal(result_message_unpack(body.data, body.length, arena, &back, &err), 0);
		assert_int_equal(back.code, code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_job_comes_back),
		cmocka_unit_test(every_field_of_a_result_comes_back),
		cmocka_unit_test(what_is_not_set_comes_back_unset),
		cmocka_unit_test(a_delivery_needs_no_store_but_a_target),
		cmocka_unit_test(empty_inline_bytes_are_not_missing),
		cmocka_unit_test(inline_bytes_are_lent_by_the_message),
		cmocka_unit_test(every_name_comes_back),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
