/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "common/ticket.h"
#include "support/cmocka.h"
#include "support/http_wire.h"
#include "support/store_job_fixture.h"

#include <stdio.h>
#include <string.h>

static struct bytes *bytes;
static const char *what_is_missing;

static const char *missing(void *context)
{
	(void)context;
	return what_is_missing;
}

/* One listener for all tests: civetweb takes two seconds to stop. */
static int setup(void **state)
{
	struct error err;
	job_fixture_setup(state);
	struct job_fixture *fixture = *state;
	const struct bytes_options options = {.listen = "127.0.0.1:0",
		.threads = 4,
		.stall_timeout_ms = 2000,
		.service_key = JOB_FIXTURE_KEY,
		.stores = fixture->environment.stores,
		.missing = missing};
	what_is_missing = NULL;
	assert_int_equal(bytes_create(&options, &bytes, &err), 0);
	fixture->environment.bytes_url =
		arena_printf(fixture->arena, "http://127.0.0.1:%d/internal/bytes/", bytes_port(bytes));
	return 0;
}

static int teardown(void **state)
{
	bytes_free(bytes);
	return job_fixture_teardown(state);
}

/* The URL of a get job on what is too large for the result. */
static const char *ticket_url(struct job_fixture *fixture, const struct store_descriptor *store,
	const char *key, int64_t first, int64_t last)
{
	struct job_message message = job_fixture_message(fixture, JOB_GET, store, key);
	message.inline_max = 0;
	message.range_first = first;
	message.range_last = last;
	struct result_message result = job_fixture_run(fixture, &message);
	assert_int_equal(result.code, ERROR_NONE);
	assert_non_null(result.url);
	return result.url;
}

static int collect(void *context, const void *piece, size_t length, struct error *err)
{
	struct pattern_sink *sink = context;
	return sink->base.write(&sink->base, piece, length, err);
}

static int fetch(struct job_fixture *fixture, const char *method, const char *url, struct pattern_sink *sink,
	struct http_reply **reply, struct error *err)
{
	const struct http_call call = {.method = method,
		.url = url,
		.write = sink ? collect : NULL,
		.write_context = sink,
		.stall_timeout_ms = 5000};
	return http_client_run(fixture->environment.http, &call, reply, err);
}

static void assert_fetched(struct job_fixture *fixture, const char *url, int64_t first, int64_t count)
{
	struct error err;
	struct pattern_sink sink;
	struct http_reply *reply;
	char length[32];
	pattern_sink_init(&sink, 1, first);
	assert_int_equal(fetch(fixture, "GET", url, &sink, &reply, &err), 0);
	assert_int_equal(http_reply_status(reply), 200);
	snprintf(length, sizeof(length), "%lld", (long long)count);
	assert_string_equal(http_reply_header(reply, "Content-Length"), length);
	assert_int_equal(sink.count, count);
	assert_int_equal(sink.wrong, 0);
	http_reply_free(reply);
}

static void assert_refused(
	struct job_fixture *fixture, const char *method, const char *url, int status, const char *code)
{
	struct error err;
	struct http_reply *reply;
	assert_int_equal(fetch(fixture, method, url, NULL, &reply, &err), 0);
	assert_int_equal(http_reply_status(reply), status);
	assert_non_null(strstr(http_reply_body(reply), code));
	http_reply_free(reply);
}

static void a_ticket_gives_the_object(void **state)
{
	struct job_fixture *fixture = *state;
	const struct store_descriptor *stores[] = {&fixture->files, &fixture->memory};
	for (int i = 0; i < 2; i++) {
		job_fixture_fill(fixture, stores[i], "key", 1, 3000000);
		assert_fetched(fixture, ticket_url(fixture, stores[i], "key", 0, -1), 0, 3000000);
		assert_fetched(
			fixture, ticket_url(fixture, stores[i], "key", 1000000, 1999999), 1000000, 1000000);
		assert_fetched(fixture, ticket_url(fixture, stores[i], "key", 2999999, -1), 2999999, 1);
	}
}

static void head_tells_the_length_only(void **state)
{
	struct job_fixture *fixture = *state;
	struct error err;
	struct http_reply *reply;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	assert_int_equal(fetch(fixture, "HEAD", ticket_url(fixture, &fixture->files, "key", 0, -1), NULL,
				 &reply, &err),
		0);
	assert_int_equal(http_reply_status(reply), 200);
	assert_string_equal(http_reply_header(reply, "Content-Length"), "5000");
	http_reply_free(reply);
}

