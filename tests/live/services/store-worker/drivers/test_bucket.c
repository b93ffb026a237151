/* SPDX-License-Identifier: MIT */
#include "support/store_bucket.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/sigv4.h"
#include "drivers/s3_request.h"
#include "store/multipart.h"
#include "store/store.h"

#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/store_conformance.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One bucket for the whole run, with a name of its own so that runs do not meet. */
static struct s3_server server;
static struct bucket_fixture fixture;
static char bucket[64];

static const char AWKWARD[] = "a b+c%2F%/ä日本//x/../y/./z ?#&=;:@$,!*'()\"<>[]{}|\\^`~";

static int put(const char *key, unsigned seed, int64_t size, int64_t announced, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, seed, size);
	source.base.size = announced;
	return store_put(fixture.store, key, &source.base, NULL, err);
}

static void assert_put(const char *key, unsigned seed, int64_t size, int64_t announced)
{
	struct error err;
	if (put(key, seed, size, announced, &err) != 0)
		fail_msg("put %s: %s (%s)", key, err.message, err.cause);
}

static size_t count_lines(const struct buf *text)
{
	size_t count = 0;
	for (size_t i = 0; i < text->length; i++)
		count += text->data[i] == '\n';
	return count;
}

static size_t count_uploads(void)
{
	CLEANUP(buf_release) struct buf out = {0};
	assert_int_equal(S3_TOOL(&out, "list-multiparts", bucket), 0);
	return count_lines(&out);
}

/* The suite asks after every put: too often to start a program each time. */
static int leftovers(struct store_fixture *unused)
{
	(void)unused;
	const struct s3_bucket direct = {.http = fixture.environment.http,
		.url = (char *)server.url,
		.name = bucket,
		.region = "us-east-1",
		.access_key = (char *)server.access_key,
		.secret_key = (char *)server.secret_key,
		.stall_timeout_ms = BUCKET_STALL_MS};
	const struct sigv4_pair query[] = {{"uploads", NULL}, {NULL, NULL}};
	const struct s3_request request = {.method = "GET", .query = query};
	CLEANUP(buf_release) struct buf body = {0};
	struct error err;
	assert_int_equal(s3_request_collect(&direct, &request, 1 << 20, &body, NULL, &err), 0);
	assert_non_null(strstr(body.data, "ListMultipartUploadsResult"));
	return strstr(body.data, "<Upload>") != NULL;
}

/* --- single and multipart */

static bool was_multipart(const char *key, int parts)
{
	CLEANUP(buf_release) struct buf out = {0};
	char suffix[16];
	assert_int_equal(S3_TOOL(&out, "head", bucket, key), 0);
	snprintf(suffix, sizeof(suffix), "-%d\"\n", parts);
	return strstr(out.data, suffix) != NULL;
}

static void objects_from_the_part_size_on_are_uploaded_in_parts(void **state)
{
	(void)state;
	static const struct {
		int64_t size;
		int parts; /* 0: none */
	} CASES[] = {{BUCKET_PART_SIZE - 1, 0}, {BUCKET_PART_SIZE, 1}, {BUCKET_PART_SIZE + 1, 2},
		{3 * BUCKET_PART_SIZE, 3}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		assert_put("parts", (unsigned)i, CASES[i].size, CASES[i].size);
		assert_object(fixture.store, "parts", (unsigned)i, CASES[i].size);
		assert_int_equal(was_multipart("parts", CASES[i].parts), CASES[i].parts > 0);
	}
	assert_int_equal(count_uploads(), 0);
}

static void objects_of_unknown_size_are_uploaded_in_parts_when_they_turn_out_larger_than_one(void **state)
{
	(void)state;
	static const struct {
		int64_t size;
		int parts;
	} CASES[] = {{0, 0}, {BUCKET_PART_SIZE - 1, 0}, {BUCKET_PART_SIZE, 0}, {BUCKET_PART_SIZE + 1, 2},
		{2 * BUCKET_PART_SIZE, 2}, {2 * BUCKET_PART_SIZE + 1, 3}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		assert_put("unknown", (unsigned)i, CASES[i].size, -1);
		assert_object(fixture.store, "unknown", (unsigned)i, CASES[i].size);
		assert_int_equal(was_multipart("unknown", CASES[i].parts), CASES[i].parts > 0);
	}
	assert_int_equal(count_uploads(), 0);
}

