/* SPDX-License-Identifier: MIT */
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_stream.h"
#include "common/memory.h"
#include "store/multipart.h"
#include "store/store.h"

#include "support/cmocka.h"
#include "support/store_bucket.h"
#include "support/store_conformance.h"
#include "support/store_fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the driver meets a server that fails: every test is a script of answers and what must come of it. */

enum { STALL_MS = 700 };

#define ERROR_BODY(code)                                                                                     \
	"<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>scripted</Message></Error>"

static const struct s3_server NOBODY = {"", "access", "topsecret", NULL};

static struct fake_http *fake;
static struct bucket_fixture fixture;
static struct error err;

static void begin(const struct fake_step *steps, size_t count)
{
	struct s3_server server = NOBODY;
	fake = fake_http_start(steps, count);
	server.url = fake_http_url(fake);
	bucket_fixture_open(&fixture, &server, "bucket", STALL_MS);
	err = (struct error){0};
}

#define BEGIN(...)                                                                                           \
	const struct fake_step steps[] = {__VA_ARGS__};                                                      \
	begin(steps, sizeof(steps) / sizeof(*steps))

static int end(void **state)
{
	(void)state;
	bucket_fixture_close(&fixture);
	fake_http_stop(fake);
	return 0;
}

static void assert_requests(const char *const *expected)
{
	size_t count = 0;
	for (; expected[count]; count++) {
		const char *request = fake_http_request(fake, count);
		if (strncmp(request, expected[count], strlen(expected[count])) != 0)
			fail_msg("request %zu: %.100s instead of %s", count, request, expected[count]);
	}
	assert_int_equal(fake_http_count(fake), count);
}
#define ASSERT_REQUESTS(...) assert_requests((const char *const[]){__VA_ARGS__, NULL})

static int put(int64_t size)
{
	struct pattern_source source;
	pattern_source_init(&source, 1, size);
	return store_put(fixture.store, "key", &source.base, NULL, &err);
}

static bool takes_streams; /* the sink of get() does */
static int streams;

static int take_stream(struct sink *sink, struct http_stream *stream, struct error *err_)
{
	char piece[10000];
	streams++;
	while (stream->left > 0) {
		ssize_t got = http_stream_read(stream, piece, sizeof(piece), err_);
		if (got < 0 || sink->write(sink, piece, (size_t)got, err_) != 0)
			return -1;
	}
	return 0;
}

/* Gets the object, which must be (a beginning of) the pattern, and returns how many bytes came; *result is
 * that of store_get(). */
static int64_t get(int64_t first, int64_t last, int *result)
{
	struct pattern_sink sink;
	pattern_sink_init(&sink, 1, first);
	sink.base.move = takes_streams ? take_stream : NULL;
	*result = store_get(fixture.store, "key", first, last, &sink.base, &err);
	assert_int_equal(sink.wrong, 0);
	return sink.count;
}

static char *pattern(int64_t first, int64_t length)
{
	char *bytes = memory_alloc((size_t)length);
	for (int64_t i = 0; i < length; i++)
		bytes[i] = (char)pattern_byte(1, first + i);
	return bytes;
}

/* --- attempts */

static void a_put_that_meets_a_server_error_is_sent_again(void **state)
{
	(void)state;
	BEGIN({.status = 500}, {.status = 503, .body = ERROR_BODY("SlowDown")}, {.status = 200});
	assert_int_equal(put(10), 0);
	ASSERT_REQUESTS("PUT /bucket/key ", "PUT /bucket/key ", "PUT /bucket/key ");
}

static void a_put_whose_answer_is_lost_is_sent_again(void **state)
{
	(void)state;
	BEGIN({.fault = FAKE_MUTE}, {.status = 200});
	assert_int_equal(put(10), 0);
	ASSERT_REQUESTS("PUT /bucket/key ", "PUT /bucket/key ");
}

static void too_many_requests_is_waited_for(void **state)
{
	(void)state;
	BEGIN({.status = 429}, {.status = 204});
	assert_int_equal(store_remove(fixture.store, "key", &err), 0);
	ASSERT_REQUESTS("DELETE /bucket/key ", "DELETE /bucket/key ");
}

