/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

METRIC_DEFINE(static_requests, COUNTER, "test_requests_total", "Requests answered.");
METRIC_DEFINE(static_latency, HISTOGRAM, "test_seconds", "Time of a request.");

static const char *const CODES[] = {"ok", "error"};

static void a_counter_is_printed_with_help_and_type(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf out = {0};
	metric_add(&static_requests, 0, 2);
	metric_add(&static_requests, 0, 1);
	metric_print(&static_requests, &out);
	assert_string_equal(out.data, "# HELP test_requests_total Requests answered.\n# TYPE "
				      "test_requests_total counter\ntest_requests_total 3\n");
}

static void a_gauge_may_fall_and_has_a_row_for_each_label(void **state)
{
	(void)state;
	_Atomic int64_t values[2] = {0};
	struct metric gauge = METRIC_ROWS(GAUGE, "g", "Help.", "code", CODES, 2, values);
	CLEANUP(buf_release) struct buf out = {0};
	metric_set(&gauge, 0, 5);
	metric_add(&gauge, 0, -7);
	metric_set(&gauge, 1, 9);
	metric_print(&gauge, &out);
	assert_string_equal(
		out.data, "# HELP g Help.\n# TYPE g gauge\ng{code=\"ok\"} -2\ng{code=\"error\"} 9\n");
}

static long long sample(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	if (!line || line[strlen(name)] != ' ')
		fail_msg("no sample %s in\n%s", name, text);
	return strtoll(line + strlen(name), NULL, 10);
}

static void a_histogram_counts_what_is_at_or_below_each_bound(void **state)
{
	(void)state;
	_Atomic int64_t values[2 * (METRIC_BUCKETS + 2)] = {0};
	struct metric latency = METRIC_ROWS(HISTOGRAM, "h", "Help.", "code", CODES, 2, values);
	static const int64_t OBSERVED[] = {-5, 0, 1, 2, 1000, 1001, 60000, 60001, 3600000};
	CLEANUP(buf_release) struct buf out = {0};
	for (size_t i = 0; i < sizeof(OBSERVED) / sizeof(OBSERVED[0]); i++)
		metric_observe_ms(&latency, 1, OBSERVED[i]);
	metric_print(&latency, &out);
	assert_int_equal(sample(out.data, "h_bucket{code=\"error\",le=\"0.001\"}"), 3);
	assert_int_equal(sample(out.data, "h_bucket{code=\"error\",le=\"0.003\"}"), 4);
	assert_int_equal(sample(out.data, "h_bucket{code=\"error\",le=\"1\"}"), 5);
	assert_int_equal(sample(out.data, "h_bucket{code=\"error\",le=\"60\"}"), 7);
	assert_int_equal(sample(out.data, "h_bucket{code=\"error\",le=\"+Inf\"}"), 9);
	assert_int_equal(sample(out.data, "h_count{code=\"error\"}"), 9);
	assert_int_equal(sample(out.data, "h_count{code=\"ok\"}"), 0);
	assert_non_null(strstr(out.data, "h_sum{code=\"error\"} 3722.005\n"));
}

static void *observe_many(void *unused)
{
	for (int i = 0; i < 20000; i++)
		metric_observe_ms(&static_latency, 0, i % 100);
	return unused;
}

static void no_bucket_is_printed_above_the_count_while_threads_observe(void **state)
{
	(void)state;
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, observe_many, NULL), 0);
	for (int i = 0; i < 200; i++) {
		CLEANUP(buf_release) struct buf out = {0};
		metric_print(&static_latency, &out);
		assert_true(sample(out.data, "test_seconds_bucket{le=\"60\"}") <=
			    sample(out.data, "test_seconds_count"));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CLEANUP(buf_release) struct buf out = {0};
	metric_print(&static_latency, &out);
	assert_int_equal(sample(out.data, "test_seconds_bucket{le=\"60\"}"), 40000);
	assert_int_equal(sample(out.data, "test_seconds_count"), 40000);
	assert_non_null(strstr(out.data, "test_seconds_sum 1980.000\n"));
}

static void rows_may_have_labels_of_their_own_and_zeros_be_left_out(void **state)
{
	(void)state;
	_Atomic int64_t values[2] = {0}, times[2 * METRIC_HISTOGRAM_VALUES] = {0};
	const char *labels[] = {"method=\"GET\",code=\"200\"", "method=\"PUT\",code=\"204\""};
	struct metric requests = {.name = "r",
		.help = "Help.",
		.kind = METRIC_COUNTER,
		.rows = 2,
		.values = values,
		.labels = labels,
		.sparse = true};
	struct metric latency = {.name = "l",
		.help = "Help.",
		.kind = METRIC_HISTOGRAM,
		.rows = 2,
		.values = times,
		.labels = labels,
		.sparse = true};
	CLEANUP(buf_release) struct buf out = {0};
	metric_add(&requests, 1, 3);
	metric_observe_ms(&latency, 1, 70000);
	metric_print(&requests, &out);
	assert_string_equal(out.data, "# HELP r Help.\n# TYPE r counter\nr{method=\"PUT\",code=\"204\"} 3\n");
	buf_clear(&out);
	metric_print(&latency, &out);
	assert_non_null(strstr(out.data, "l_bucket{method=\"PUT\",code=\"204\",le=\"+Inf\"} 1\n"));
	assert_non_null(strstr(out.data, "l_sum{method=\"PUT\",code=\"204\"} 70.000\n"));
	assert_null(strstr(out.data, "GET"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_is_printed_with_help_and_type),
		cmocka_unit_test(a_gauge_may_fall_and_has_a_row_for_each_label),
		cmocka_unit_test(a_histogram_counts_what_is_at_or_below_each_bound),
		cmocka_unit_test(no_bucket_is_printed_above_the_count_while_threads_observe),
		cmocka_unit_test(rows_may_have_labels_of_their_own_and_zeros_be_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