/* A file of pattern bytes. */
static int put_file(const char *key, unsigned seed, int64_t size, const char *expected, struct error *err)
{
	char tree[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
	struct file_source file;
	struct hashing_source hashing;
	scratch_make(tree);
	snprintf(path, sizeof(path), "%s/file", tree);
	CLEANUP(cleanup_free) char *bytes = memory_alloc((size_t)size);
	for (int64_t i = 0; i < size; i++)
		bytes[i] = (char)pattern_byte(seed, i);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, bytes, (size_t)size), size);
	close(fd);
	assert_int_equal(file_source_open(&file, path, err), 0);
	hashing_source_init(&hashing, &file.base, expected, 0);
	int result = store_put(fixture.store, key, &hashing.base, NULL, err);
	if (result == 0 && !expected)
		assert_int_equal(hashing.count, size);
	hashing_source_release(&hashing);
	file_source_release(&file);
	scratch_remove(tree);
	return result;
}

static void a_file_is_uploaded_in_parts_from_where_it_is(void **state)
{
	(void)state;
	static const struct {
		int64_t size;
		int parts;
	} CASES[] = {{BUCKET_PART_SIZE - 1, 0}, {BUCKET_PART_SIZE, 1}, {BUCKET_PART_SIZE + 1, 2},
		{4 * BUCKET_PART_SIZE, 4}, {4 * BUCKET_PART_SIZE + 1, 5}};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct error err;
		assert_int_equal(put_file("file", (unsigned)i, CASES[i].size, NULL, &err), 0);
		assert_object(fixture.store, "file", (unsigned)i, CASES[i].size);
		assert_int_equal(was_multipart("file", CASES[i].parts), CASES[i].parts > 0);
	}
	assert_int_equal(count_uploads(), 0);
}