static void an_object_that_has_gone_is_not_found(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	const char *url = ticket_url(fixture, &fixture->files, "key", 0, -1);
	struct job_message message = job_fixture_message(fixture, JOB_DELETE, &fixture->files, "key");
	job_fixture_run(fixture, &message);
	assert_refused(fixture, "GET", url, 404, "\"not_found\"");
}

static void an_empty_object_has_length_0(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	const char *url = ticket_url(fixture, &fixture->files, "key", 0, -1);
	job_fixture_fill(fixture, &fixture->files, "key", 1, 0);
	assert_fetched(fixture, url, 0, 0);
}

static void without_a_good_ticket_there_are_no_bytes(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->files, "key", 1, 5000);
	const char *url = ticket_url(fixture, &fixture->files, "key", 0, -1);
	char *forged = arena_strdup(fixture->arena, url);
	forged[strlen(forged) - 2] ^= 1;
	assert_refused(fixture, "GET", forged, 403, "\"forbidden\"");
	assert_refused(fixture, "GET", fixture->environment.bytes_url, 403, "\"forbidden\"");
	struct buf expired = {0};
	buf_append_text(&expired, fixture->environment.bytes_url);
	ticket_sign(JOB_FIXTURE_KEY, "x", 1, clock_unix_ms() - 1, &expired);
	assert_refused(fixture, "GET", expired.data, 403, "\"forbidden\"");
	buf_release(&expired);
	assert_refused(fixture, "POST", url, 405, "\"method_not_allowed\"");
}

static void a_client_that_goes_away_leaves_the_server_serving(void **state)
{
	struct job_fixture *fixture = *state;
	job_fixture_fill(fixture, &fixture->memory, "key", 1, 4 * 1024 * 1024);
	const char *url = ticket_url(fixture, &fixture->memory, "key", 0, -1);
	for (int i = 0; i < 8; i++) { /* more than there are threads */
		struct error err;
		struct pattern_sink sink;
		struct http_reply *reply;
		pattern_sink_init(&sink, 1, 0);
		sink.fail_at = 100000;
		assert_int_equal(fetch(fixture, "GET", url, &sink, &reply, &err), -1);
		assert_int_equal(err.code, ERROR_CANCELLED);
	}
	assert_fetched(fixture, url, 0, 4 * 1024 * 1024);
}

static const char *local_url(struct job_fixture *fixture, const char *path)
{
	return arena_printf(fixture->arena, "http://127.0.0.1:%d%s", bytes_port(bytes), path);
}

static void health_and_metrics_are_served(void **state)
{
	struct job_fixture *fixture = *state;
	assert_refused(fixture, "GET", local_url(fixture, "/nothing"), 404, "\"not_found\"");
	struct error err;
	static const char *const PATHS[] = {"/livez", "/readyz", "/metrics"};
	for (int i = 0; i < 3; i++) {
		struct http_reply *reply;
		assert_int_equal(fetch(fixture, "GET", local_url(fixture, PATHS[i]), NULL, &reply, &err), 0);
		assert_int_equal(http_reply_status(reply), 200);
		http_reply_free(reply);
	}
	what_is_missing = "the broker";
	assert_refused(fixture, "GET", local_url(fixture, "/readyz"), 503, "not ready: the broker");
	what_is_missing = NULL;
}

static void metrics_count_jobs_by_kind_and_outcome(void **state)
{
	struct job_fixture *fixture = *state;
	struct error err;
	struct http_reply *reply;
	struct job_message message = job_fixture_message(fixture, JOB_VERIFY, &fixture->files, "missing");
	job_fixture_run(fixture, &message);
	assert_int_equal(fetch(fixture, "GET", local_url(fixture, "/metrics"), NULL, &reply, &err), 0);
	assert_non_null(
		strstr(http_reply_body(reply), "mediastore_worker_jobs_failed_total{kind=\"verify\"} 1\n"));
	assert_non_null(
		strstr(http_reply_body(reply), "mediastore_worker_jobs_done_total{kind=\"verify\"} 0\n"));
	http_reply_free(reply);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_ticket_gives_the_object),
		cmocka_unit_test(head_tells_the_length_only),
		cmocka_unit_test(an_object_that_has_gone_is_not_found),
		cmocka_unit_test(an_empty_object_has_length_0),
		cmocka_unit_test(without_a_good_ticket_there_are_no_bytes),
		cmocka_unit_test(a_client_that_goes_away_leaves_the_server_serving),
		cmocka_unit_test(health_and_metrics_are_served),
		cmocka_unit_test(metrics_count_jobs_by_kind_and_outcome),
	};
	return cmocka_run_group_tests(TESTS, setup, teardown);
}