static void attempts_come_to_an_end(void **state)
{
	(void)state;
	BEGIN({.status = 503});
	int64_t begun = clock_monotonic_ms();
	assert_int_equal(store_remove(fixture.store, "key", &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_in_range(fake_http_count(fake), 2, 5);
	assert_in_range(clock_monotonic_ms() - begun, 0, STALL_MS + 1000);
}

static void a_refusal_is_not_repeated(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
		enum error_code code;
	} CASES[] = {
		{400, ERROR_BODY("InvalidRequest"), ERROR_INTERNAL},
		{401, "", ERROR_UNAVAILABLE},
		{403, ERROR_BODY("AccessDenied"), ERROR_UNAVAILABLE},
		{403, ERROR_BODY("SignatureDoesNotMatch"), ERROR_UNAVAILABLE},
		{403, ERROR_BODY("QuotaExceeded"), ERROR_FULL},
		{404, ERROR_BODY("NoSuchBucket"), ERROR_UNAVAILABLE},
		{404, "<html>no S3 here</html>", ERROR_UNAVAILABLE},
		{301, ERROR_BODY("PermanentRedirect"), ERROR_UNAVAILABLE},
		{400, ERROR_BODY("KeyTooLongError"), ERROR_INVALID},
		{400, ERROR_BODY("EntityTooLarge"), ERROR_TOO_LARGE},
		{501, ERROR_BODY("NotImplemented"), ERROR_UNSUPPORTED},
		{507, "", ERROR_FULL},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		BEGIN({.status = CASES[i].status, .body = CASES[i].body});
		assert_int_equal(put(10), -1);
		if (err.code != CASES[i].code)
			fail_msg("case %zu: %s (%s)", i, err.message, err.cause);
		ASSERT_REQUESTS("PUT /bucket/key ");
		if (i + 1 < sizeof(CASES) / sizeof(*CASES))
			end(NULL);
	}
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
	(void)state;
	BEGIN({.status = 200, .headers = "ETag: \"v1\"\r\n", .body = "x", .fault = FAKE_STALL});
	int result;
	int64_t begun = clock_monotonic_ms();
	assert_int_equal(get(0, -1, &result), 0);
	assert_int_equal(result, -1);
	assert_true(err.code == ERROR_DEADLINE || err.code == ERROR_UNAVAILABLE);
	assert_in_range(clock_monotonic_ms() - begun, STALL_MS, 6 * STALL_MS);
}

/* --- put */

#define BEGUN                                                                                                \
	{                                                                                                    \
		.status = 200, .body = "<InitiateMultipartUploadResult><UploadId>u/1</UploadId>"             \
				       "</InitiateMultipartUploadResult>"                                    \
	}
#define PART_TAKEN                                                                                           \
	{                                                                                                    \
		.status = 200, .headers = "ETag: \"e\"\r\n"                                                  \
	}
#define COMPLETED                                                                                            \
	{                                                                                                    \
		.status = 200,                                                                               \
		.body = "<CompleteMultipartUploadResult><ETag/></CompleteMultipartUploadResult>"             \
	}
#define OURS                                                                                                 \
	{                                                                                                    \
		.status = 200, .announced = BUCKET_PART_SIZE,                                                \
		.headers = "x-amz-meta-mediastore-put: {mark}\r\n"                                           \
	}
#define LIST_REQUEST     "GET /bucket?encoding-type=url&prefix=key&uploads= "
#define BEGIN_REQUEST    "POST /bucket/key?uploads= "
#define PART_REQUEST     "PUT /bucket/key?partNumber=1&uploadId=u%2F1 "
#define COMPLETE_REQUEST "POST /bucket/key?uploadId=u%2F1 "
#define ABORT_REQUEST    "DELETE /bucket/key?uploadId=u%2F1 "

static void an_object_that_was_not_stored_whole_is_removed_and_reported(void **state)
{
	(void)state;
	BEGIN(BEGUN, PART_TAKEN, COMPLETED,
		{.status = 200, .announced = 9, .headers = "x-amz-meta-mediastore-put: {mark}\r\n"},
		{.status = 204}, {.status = 204});
	assert_int_equal(put(BUCKET_PART_SIZE), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, COMPLETE_REQUEST, "HEAD /bucket/key ",
		"DELETE /bucket/key ", ABORT_REQUEST);
}

static void an_object_that_another_writer_replaced_at_once_is_left_alone(void **state)
{
	(void)state;
	BEGIN(BEGUN, PART_TAKEN, COMPLETED,
		{.status = 200, .announced = 9, .headers = "x-amz-meta-mediastore-put: another\r\n"});
	assert_int_equal(put(BUCKET_PART_SIZE), 0);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, COMPLETE_REQUEST, "HEAD /bucket/key ");
}

