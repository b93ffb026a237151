/* SPDX-License-Identifier: MIT */
#include "common/url_list.h"

#include "common/address_policy.h"
#include "common/buf.h"
#include "common/cleanup.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char LIST[] = "https://data.example.org/pub/, http://10.1.2.3:8000,https://*.lab.example:8443/a,"
			   "s3://bucket/raw/,s3://whole,file:///data/incoming,http://[::1]/x,10.0.0.0/8";

static enum error_code ask(const char *url)
{
	struct url_list *list;
	struct error err = {0};
	enum url_scheme scheme;
	assert_int_equal(url_list_create(LIST, &list, &err), 0);
	int result = url_list_check(list, url, &scheme, &err);
	url_list_free(list);
	return result == 0 ? ERROR_NONE : err.code;
}

static void all_are(enum error_code expected, const char *const *urls)
{
	for (; *urls; urls++)
		if (ask(*urls) != expected)
			fail_msg("%s", *urls);
}

static void what_is_below_an_entry_may_be_read(void **state)
{
	(void)state;
	all_are(ERROR_NONE,
		(const char *const[]){"https://data.example.org/pub/",
			"https://data.example.org/pub/a/b?x=/../y", "HTTPS://DATA.Example.ORG:443/pub/%41",
			"https://data.example.org/pub/..a/.b./c..", "http://10.1.2.3:8000",
			"http://10.1.2.3:8000/any", "http://10.1.2.3:8000?q", "https://x.lab.example:8443/a",
			"https://x.y.lab.example:8443/a/b", "s3://bucket/raw/k", "s3://whole/any/key",
			"file:///data/incoming/f", "file:///data/incoming", "http://[::1]/x/y", NULL});
}

static void what_is_beside_every_entry_is_forbidden(void **state)
{
	(void)state;
	all_are(ERROR_FORBIDDEN,
		(const char *const[]){"https://data.example.org/", "https://data.example.org/public",
			"https://data.example.org/pub", "http://data.example.org/pub/",
			"https://data.example.org:444/pub/x", "https://evil.org/pub/x",
			"https://data.example.org.evil.org/pub/x", "https://adata.example.org/pub/x",
			"http://10.1.2.3/x", "http://10.1.2.4:8000/", "https://lab.example:8443/a",
			"https://.lab.example.evil:8443/a", "https://xlab.example:8443/a",
			"https://x.lab.example/a", "https://x.lab.example:8443/ab", "s3://bucket/rawest",
			"s3://bucket", "s3://other/raw/k", "file:///data/incoming2/f", "file:///data",
			"file:///etc/passwd", "http://[::2]/x", NULL});
}

static void what_could_be_read_otherwise_is_no_url(void **state)
{
	(void)state;
	all_are(ERROR_INVALID,
		(const char *const[]){"", "x", "ftp://data.example.org/pub/x", "//data.example.org/pub/",
			"https:/data.example.org/pub/", "https:///pub/",
			"https://data.example.org@evil.org/pub/", "https://data.example.org%40evil.org/",
			"https://evil.org#@data.example.org/pub/", "https://data.example.org\\@evil.org/pub/",
			"https://data.example.org/pub/../x", "https://data.example.org/pub/..",
			"https://data.example.org/pub/./x", "https://data.example.org/pub/%2e%2E/x",
			"https://data.example.org/pub/.%2e/x", "https://data.example.org/pub/..%2fx",
			"https://data.example.org/pub/a%5cb", "https://data.example.org/pub/a%00",
			"https://data.example.org/pub/a%", "https://data.example.org/pub/a%4",
			"https://data.example.org/pub/a%zz", "https://data.example.org/pub/a b",
			"https://data.example.org/pub/\t", "https://data.example.org/pub/\xc3\xa9",
			"https://data.example.org:/pub/", "https://data.example.org:99999/pub/",
			"https://data.example.org:443x/pub/", "https://*.lab.example:8443/a",
			"https://x*.lab.example:8443/a", "http://[::1/x", "http://[::1]x/x",
			"file://host/data/incoming/f", "file://localhost/data/incoming/f",
			"s3://buc:ket/raw/k", NULL});
}

static void an_empty_list_allows_nothing(void **state)
{
	(void)state;
	struct url_list *list;
	struct error err;
	enum url_scheme scheme;
	assert_int_equal(url_list_create(NULL, &list, &err), 0);
	assert_int_equal(url_list_check(list, "https://data.example.org/", &scheme, &err), -1);
	assert_int_equal(err.code, ERROR_FORBIDDEN);
	url_list_free(list);
}

static void networks_are_the_addresses_policy(void **state)
{
	(void)state;
	struct url_list *list;
	struct error err;
	struct sockaddr_in address = {.sin_family = AF_INET};
	assert_int_equal(url_list_create(LIST, &list, &err), 0);
	inet_pton(AF_INET, "10.1.2.3", &address.sin_addr);
	assert_true(address_policy_allows(url_list_addresses(list), (const struct sockaddr *)&address));
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_false(address_policy_allows(url_list_addresses(list), (const struct sockaddr *)&address));
	url_list_free(list);
}

static void malformed_entries_are_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"data.example.org", "https://", "https://a/?x", "https://a/../b",
		"10.0.0.1/8", "https://*", "https://a*/"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct url_list *list = NULL;
		struct error err = {0};
		if (url_list_create(BAD[i], &list, &err) != -1)
			fail_msg("%s", BAD[i]);
		assert_int_equal(err.code, ERROR_INVALID);
	}
}

static void files_are_found_from_their_root(void **state)
{
	(void)state;
	static const struct {
		const char *url, *root, *path;
	} CASES[] = {{"file:///data/incoming/a%20b/%C3%A9", "/data/incoming", "a b/\xc3\xa9"},
		{"file:///data/incoming", "/data/incoming", ""},
		{"file:///data/incoming//x", "/data/incoming", "x"}};
	struct url_list *list;
	struct error err;
	assert_int_equal(url_list_create(LIST, &list, &err), 0);
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		CLEANUP(buf_release) struct buf root = {0}, path = {0};
		url_list_file(list, CASES[i].url, &root, &path);
		assert_string_equal(root.data, CASES[i].root);
		assert_string_equal(path.data ? path.data : "", CASES[i].path);
	}
	url_list_free(list);
}

static void objects_are_found_in_their_bucket(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf bucket = {0}, key = {0};
	url_s3_parts("s3://whole/a%20b/c", &bucket, &key);
	assert_string_equal(bucket.data, "whole");
	assert_string_equal(key.data, "a b/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_below_an_entry_may_be_read),
		cmocka_unit_test(what_is_beside_every_entry_is_forbidden),
		cmocka_unit_test(what_could_be_read_otherwise_is_no_url),
		cmocka_unit_test(an_empty_list_allows_nothing),
		cmocka_unit_test(networks_are_the_addresses_policy),
		cmocka_unit_test(malformed_entries_are_refused),
		cmocka_unit_test(files_are_found_from_their_root),
		cmocka_unit_test(objects_are_found_in_their_bucket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
