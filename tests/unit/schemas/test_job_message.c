/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/embedded.h"
#include "schemas/job_message.h"

#include <cjson/cJSON.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded_file schema_files[];

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_create();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* Every field set, to a value of its own. */
static const struct job_message FULL_JOB = {
	.id = "7f1a",
	.kind = JOB_COPY,
	.class = JOB_BACKGROUND,
	.attempt = 3,
	.request_id = "r-1",
	.pid = "Z\xc3\xbcrich/1",
	.deadline_unix_ms = INT64_C(1767323045678),
	.store = {.pk = 1,
		.type = STORE_BUCKET,
		.bucket = "b1",
		.site = "s1",
		.s3_url = "http://s3",
		.s3_region = "eu",
		.s3_access_key = "ak",
		.s3_secret_sealed = "v1.x"},
	.key = "a/b",
	.size = INT64_C(5) << 40,
	.sha256 = "ab12",
	.content_type = "image/tiff",
	.source = {.inline_bytes = "in\0line",
		.inline_length = 7,
		.path = "/spool/1",
		.compared = "boot/17-4-1.000000005",
		.blocks = "s\0m",
		.blocks_length = 3,
		.url = "http://g/internal/bytes/t",
		.fetch = "https://data.example.org/x"},
	.range_first = 10,
	.range_last = 20,
	.inline_max = 262144,
	.to = {.pk = 2,
		.type = STORE_BUCKET,
		.bucket = "b2",
		.site = "s2",
		.s3_url = "http://s4",
		.s3_region = "us",
		.s3_access_key = "ak2",
		.s3_secret_sealed = "v1.y"},
	.page = {.after = "a/a", .limit = 7, .hash = true, .bytes_per_second = 8, .objects_per_second = 9},
	.multipart = {.step = STEP_ABORT, .upload_id = "u~1"},
	.to_key = "c/d",
	.webhook = {.url = "https://t/",
		.message_id = "m-1",
		.seal_id = "i-1",
		.secret_sealed = "v1.z",
		.old_secret_sealed = "v1.o"},
};
static const struct job_message SMALL_JOB = {
	.id = "1",
	.kind = JOB_STAT,
	.class = JOB_QUICK,
	.attempt = 1,
	.store = {.type = STORE_FILESYSTEM, .bucket = "b", .site = "default"},
	.key = "k",
	.size = -1,
	.range_last = -1,
};
static const struct result_message FULL_RESULT = {
	.job_id = "7f1a",
	.kind = JOB_GET,
	.attempt = 2,
	.worker = "w-1",
	.code = ERROR_SOURCE_FAILED,
	.retryable = true,
	.message = "the source failed",
	.cause = "connect: refused",
	.size = 12,
	.sha256 = "cd34",
	.inline_bytes = "by\0tes",
	.inline_length = 6,
	.next = "a/z",
	.upload_id = "u~1",
	.url = "http://w/internal/bytes/t",
	.path = "bucket/key",
	.file_id = "1-2-3",
	.modified_unix_ms = -5,
	.holder = "h-1",
	.site = "s-1",
	.status = 503,
	.answer = "no room",
	.elapsed_ms = 42,
};

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

/* --- messages with a field changed by hand */

static int write_to_buf(void *out, const char *bytes, size_t length)
{
	buf_append(out, bytes, length);
	return 0;
}

static bool is_named(const msgpack_object *key, const char *name)
{
	return name && key->via.str.size == strlen(name) &&
	       memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

static void write_replaced(msgpack_packer *packer, const msgpack_object *map, const char *group,
	const char *name, const char *raw, size_t raw_length)
{
	struct buf *out = packer->data;
	bool here = !group;
	size_t kept = 0;
	for (uint32_t i = 0; i < map->via.map.size; i++)
		kept += !(here && is_named(&map->via.map.ptr[i].key, name));
	msgpack_pack_map(packer, kept + (here && raw));
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		if (here && is_named(&pair->key, name))
			continue;
		msgpack_pack_object(packer, pair->key);
		if (is_named(&pair->key, group))
			write_replaced(packer, &pair->val, NULL, name, raw, raw_length);
		else
			msgpack_pack_object(packer, pair->val);
	}
	if (here && raw) {
		msgpack_pack_str(packer, strlen(name));
		msgpack_pack_str_body(packer, name, strlen(name));
		buf_append(out, raw, raw_length);
	}
}

/* The message with one field, at the top or in `group`, put to raw msgpack bytes (NULL: removed). */
static void replace_field(const struct buf *message, const char *group, const char *name, const char *raw,
	size_t raw_length, struct buf *out)
{
	msgpack_unpacked unpacked;
	msgpack_packer packer;
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, message->data, message->length, NULL), MSGPACK_UNPACK_SUCCESS);
	msgpack_packer_init(&packer, out, write_to_buf);
	write_replaced(&packer, &unpacked.data, group, name, raw, raw_length);
	msgpack_unpacked_destroy(&unpacked);
}