static void a_file_of_other_bytes_than_expected_leaves_neither_key_nor_upload(void **state)
{
	(void)state;
	struct error err;
	static const char OTHER[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	assert_int_equal(put_file("other", 1, 3 * BUCKET_PART_SIZE, OTHER, &err), -1);
	assert_int_equal(err.code, ERROR_CHECKSUM);
	assert_no_object(fixture.store, "other");
	assert_int_equal(count_uploads(), 0);
}

static void a_source_that_fails_in_a_later_part_leaves_neither_key_nor_upload(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {3 * BUCKET_PART_SIZE, -1};
	for (size_t i = 0; i < 2; i++) {
		struct error err;
		struct pattern_source source;
		pattern_source_init(&source, 1, 3 * BUCKET_PART_SIZE);
		source.base.size = SIZES[i];
		source.fail_at = 2 * BUCKET_PART_SIZE + 17;
		assert_int_equal(store_put(fixture.store, "failing", &source.base, NULL, &err), -1);
		assert_int_equal(err.code, ERROR_SOURCE_FAILED);
		assert_no_object(fixture.store, "failing");
		assert_int_equal(count_uploads(), 0);
	}
}

static void uploads_of_others_are_left_to_them_until_their_key_is_given_up(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(S3_TOOL(NULL, "begin-multipart", bucket, "shared"), 0);
	assert_int_equal(S3_TOOL(NULL, "begin-multipart", bucket, "shared"), 0);
	assert_int_equal(S3_TOOL(NULL, "begin-multipart", bucket, "shared too"), 0);
	assert_put("shared", 2, BUCKET_PART_SIZE, BUCKET_PART_SIZE);
	assert_int_equal(count_uploads(), 3);
	assert_int_equal(store_multipart_abort(fixture.store, "shared", NULL, &err), 0);
	assert_int_equal(count_uploads(), 1);
	assert_int_equal(store_multipart_abort(fixture.store, "shared too", NULL, &err), 0);
	assert_int_equal(store_multipart_abort(fixture.store, "shared too", NULL, &err), 0);
	assert_int_equal(count_uploads(), 0);
	assert_object(fixture.store, "shared", 2, BUCKET_PART_SIZE);
}

static void the_content_type_is_the_objects(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {10, BUCKET_PART_SIZE};
	for (size_t i = 0; i < 2; i++) {
		struct error err;
		struct pattern_source source;
		CLEANUP(buf_release) struct buf out = {0};
		pattern_source_init(&source, 3, SIZES[i]);
		assert_int_equal(store_put(fixture.store, "typed", &source.base,
					 "text/x-test; charset=\"utf-8\"", &err),
			0);
		assert_int_equal(S3_TOOL(&out, "head", bucket, "typed"), 0);
		assert_non_null(strstr(out.data, "content-type: text/x-test; charset=\"utf-8\"\n"));
	}
}

static void a_content_type_that_breaks_lines_is_refused(void **state)
{
	(void)state;
	static const char *const TYPES[] = {"", "text/plain\r\nX-Evil: 1", "text/plain ", "täxt"};
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(*TYPES); i++) {
		struct error err;
		struct pattern_source source;
		pattern_source_init(&source, 4, 10);
		assert_int_equal(store_put(fixture.store, "evil", &source.base, TYPES[i], &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
	assert_no_object(fixture.store, "evil");
}

static void awkward_keys_are_the_same_for_another_client(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf bytes = {0}, names = {0};
	assert_put(AWKWARD, 5, 100, 100);
	assert_int_equal(S3_TOOL(&bytes, "get", bucket, AWKWARD), 0);
	assert_int_equal(bytes.length, 100);
	assert_int_equal((unsigned char)bytes.data[99], pattern_byte(5, 99));
	assert_int_equal(S3_TOOL(&names, "list", bucket, "a b+"), 0);
	assert_non_null(strstr(names.data, AWKWARD));
}

static int find_awkward(void *context, const char *key, const struct object_info *info)
{
	if (strcmp(key, AWKWARD) == 0 && info->size == 100)
		*(int64_t *)context = info->modified_unix_ms;
	return 0;
}

static void awkward_keys_are_listed_as_they_are(void **state)
{
	(void)state;
	struct error err;
	int64_t modified = 0;
	assert_put(AWKWARD, 5, 100, 100);
	assert_int_equal(store_list(fixture.store, "a b+c%2F%/ä", find_awkward, &modified, &err), 0);
	assert_in_range(modified, clock_unix_ms() - 60000, clock_unix_ms() + 60000);
}

static int count_visit(void *context, const char *key, const struct object_info *info)
{
	(void)key;
	(void)info;
	return ++*(int *)context == 1010 ? 7 : 0;
}

static void listings_go_on_after_the_first_thousand_until_the_visitor_has_enough(void **state)
{
	(void)state;
	struct error err;
	char key[32];
	int count = 0, fewer = 0;
	for (int i = 0; i < 1020; i++) {
		snprintf(key, sizeof(key), "%s/%04d", i < 1015 ? "many" : "manz", i);
		assert_put(key, 6, 0, 0);
	}
	assert_int_equal(store_list(fixture.store, "many/", count_visit, &count, &err), 7);
	assert_int_equal(count, 1010);
	assert_int_equal(store_list(fixture.store, "manz/", count_visit, &fewer, &err), 0);
	assert_int_equal(fewer, 5);
}

/* --- faults of configuration: never the absence of the object */

static void assert_every_verb_fails_with(struct store *store, const char *text)
{
	struct error errs[5];
	struct object_info info;
	struct pattern_source source;
	struct pattern_sink sink;
	int count = 0;
	pattern_source_init(&source, 1, 10);
	pattern_sink_init(&sink, 1, 0);
	assert_int_equal(store_put(store, "k", &source.base, NULL, &errs[0]), -1);
	assert_int_equal(store_get(store, "k", 0, -1, &sink.base, &errs[1]), -1);
	assert_int_equal(store_stat(store, "k", &info, &errs[2]), -1);
	assert_int_equal(store_remove(store, "k", &errs[3]), -1);
	assert_int_equal(store_list(store, "", count_visit, &count, &errs[4]), -1);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(errs[i].code, ERROR_UNAVAILABLE);
		if (!strstr(errs[i].message, text))
			fail_msg("verb %d: %s (%s)", i, errs[i].message, errs[i].cause);
		assert_null(strstr(errs[i].message, server.secret_key));
		assert_null(strstr(errs[i].cause, server.secret_key));
	}
}

static void assert_misconfigured(const struct s3_server *wrong, const char *name, const char *text)
{
	struct bucket_fixture other;
	bucket_fixture_open(&other, wrong, name, 2000);
	assert_every_verb_fails_with(other.store, text);
	bucket_fixture_close(&other);
}

/* The same bucket, as a host: what one way of addressing has put, the other finds. */
static void a_bucket_can_be_addressed_by_its_host(void **state)
{
	(void)state;
	static char url[80];
	struct s3_server by_host = server;
	struct bucket_fixture other;
	struct error err;
	struct object_info info;
	snprintf(url, sizeof(url), "http://{bucket}.localhost%s", strrchr(server.url, ':'));
	by_host.url = url;
	bucket_fixture_open(&other, &by_host, bucket, BUCKET_STALL_MS);
	for (int i = 0; i < 2; i++) {
		int64_t size = i ? 12 << 20 : 100; /* in parts, whole */
		struct pattern_source source;
		pattern_source_init(&source, 7, size);
		if (store_put(other.store, AWKWARD, &source.base, NULL, &err) != 0)
			fail_msg("%s (%s)", err.message, err.cause);
		assert_object(fixture.store, AWKWARD, 7, size);
		assert_object(other.store, AWKWARD, 7, size);
	}
	assert_int_equal(store_remove(other.store, AWKWARD, &err), 0);
	assert_int_equal(store_stat(fixture.store, AWKWARD, &info, &err), -1);
	assert_int_equal(store_stat(other.store, AWKWARD, &info, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	bucket_fixture_close(&other);
}

static void a_missing_bucket_is_named_and_is_not_a_missing_object(void **state)
{
	(void)state;
	assert_misconfigured(&server, "no-such-bucket", "bucket no-such-bucket does not exist");
}

static void a_wrong_secret_is_a_fault_of_the_store(void **state)
{
	(void)state;
	struct s3_server wrong = server;
	wrong.secret_key = "wrong";
	assert_misconfigured(&wrong, bucket, bucket);
}

static void an_unknown_access_key_is_a_fault_of_the_store(void **state)
{
	(void)state;
	struct s3_server wrong = server;
	wrong.access_key = "NOBODY";
	assert_misconfigured(&wrong, bucket, bucket);
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
	(void)state;
	struct s3_server wrong = server;
	wrong.url = "http://127.0.0.1:1";
	assert_misconfigured(&wrong, bucket, bucket);
}

static void the_reason_of_a_refused_secret_is_in_the_message(void **state)
{
	(void)state;
	struct bucket_fixture other;
	struct s3_server wrong = server;
	struct pattern_sink sink;
	struct error err;
	wrong.secret_key = "wrong";
	pattern_sink_init(&sink, 1, 0);
	bucket_fixture_open(&other, &wrong, bucket, 2000);
	assert_int_equal(store_get(other.store, "k", 0, -1, &sink.base, &err), -1);
	assert_non_null(strstr(err.message, "refuses the secret key"));
	bucket_fixture_close(&other);
}

/* --- presigned URLs */

static void presign(const char *method, const char *key, int expires_s, int64_t now_unix_ms, struct buf *url)
{
	const struct sigv4_credentials credentials = {server.access_key, server.secret_key, "us-east-1"};
	const struct sigv4_request request = {.method = method,
		.endpoint = server.url,
		.bucket = bucket,
		.key = key,
		.now_unix_ms = now_unix_ms};
	sigv4_presign(&credentials, &request, expires_s, url);
}

static int run(const char *method, const char *url, const char *body, struct buf *out)
{
	struct error err;
	CLEANUP(http_reply_cleanup) struct http_reply *reply = NULL;
	const struct http_call call = {
		.method = method, .url = url, .body = body, .body_length = body ? (int64_t)strlen(body) : 0};
	if (http_client_run(fixture.environment.http, &call, &reply, &err) != 0)
		fail_msg("%s: %s (%s)", method, err.message, err.cause);
	if (out)
		buf_append(out, http_reply_body(reply), http_reply_body_length(reply));
	return http_reply_status(reply);
}

static void anybody_may_put_and_get_with_presigned_urls(void **state)
{
	(void)state;
	static const char *const KEYS[] = {"presigned", AWKWARD, "/leading", "trailing/"};
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(*KEYS); i++) {
		CLEANUP(buf_release) struct buf up = {0}, down = {0}, got = {0};
		presign("PUT", KEYS[i], 60, clock_unix_ms(), &up);
		presign("GET", KEYS[i], 60, clock_unix_ms(), &down);
		assert_int_equal(run("PUT", up.data, "presigned bytes", NULL), 200);
		assert_int_equal(run("GET", down.data, NULL, &got), 200);
		assert_string_equal(got.data, "presigned bytes");
	}
}

static void a_presigned_url_is_the_one_that_another_signer_makes(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf ours = {0}, theirs = {0}, got = {0};
	assert_put(AWKWARD, 5, 100, 100);
	assert_int_equal(S3_TOOL(&theirs, "presign", "GET", bucket, AWKWARD, "600"), 0);
	theirs.data[strcspn(theirs.data, "\n")] = '\0';
	const char *stamp = strstr(theirs.data, "X-Amz-Date=") + 11;
	struct tm parts = {0};
	assert_non_null(strptime(stamp, "%Y%m%dT%H%M%SZ", &parts));
	presign("GET", AWKWARD, 600, (int64_t)timegm(&parts) * 1000, &ours);
	assert_string_equal(ours.data, theirs.data);
	assert_int_equal(run("GET", ours.data, NULL, &got), 200);
}

static void an_expired_presigned_url_is_refused(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf url = {0};
	assert_put("expired", 7, 10, 10);
	presign("GET", "expired", 10, clock_unix_ms() - 60000, &url);
	assert_int_equal(run("GET", url.data, NULL, NULL), 403);
}

static void a_presigned_url_serves_no_other_key_and_no_other_method(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf url = {0};
	presign("GET", "keyA", 60, clock_unix_ms(), &url);
	assert_int_equal(run("PUT", url.data, "x", NULL), 403);
	*strstr(url.data, "keyA") = 'K';
	assert_int_equal(run("GET", url.data, NULL, NULL), 403);
}

/* --- threads */

struct worker {
	pthread_t thread;
	int number;
	char problem[256];
};

static void *put_and_get_own_key(void *context)
{
	struct worker *worker = context;
	for (int i = 0; i < 4 && !worker->problem[0]; i++) {
		struct error err;
		struct pattern_source source;
		struct pattern_sink sink;
		char key[32];
		/* every fourth in parts */
		int64_t size = i == 3 ? BUCKET_PART_SIZE + worker->number : 30000 + worker->number;
		snprintf(key, sizeof(key), "thread/%d", worker->number);
		pattern_source_init(&source, (unsigned)worker->number, size);
		pattern_sink_init(&sink, (unsigned)worker->number, 0);
		if (store_put(fixture.store, key, &source.base, NULL, &err) != 0 ||
			store_get(fixture.store, key, 0, -1, &sink.base, &err) != 0)
			snprintf(worker->problem, sizeof(worker->problem), "%s", err.message);
		else if (sink.wrong || sink.count != size)
			snprintf(worker->problem, sizeof(worker->problem), "other bytes");
	}
	return NULL;
}

static void many_threads_use_one_store(void **state)
{
	(void)state;
	enum { COUNT = 8 };
	struct worker workers[COUNT];
	for (int i = 0; i < COUNT; i++) {
		workers[i] = (struct worker){.number = i};
		assert_int_equal(
			pthread_create(&workers[i].thread, NULL, put_and_get_own_key, &workers[i]), 0);
	}
	for (int i = 0; i < COUNT; i++)
		pthread_join(workers[i].thread, NULL);
	for (int i = 0; i < COUNT; i++)
		assert_string_equal(workers[i].problem, "");
	assert_int_equal(count_uploads(), 0);
}

/* --- opening */

static void a_descriptor_that_cannot_work_is_refused(void **state)
{
	(void)state;
	static const struct store_descriptor CASES[] = {
		{.bucket = NULL, .s3_url = "http://h", .s3_access_key = "a"},
		{.bucket = "", .s3_url = "http://h", .s3_access_key = "a"},
		{.bucket = "a/b", .s3_url = "http://h", .s3_access_key = "a"},
		{.bucket = "..", .s3_url = "http://h", .s3_access_key = "a"},
		{.bucket = "b\r\nX: 1", .s3_url = "http://h", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = NULL, .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "file:///etc", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http://", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http:///path", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http://h/path", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http://u:p@h", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http://h?x", .s3_access_key = "a"},
		{.bucket = "b", .s3_url = "http://h", .s3_access_key = NULL},
		{.bucket = "b", .s3_url = "http://h", .s3_access_key = "a\nb"},
		{.bucket = "b", .s3_url = "http://h", .s3_access_key = "a", .s3_region = "a b"},
		{.bucket = "a@b", .s3_url = "http://{bucket}.h", .s3_access_key = "a"},
	};
	struct bucket_fixture other = {0};
	struct error err;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		if (bucket_fixture_try(&other, &CASES[i], "secret", &err) == 0)
			fail_msg("descriptor %zu was taken", i);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void a_secret_sealed_for_another_server_is_refused(void **state)
{
	(void)state;
	struct bucket_fixture other = {.environment = fixture.environment};
	const struct store_descriptor descriptor = {.bucket = "b",
		.s3_url = "http://h",
		.s3_access_key = "a",
		.s3_secret_sealed = "v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct error err;
	assert_int_equal(bucket_fixture_try(&other, &descriptor, NULL, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
}

int main(void)
{
	static const int64_t EDGES[] = {BUCKET_PART_SIZE, 0};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_from_the_part_size_on_are_uploaded_in_parts),
		cmocka_unit_test(
			objects_of_unknown_size_are_uploaded_in_parts_when_they_turn_out_larger_than_one),
		cmocka_unit_test(a_file_is_uploaded_in_parts_from_where_it_is),
		cmocka_unit_test(a_file_of_other_bytes_than_expected_leaves_neither_key_nor_upload),
		cmocka_unit_test(a_source_that_fails_in_a_later_part_leaves_neither_key_nor_upload),
		cmocka_unit_test(uploads_of_others_are_left_to_them_until_their_key_is_given_up),
		cmocka_unit_test(the_content_type_is_the_objects),
		cmocka_unit_test(a_content_type_that_breaks_lines_is_refused),
		cmocka_unit_test(awkward_keys_are_the_same_for_another_client),
		cmocka_unit_test(awkward_keys_are_listed_as_they_are),
		cmocka_unit_test(listings_go_on_after_the_first_thousand_until_the_visitor_has_enough),
		cmocka_unit_test(a_bucket_can_be_addressed_by_its_host),
		cmocka_unit_test(a_missing_bucket_is_named_and_is_not_a_missing_object),
		cmocka_unit_test(a_wrong_secret_is_a_fault_of_the_store),
		cmocka_unit_test(an_unknown_access_key_is_a_fault_of_the_store),
		cmocka_unit_test(a_server_that_is_not_there_is_unavailable),
		cmocka_unit_test(the_reason_of_a_refused_secret_is_in_the_message),
		cmocka_unit_test(anybody_may_put_and_get_with_presigned_urls),
		cmocka_unit_test(a_presigned_url_is_the_one_that_another_signer_makes),
		cmocka_unit_test(an_expired_presigned_url_is_refused),
		cmocka_unit_test(a_presigned_url_serves_no_other_key_and_no_other_method),
		cmocka_unit_test(many_threads_use_one_store),
		cmocka_unit_test(a_descriptor_that_cannot_work_is_refused),
		cmocka_unit_test(a_secret_sealed_for_another_server_is_refused),
	};
	char suffix[17];
	random_hex(suffix, 8);
	snprintf(bucket, sizeof(bucket), "test-%s", suffix);
	server = s3_server_from_env();
	bucket_fixture_open(&fixture, &server, bucket, BUCKET_STALL_MS);
	if (S3_TOOL(NULL, "make-bucket", bucket) != 0)
		return 1;
	struct store_fixture conformance = {.name = "bucket",
		.store = fixture.store,
		.leftovers = leftovers,
		.edges = EDGES,
		.rounds = 5};
	int failures = store_conformance_run(&conformance);
	const char *many = getenv("TEST_S3_KEYS");
	/* more than two pages of a listing; the suite's 10,000 take longer than all the rest */
	conformance.many = many ? atoi(many) : 2500;
	failures += store_conformance_run_many(&conformance);
	failures += cmocka_run_group_tests(tests, NULL, NULL);
	bucket_fixture_close(&fixture);
	return failures;
}