static void a_completion_that_fails_behind_a_200_is_sent_again(void **state)
{
	(void)state;
	BEGIN(BEGUN, PART_TAKEN, {.status = 200, .body = ERROR_BODY("InternalError")}, COMPLETED, OURS);
	assert_int_equal(put(BUCKET_PART_SIZE), 0);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, COMPLETE_REQUEST, COMPLETE_REQUEST, "HEAD /bucket/key ");
}

static void a_completion_whose_answer_is_lost_is_recognised_by_its_mark(void **state)
{
	(void)state;
	BEGIN(BEGUN, PART_TAKEN, {.fault = FAKE_MUTE}, {.status = 404, .body = ERROR_BODY("NoSuchUpload")},
		OURS);
	assert_int_equal(put(BUCKET_PART_SIZE), 0);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, COMPLETE_REQUEST, COMPLETE_REQUEST, "HEAD /bucket/key ");
}

static void an_older_object_does_not_pass_for_a_lost_completion(void **state)
{
	(void)state;
	BEGIN(BEGUN, PART_TAKEN, {.status = 404, .body = ERROR_BODY("NoSuchUpload")},
		{.status = 200,
			.announced = BUCKET_PART_SIZE,
			.headers = "x-amz-meta-mediastore-put: older\r\n"},
		{.status = 204});
	assert_int_equal(put(BUCKET_PART_SIZE), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, COMPLETE_REQUEST, "HEAD /bucket/key ", ABORT_REQUEST);
}

static void an_upload_whose_part_is_refused_is_aborted(void **state)
{
	(void)state;
	BEGIN(BEGUN, {.status = 403, .body = ERROR_BODY("QuotaExceeded")}, {.status = 500}, {.status = 204});
	assert_int_equal(put(BUCKET_PART_SIZE), -1);
	assert_int_equal(err.code, ERROR_FULL);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, ABORT_REQUEST, ABORT_REQUEST);
}

static void all_uploads_of_the_same_key_are_aborted_and_no_others(void **state)
{
	(void)state;
	BEGIN({.status = 200,
		      .body = "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
			      "<Upload><Key>key</Key><UploadId>one</UploadId></Upload>"
			      "<Upload><Key>key</Key><UploadId>two</UploadId></Upload>"
			      "<Upload><Key>key</Key></Upload>"
			      "<Upload><Key>key%2B</Key><UploadId>other</UploadId></Upload>"
			      "</ListMultipartUploadsResult>"},
		{.status = 204}, {.status = 404, .body = ERROR_BODY("NoSuchUpload")});
	assert_int_equal(store_multipart_abort(fixture.store, "key", NULL, &err), 0);
	ASSERT_REQUESTS(LIST_REQUEST, "DELETE /bucket/key?uploadId=one ", "DELETE /bucket/key?uploadId=two ");
}

