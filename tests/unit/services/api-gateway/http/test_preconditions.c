/* SPDX-License-Identifier: MIT */
#include "http/preconditions.h"

#include "http/request.h"
#include "support/cmocka.h"

#include <strings.h>

#define THEN   "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

static const struct validators VALIDATORS = {"\"abc\"", 784111777};

/* Names and values by turns, ends with NULL. */
static const char *find(void *context, const char *name)
{
	for (const char *const *header = context; header[0]; header += 2)
		if (strcasecmp(header[0], name) == 0)
			return header[1];
	return NULL;
}

static struct request asking(const char *method, const char *const *headers)
{
	return (struct request){.method = method, .source = {.context = (void *)headers, .header = find}};
}

static void expect(const char *method, const char *const *headers, enum precondition expected)
{
	struct request request = asking(method, headers);
	assert_int_equal(preconditions_check(&request, &VALIDATORS), expected);
}

#define HEADERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void without_conditions_all_holds(void **state)
{
	(void)state;
	expect("GET", HEADERS("Accept", "*/*"), PRECONDITION_HOLDS);
	expect("PUT", HEADERS("Accept", "*/*"), PRECONDITION_HOLDS);
}

static void if_match_compares_strongly(void **state)
{
	(void)state;
	expect("GET", HEADERS("If-Match", "\"abc\""), PRECONDITION_HOLDS);
	expect("GET", HEADERS("If-Match", "*"), PRECONDITION_HOLDS);
	expect("GET", HEADERS("If-Match", "W/\"abc\""), PRECONDITION_FAILED);
	expect("GET", HEADERS("If-Match", "\"other\""), PRECONDITION_FAILED);
}

static void if_unmodified_since_counts_without_if_match_only(void **state)
{
	(void)state;
	expect("GET", HEADERS("If-Unmodified-Since", THEN), PRECONDITION_HOLDS);
	expect("GET", HEADERS("If-Unmodified-Since", BEFORE), PRECONDITION_FAILED);
	expect("PUT", HEADERS("If-Unmodified-Since", BEFORE), PRECONDITION_FAILED);
	expect("GET", HEADERS("If-Unmodified-Since", "never"), PRECONDITION_HOLDS);
	expect("GET", HEADERS("If-Unmodified-Since", BEFORE, "If-Match", "\"abc\""), PRECONDITION_HOLDS);
}

static void if_none_match_spares_a_reader_and_stops_a_writer(void **state)
{
	(void)state;
	expect("GET", HEADERS("If-None-Match", "\"x\", W/\"abc\""), PRECONDITION_NOT_MODIFIED);
	expect("HEAD", HEADERS("If-None-Match", "*"), PRECONDITION_NOT_MODIFIED);
	expect("PUT", HEADERS("If-None-Match", "*"), PRECONDITION_FAILED);
	expect("GET", HEADERS("If-None-Match", "\"x\""), PRECONDITION_HOLDS);
}

static void if_modified_since_counts_for_reads_without_if_none_match(void **state)
{
	(void)state;
	expect("GET", HEADERS("If-Modified-Since", THEN), PRECONDITION_NOT_MODIFIED);
	expect("GET", HEADERS("If-Modified-Since", AFTER), PRECONDITION_NOT_MODIFIED);
	expect("GET", HEADERS("If-Modified-Since", BEFORE), PRECONDITION_HOLDS);
	expect("PUT", HEADERS("If-Modified-Since", THEN), PRECONDITION_HOLDS);
	expect("GET", HEADERS("If-Modified-Since", THEN, "If-None-Match", "\"x\""), PRECONDITION_HOLDS);
}

static void a_failed_if_match_comes_before_not_modified(void **state)
{
	(void)state;
	expect("GET", HEADERS("If-Match", "\"x\"", "If-None-Match", "\"abc\""), PRECONDITION_FAILED);
	expect("GET", HEADERS("If-Match", "\"abc\"", "If-None-Match", "\"abc\""), PRECONDITION_NOT_MODIFIED);
}

static void expect_range(const char *if_range, bool expected)
{
	struct request request = asking("GET", HEADERS("If-Range", if_range));
	assert_int_equal(preconditions_range_holds(&request, &VALIDATORS), expected);
}

static void if_range_wants_the_very_same(void **state)
{
	(void)state;
	expect_range("\"abc\"", true);
	expect_range(THEN, true);
	expect_range("W/\"abc\"", false);
	expect_range("\"x\"", false);
	expect_range("*", false);
	expect_range(BEFORE, false);
	expect_range(AFTER, false);
	struct request request = asking("GET", HEADERS("Range", "bytes=0-1"));
	assert_true(preconditions_range_holds(&request, &VALIDATORS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_conditions_all_holds),
		cmocka_unit_test(if_match_compares_strongly),
		cmocka_unit_test(if_unmodified_since_counts_without_if_match_only),
		cmocka_unit_test(if_none_match_spares_a_reader_and_stops_a_writer),
		cmocka_unit_test(if_modified_since_counts_for_reads_without_if_none_match),
		cmocka_unit_test(a_failed_if_match_comes_before_not_modified),
		cmocka_unit_test(if_range_wants_the_very_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
