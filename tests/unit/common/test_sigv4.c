/* SPDX-License-Identifier: MIT */
#include "common/sigv4.h"

#include "common/buf.h"
#include "common/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The requests, keys and signatures of the examples in "Signature Calculations for the Authorization
 * Header" and "Using Query Parameters" of the Amazon S3 API Reference. */
static const struct sigv4_credentials EXAMPLE = {
	"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
static const char EXAMPLE_HOST[] = "https://examplebucket.s3.amazonaws.com";
static const int64_t EXAMPLE_TIME = INT64_C(1369353600000); /* 2013-05-24T00:00:00Z */
static const char EMPTY_SHA256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void assert_signature(
	const struct sigv4_request *request, const char *signed_names, const char *signature)
{
	CLEANUP(buf_release) struct buf headers = {0}, expected = {0};
	sigv4_sign(&EXAMPLE, request, &headers);
	buf_printf(&expected,
		"x-amz-date: 20130524T000000Z\nx-amz-content-sha256: %s\n"
		"Authorization: AWS4-HMAC-SHA256 "
		"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
		"SignedHeaders=%s, Signature=%s\n",
		request->payload_sha256, signed_names, signature);
	assert_string_equal(headers.data, expected.data);
}

static void the_published_get_of_a_range_has_the_published_signature(void **state)
{
	(void)state;
	const struct sigv4_pair headers[] = {{"range", "bytes=0-9"}, {NULL, NULL}};
	const struct sigv4_request request = {.method = "GET",
		.endpoint = EXAMPLE_HOST,
		.key = "test.txt",
		.headers = headers,
		.payload_sha256 = EMPTY_SHA256,
		.now_unix_ms = EXAMPLE_TIME};
	assert_signature(&request, "host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void the_published_put_has_the_published_signature(void **state)
{
	(void)state;
	const struct sigv4_pair headers[] = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
		{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {NULL, NULL}};
	const struct sigv4_request request = {.method = "PUT",
		.endpoint = EXAMPLE_HOST,
		.key = "test$file.text",
		.headers = headers,
		.payload_sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		.now_unix_ms = EXAMPLE_TIME};
	assert_signature(&request, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void the_published_query_without_a_value_has_the_published_signature(void **state)
{
	(void)state;
	const struct sigv4_pair query[] = {{"lifecycle", NULL}, {NULL, NULL}};
	const struct sigv4_request request = {.method = "GET",
		.endpoint = EXAMPLE_HOST,
		.query = query,
		.payload_sha256 = EMPTY_SHA256,
		.now_unix_ms = EXAMPLE_TIME};
	assert_signature(&request, "host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void the_published_list_has_the_published_signature_in_any_order_of_its_query(void **state)
{
	(void)state;
	const struct sigv4_pair query[] = {{"prefix", "J"}, {"max-keys", "2"}, {NULL, NULL}};
	const struct sigv4_request request = {.method = "GET",
		.endpoint = EXAMPLE_HOST,
		.query = query,
		.payload_sha256 = EMPTY_SHA256,
		.now_unix_ms = EXAMPLE_TIME};
	assert_signature(&request, "host;x-amz-content-sha256;x-amz-date",
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* The published examples are of a bucket that is a host. */
static void a_bucket_may_be_part_of_the_hosts_name(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf url = {0}, same = {0};
	struct sigv4_request request = {.method = "GET",
		.endpoint = EXAMPLE_HOST,
		.key = "a b/test.txt",
		.now_unix_ms = EXAMPLE_TIME};
	sigv4_presign(&EXAMPLE, &request, 86400, &same);
	request.endpoint = "https://{bucket}.s3.amazonaws.com/";
	request.bucket = "examplebucket";
	sigv4_presign(&EXAMPLE, &request, 86400, &url);
	assert_string_equal(url.data, same.data);
	buf_clear(&url);
	request.key = NULL;
	sigv4_url(&request, &url);
	assert_string_equal(url.data, "https://examplebucket.s3.amazonaws.com/");
	buf_clear(&url);
	request.bucket = NULL;
	sigv4_url(&request, &url);
	assert_string_equal(url.data, "https://s3.amazonaws.com/");
}

static void the_published_presigned_get_is_reproduced_to_the_letter(void **state)
{
	(void)state;
	const struct sigv4_request request = {
		.method = "GET", .endpoint = EXAMPLE_HOST, .key = "test.txt", .now_unix_ms = EXAMPLE_TIME};
	CLEANUP(buf_release) struct buf url = {0};
	sigv4_presign(&EXAMPLE, &request, 86400, &url);
	assert_string_equal(url.data,
		"https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void assert_url(const struct sigv4_request *request, const char *expected)
{
	CLEANUP(buf_release) struct buf url = {0};
	sigv4_url(request, &url);
	assert_string_equal(url.data, expected);
}

static void keys_are_encoded_strictly_and_slashes_and_dots_stay(void **state)
{
	(void)state;
	static const struct {
		const char *key, *path;
	} CASES[] = {
		{"a b", "a%20b"},
		{"a+b", "a%2Bb"},
		{"100%", "100%25"},
		{"a%2Fb", "a%252Fb"},
		{"ä/日本", "%C3%A4/%E6%97%A5%E6%9C%AC"},
		{"a//b/../c/./d", "a//b/../c/./d"},
		{"/leading", "/leading"},
		{"?#&=;:@$,!*'()\"<>[]{}|\\^`~-_.",
			"%3F%23%26%3D%3B%3A%40%24%2C%21%2A%27%28%29%22%3C%3E%5B%5D%7B%7D%7C%5C%5E%60~-_."},
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		char expected[256];
		snprintf(expected, sizeof(expected), "http://h:9000/bucket/%s", CASES[i].path);
		const struct sigv4_request request = {
			.endpoint = "http://h:9000", .bucket = "bucket", .key = CASES[i].key};
		assert_url(&request, expected);
	}
}

static void a_query_is_encoded_before_it_is_sorted(void **state)
{
	(void)state;
	/* as raw bytes "é" would come last */
	const struct sigv4_pair query[] = {
		{"x", "~"}, {"é", "1"}, {"uploads", NULL}, {"x", "a b/c"}, {NULL, NULL}};
	const struct sigv4_request request = {.endpoint = "http://h", .bucket = "b", .query = query};
	assert_url(&request, "http://h/b?%C3%A9=1&uploads=&x=a%20b%2Fc&x=~");
}

static void an_endpoint_may_end_with_a_slash(void **state)
{
	(void)state;
	const struct sigv4_request bucket = {.endpoint = "http://h:1/", .bucket = "b"};
	assert_url(&bucket, "http://h:1/b");
	const struct sigv4_request service = {.endpoint = "http://h:1/"};
	assert_url(&service, "http://h:1/");
}

static void sign_for(const char *endpoint, const struct sigv4_pair *signed_headers, struct buf *out)
{
	const struct sigv4_request request = {.method = "GET",
		.endpoint = endpoint,
		.bucket = "b",
		.key = "k",
		.headers = signed_headers,
		.payload_sha256 = EMPTY_SHA256,
		.now_unix_ms = EXAMPLE_TIME};
	sigv4_sign(&EXAMPLE, &request, out);
}

static void the_schemes_own_port_is_not_part_of_the_signed_host(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf plain = {0}, with_port = {0}, other_port = {0}, foreign = {0};
	sign_for("http://h", NULL, &plain);
	sign_for("http://h:80", NULL, &with_port);
	sign_for("http://h:8080", NULL, &other_port);
	sign_for("http://h:443", NULL, &foreign);
	assert_string_equal(plain.data, with_port.data);
	assert_string_not_equal(plain.data, other_port.data);
	assert_string_not_equal(plain.data, foreign.data);
}

static void spaces_around_and_inside_a_header_value_do_not_change_the_signature(void **state)
{
	(void)state;
	const struct sigv4_pair tight[] = {{"x-amz-meta-a", "one two"}, {NULL, NULL}};
	const struct sigv4_pair loose[] = {{"x-amz-meta-a", "  one   two "}, {NULL, NULL}};
	CLEANUP(buf_release) struct buf a = {0}, b = {0};
	sign_for("http://h", tight, &a);
	sign_for("http://h", loose, &b);
	assert_string_equal(a.data, b.data);
}

static void a_presigned_url_carries_and_signs_the_callers_query_and_headers(void **state)
{
	(void)state;
	const struct sigv4_pair query[] = {
		{"response-content-disposition", "attachment; filename=\"a b\""}, {NULL, NULL}};
	const struct sigv4_pair headers[] = {{"content-type", "text/plain"}, {NULL, NULL}};
	const struct sigv4_request request = {.method = "PUT",
		.endpoint = "http://h:9000",
		.bucket = "b",
		.key = "k",
		.query = query,
		.headers = headers,
		.now_unix_ms = EXAMPLE_TIME};
	CLEANUP(buf_release) struct buf url = {0};
	sigv4_presign(&EXAMPLE, &request, 60, &url);
	assert_non_null(
		strstr(url.data, "X-Amz-SignedHeaders=content-type%3Bhost&response-content-disposition="
				 "attachment%3B%20filename%3D%22a%20b%22&X-Amz-Signature="));
}

static void the_secret_is_in_no_output(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf headers = {0}, url = {0};
	const struct sigv4_request request = {
		.method = "GET", .endpoint = "http://h", .now_unix_ms = EXAMPLE_TIME};
	sign_for("http://h", NULL, &headers);
	sigv4_presign(&EXAMPLE, &request, 60, &url);
	assert_null(strstr(headers.data, EXAMPLE.secret_key));
	assert_null(strstr(url.data, "wJalrXUtnFEMI"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_get_of_a_range_has_the_published_signature),
		cmocka_unit_test(the_published_put_has_the_published_signature),
		cmocka_unit_test(the_published_query_without_a_value_has_the_published_signature),
		cmocka_unit_test(the_published_list_has_the_published_signature_in_any_order_of_its_query),
		cmocka_unit_test(a_bucket_may_be_part_of_the_hosts_name),
		cmocka_unit_test(the_published_presigned_get_is_reproduced_to_the_letter),
		cmocka_unit_test(keys_are_encoded_strictly_and_slashes_and_dots_stay),
		cmocka_unit_test(a_query_is_encoded_before_it_is_sorted),
		cmocka_unit_test(an_endpoint_may_end_with_a_slash),
		cmocka_unit_test(the_schemes_own_port_is_not_part_of_the_signed_host),
		cmocka_unit_test(spaces_around_and_inside_a_header_value_do_not_change_the_signature),
		cmocka_unit_test(a_presigned_url_carries_and_signs_the_callers_query_and_headers),
		cmocka_unit_test(the_secret_is_in_no_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