static void answers_that_make_no_sense_fail_the_put_and_abort_the_upload(void **state)
{
	(void)state;
	BEGIN(BEGUN, {.status = 200 /* no ETag */}, {.status = 204});
	assert_int_equal(put(BUCKET_PART_SIZE), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	ASSERT_REQUESTS(BEGIN_REQUEST, PART_REQUEST, ABORT_REQUEST);
}

/* --- get */

enum { WHOLE = 300000, CUT = 100000 };

static void cut_and_resumed(enum fake_fault fault, const char *range)
{
	CLEANUP(cleanup_free) char *all = pattern(0, WHOLE), *rest = pattern(CUT, WHOLE - CUT);
	BEGIN({.status = 200,
		      .headers = "ETag: \"v1\"\r\n",
		      .body = all,
		      .length = WHOLE,
		      .fault = fault,
		      .fault_at = CUT},
		{.status = 206, .headers = range, .body = rest, .length = WHOLE - CUT});
	int result;
	assert_int_equal(get(0, -1, &result), WHOLE);
	assert_int_equal(result, 0);
	assert_int_equal(fake_http_count(fake), 2);
	assert_non_null(strstr(fake_http_request(fake, 1), "range: bytes=100000-\r\n"));
	assert_non_null(strstr(fake_http_request(fake, 1), "if-match: \"v1\"\r\n"));
}

static void a_get_that_is_cut_goes_on_where_it_broke(void **state)
{
	(void)state;
	cut_and_resumed(FAKE_CUT, "ETag: \"v1\"\r\nContent-Range: bytes 100000-299999/300000\r\n");
}

static void a_get_that_stalls_goes_on_where_it_broke(void **state)
{
	(void)state;
	cut_and_resumed(FAKE_STALL, "ETag: \"v1\"\r\nContent-Range: bytes 100000-299999/300000\r\n");
}

static void with_streams(void (*test)(void **state), void **state)
{
	takes_streams = true;
	streams = 0;
	test(state);
	assert_int_equal(streams, 2);
	takes_streams = false;
}

static void a_stream_that_is_cut_goes_on_where_it_broke(void **state)
{
	with_streams(a_get_that_is_cut_goes_on_where_it_broke, state);
}

static void a_stream_that_stalls_goes_on_where_it_broke(void **state)
{
	with_streams(a_get_that_stalls_goes_on_where_it_broke, state);
}

static void a_cut_range_goes_on_to_its_own_end(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *first = pattern(10, 100), *rest = pattern(60, 50);
	BEGIN({.status = 206,
		      .headers = "ETag: \"v1\"\r\nContent-Range: bytes 10-109/300000\r\n",
		      .body = first,
		      .length = 100,
		      .fault = FAKE_CUT,
		      .fault_at = 50},
		{.status = 206,
			.headers = "ETag: \"v1\"\r\nContent-Range: bytes 60-109/300000\r\n",
			.body = rest,
			.length = 50});
	int result;
	assert_int_equal(get(10, 109, &result), 100);
	assert_int_equal(result, 0);
	assert_non_null(strstr(fake_http_request(fake, 1), "range: bytes=60-109\r\n"));
}

static void a_cut_get_without_etag_is_not_resumed(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *all = pattern(0, WHOLE);
	BEGIN({.status = 200, .body = all, .length = WHOLE, .fault = FAKE_CUT, .fault_at = CUT});
	int result;
	assert_int_equal(get(0, -1, &result), CUT);
	assert_int_equal(result, -1);
	assert_int_equal(fake_http_count(fake), 1);
}

static void a_get_that_is_cut_again_and_again_is_given_up(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *all = pattern(0, WHOLE);
	BEGIN({.status = 200,
		      .headers = "ETag: \"v1\"\r\n",
		      .body = all,
		      .length = WHOLE,
		      .fault = FAKE_CUT,
		      .fault_at = CUT},
		{.fault = FAKE_MUTE});
	int result;
	assert_int_equal(get(0, -1, &result), CUT);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_in_range(fake_http_count(fake), 2, 5);
}

static void an_object_that_changes_under_a_get_never_mixes(void **state)
{
	(void)state;
	static const struct fake_step AFTERWARDS[] = {
		{.status = 412, .body = ERROR_BODY("PreconditionFailed")},
		{.status = 404, .body = ERROR_BODY("NoSuchKey")},
		{.status = 416, .body = ERROR_BODY("InvalidRange")},
		{.status = 206,
			.headers = "ETag: \"v2\"\r\nContent-Range: bytes 100000-299999/300000\r\n",
			.body = "x",
			.announced = WHOLE - CUT},
		{.status = 206,
			.headers = "ETag: \"v1\"\r\nContent-Range: bytes 0-299999/300000\r\n",
			.body = "x",
			.announced = WHOLE},
		{.status = 200, .headers = "ETag: \"v1\"\r\n", .body = "x", .announced = WHOLE},
	};
	CLEANUP(cleanup_free) char *all = pattern(0, WHOLE);
	for (size_t i = 0; i < sizeof(AFTERWARDS) / sizeof(*AFTERWARDS); i++) {
		BEGIN({.status = 200,
			      .headers = "ETag: \"v1\"\r\n",
			      .body = all,
			      .length = WHOLE,
			      .fault = FAKE_CUT,
			      .fault_at = CUT},
			AFTERWARDS[i]);
		int result;
		assert_int_equal(get(0, -1, &result), CUT);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
		assert_int_equal(fake_http_count(fake), 2);
		if (i + 1 < sizeof(AFTERWARDS) / sizeof(*AFTERWARDS))
			end(NULL);
	}
}

static void a_server_that_ignores_the_range_is_not_believed(void **state)
{
	(void)state;
	CLEANUP(cleanup_free) char *all = pattern(0, 100);
	BEGIN({.status = 200, .headers = "ETag: \"v1\"\r\n", .body = all, .length = 100});
	int result;
	assert_int_equal(get(10, 19, &result), 0);
	assert_int_equal(result, -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	ASSERT_REQUESTS("GET /bucket/key ");
}

static void only_the_servers_own_word_makes_an_object_absent(void **state)
{
	(void)state;
	BEGIN({.status = 404, .body = "<html>no S3 here</html>"},
		{.status = 404, .body = ERROR_BODY("NoSuchKey")});
	int result;
	get(0, -1, &result);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	get(0, -1, &result);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

/* --- stat */

static void a_missing_object_of_a_missing_bucket_is_not_just_missing(void **state)
{
	(void)state;
	struct object_info info;
	BEGIN({.status = 404}, {.status = 404});
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_string_equal(err.message, "bucket bucket does not exist");
	ASSERT_REQUESTS("HEAD /bucket/key ", "HEAD /bucket ");
}

static void a_missing_object_is_missing_where_the_bucket_may_not_be_looked_at(void **state)
{
	(void)state;
	struct object_info info;
	BEGIN({.status = 404}, {.status = 403});
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void a_missing_object_stays_in_doubt_while_the_bucket_cannot_be_asked(void **state)
{
	(void)state;
	struct object_info info;
	BEGIN({.status = 404}, {.status = 503});
	assert_int_equal(store_stat(fixture.store, "key", &info, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
}

/* --- list */

#define LISTING(truncated, token, key)                                                                       \
	"<ListBucketResult><IsTruncated>" truncated "</IsTruncated><NextContinuationToken>" token            \
	"</NextContinuationToken><EncodingType>url</EncodingType><Contents><Key>" key                        \
	"</Key><Size>5</Size><LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents></"             \
	"ListBucketResult>"

#define SIZED(size)                                                                                          \
	"<ListBucketResult><Contents><Key>k</Key><Size>" size "</Size></Contents></ListBucketResult>"

static int append_key(void *context, const char *key, const struct object_info *info)
{
	buf_printf(context, "%s %d;", key, (int)info->size);
	return 0;
}

static int list(struct buf *keys)
{
	buf_append_text(keys, "");
	return store_list(fixture.store, "", append_key, keys, &err);
}

static void a_page_that_fails_is_asked_for_again_and_its_keys_come_once(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf keys = {0};
	BEGIN({.status = 200, .body = LISTING("true", "t&amp;1", "a+b%2Bc")},
		{.status = 200, .body = LISTING("false", "", "cut"), .fault = FAKE_CUT, .fault_at = 100},
		{.status = 500}, {.status = 200, .body = LISTING("false", "", "%C3%A4")});
	assert_int_equal(list(&keys), 0);
	assert_string_equal(keys.data, "a b+c 5;ä 5;");
	assert_non_null(strstr(fake_http_request(fake, 3), "continuation-token=t%261&"));
}

static void listings_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	static const char *const BODIES[] = {"", "text", "<html></html>", "<ListBucketResult><Contents>",
		LISTING("true", "", "k"), LISTING("false", "", "%zz"), LISTING("false", "", "%2"),
		SIZED("-1"), SIZED("1x"), SIZED("9999999999999999999"),
		"<!DOCTYPE x [<!ENTITY e 'x'>]><ListBucketResult/>"};
	for (size_t i = 0; i < sizeof(BODIES) / sizeof(*BODIES); i++) {
		CLEANUP(buf_release) struct buf keys = {0};
		BEGIN({.status = 200, .body = BODIES[i]});
		if (list(&keys) == 0)
			fail_msg("taken: %s", BODIES[i]);
		assert_int_equal(err.code, ERROR_UNAVAILABLE);
		if (i + 1 < sizeof(BODIES) / sizeof(*BODIES))
			end(NULL);
	}
}

static void a_listing_that_never_ends_is_ended(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf keys = {0};
	BEGIN({.status = 200, .body = LISTING("true", "same", "k")});
	assert_int_equal(list(&keys), -1);
	assert_int_equal(fake_http_count(fake), 2);
}

/* --- secrets */

static void the_secret_is_in_no_request_and_no_error(void **state)
{
	(void)state;
	BEGIN({.status = 403, .body = ERROR_BODY("SignatureDoesNotMatch")});
	assert_int_equal(put(10), -1);
	assert_null(strstr(fake_http_request(fake, 0), NOBODY.secret_key));
	assert_null(strstr(err.message, NOBODY.secret_key));
	assert_null(strstr(err.cause, NOBODY.secret_key));
}

#define FAULT_TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(a_put_that_meets_a_server_error_is_sent_again),
		FAULT_TEST(a_put_whose_answer_is_lost_is_sent_again),
		FAULT_TEST(too_many_requests_is_waited_for),
		FAULT_TEST(attempts_come_to_an_end),
		FAULT_TEST(a_refusal_is_not_repeated),
		FAULT_TEST(a_server_that_says_nothing_is_given_up),
		FAULT_TEST(an_object_that_was_not_stored_whole_is_removed_and_reported),
		FAULT_TEST(an_object_that_another_writer_replaced_at_once_is_left_alone),
		FAULT_TEST(a_completion_that_fails_behind_a_200_is_sent_again),
		FAULT_TEST(a_completion_whose_answer_is_lost_is_recognised_by_its_mark),
		FAULT_TEST(an_older_object_does_not_pass_for_a_lost_completion),
		FAULT_TEST(an_upload_whose_part_is_refused_is_aborted),
		FAULT_TEST(all_uploads_of_the_same_key_are_aborted_and_no_others),
		FAULT_TEST(answers_that_make_no_sense_fail_the_put_and_abort_the_upload),
		FAULT_TEST(a_get_that_is_cut_goes_on_where_it_broke),
		FAULT_TEST(a_get_that_stalls_goes_on_where_it_broke),
		FAULT_TEST(a_stream_that_is_cut_goes_on_where_it_broke),
		FAULT_TEST(a_stream_that_stalls_goes_on_where_it_broke),
		FAULT_TEST(a_cut_range_goes_on_to_its_own_end),
		FAULT_TEST(a_cut_get_without_etag_is_not_resumed),
		FAULT_TEST(a_get_that_is_cut_again_and_again_is_given_up),
		FAULT_TEST(an_object_that_changes_under_a_get_never_mixes),
		FAULT_TEST(a_server_that_ignores_the_range_is_not_believed),
		FAULT_TEST(only_the_servers_own_word_makes_an_object_absent),
		FAULT_TEST(a_missing_object_of_a_missing_bucket_is_not_just_missing),
		FAULT_TEST(a_missing_object_is_missing_where_the_bucket_may_not_be_looked_at),
		FAULT_TEST(a_missing_object_stays_in_doubt_while_the_bucket_cannot_be_asked),
		FAULT_TEST(a_page_that_fails_is_asked_for_again_and_its_keys_come_once),
		FAULT_TEST(listings_that_make_no_sense_are_refused),
		FAULT_TEST(a_listing_that_never_ends_is_ended),
		FAULT_TEST(the_secret_is_in_no_request_and_no_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