static void unpack_job_with(const struct job_message *job, const char *group, const char *name,
	const char *raw, size_t raw_length, int expected, struct job_message *out, struct error *err)
{
	CLEANUP(buf_release) struct buf body = {0}, changed = {0};
	job_message_pack(job, &body);
	replace_field(&body, group, name, raw, raw_length, &changed);
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
	replace_field(&body, NULL, name, raw, raw_length, &changed);
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

/* --- hostile bytes */

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

/* --- the JSON Schema of the same */

static cJSON *read_schema(const char *name)
{
	for (const struct embedded_file *file = schema_files; file->name; file++)
		if (strcmp(file->name, name) == 0)
			return cJSON_ParseWithLength((const char *)file->data, file->size);
	fail_msg("no schema %s", name);
	return NULL;
}

static const char *schema_type(const msgpack_object *value)
{
	switch (value->type) {
	case MSGPACK_OBJECT_MAP:
		return "object";
	case MSGPACK_OBJECT_BOOLEAN:
		return "boolean";
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return "integer";
	default:
		return "string";
	}
}

/* A message with every field set has exactly the properties of the schema, of its types. */
static void compare(const msgpack_object *map, const cJSON *schema)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	assert_int_equal(cJSON_GetArraySize(properties), map->via.map.size);
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		const char *name = arena_memdup(arena, pair->key.via.str.ptr, pair->key.via.str.size);
		const cJSON *property = cJSON_GetObjectItemCaseSensitive(properties, name);
		if (!property)
			fail_msg("%s is not in the schema", name);
		const char *other = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(property, "$ref"));
		cJSON *referred = other ? read_schema(arena_printf(arena, "amqp/%s", other)) : NULL;
		const cJSON *target = referred ? referred : property;
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(target, "type")),
			schema_type(&pair->val));
		assert_int_equal(
			cJSON_HasObjectItem(target, "contentEncoding"), pair->val.type == MSGPACK_OBJECT_BIN);
		if (pair->val.type == MSGPACK_OBJECT_MAP)
			compare(&pair->val, target);
		cJSON_Delete(referred);
	}
}

static void compare_message(const struct buf *body, const char *name)
{
	msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, body->data, body->length, NULL), MSGPACK_UNPACK_SUCCESS);
	cJSON *schema = read_schema(name);
	assert_non_null(schema);
	compare(&unpacked.data, schema);
	cJSON_Delete(schema);
	msgpack_unpacked_destroy(&unpacked);
}

static void the_schemas_describe_the_messages(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf job = {0}, result = {0};
	job_message_pack(&FULL_JOB, &job);
	compare_message(&job, "amqp/job.json");
	result_message_pack(&FULL_RESULT, &result);
	compare_message(&result, "amqp/result.json");
}

static void what_the_job_schema_requires_is_refused_when_missing(void **state)
{
	(void)state;
	cJSON *schema = read_schema("amqp/job.json");
	const cJSON *name;
	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(schema, "required")) {
		struct job_message job;
		struct error err;
		unpack_job_with(&SMALL_JOB, NULL, name->valuestring, NULL, 0, -1, &job, &err);
	}
	cJSON_Delete(schema);
}

static void the_schemas_list_the_names_that_are_known(void **state)
{
	(void)state;
	cJSON *schema = read_schema("amqp/job.json");
	const cJSON *kinds = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(schema, "properties"), "kind"), "enum");
	assert_int_equal(cJSON_GetArraySize(kinds), JOB_HOLD + 1);
	for (int kind = 0; kind <= JOB_HOLD; kind++)
		assert_string_equal(cJSON_GetArrayItem(kinds, kind)->valuestring, job_kind_name(kind));
	cJSON_Delete(schema);
	schema = read_schema("amqp/result.json");
	const char *known = cJSON_GetStringValue(cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(schema, "properties"), "code"), "description"));
	for (int code = 0; code < ERROR_CODE_COUNT; code++)
		assert_non_null(strstr(known, error_wire_name(code)));
	cJSON_Delete(schema);
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
		cmocka_unit_test(a_message_cut_at_any_byte_is_refused),
		cmocka_unit_test(headers_that_claim_gigabytes_are_refused),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(any_changed_byte_is_survived),
		cmocka_unit_test(the_schemas_describe_the_messages),
		cmocka_unit_test(what_the_job_schema_requires_is_refused_when_missing),
		cmocka_unit_test(the_schemas_list_the_names_that_are_known),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
