/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "http/router.h"
#include "http/traffic.h"

#include <string.h>

#define assert_contains(text, part) assert_non_null(strstr(text, part))

static const struct route TABLE[] = {
	{.method = "GET", .pattern = "/a/{pid...}"},
	{.method = "PUT", .pattern = "/a"},
	{.method = NULL},
};

static void requests_are_counted_by_route_and_status(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf out = {0};
	struct traffic *traffic = traffic_create(TABLE);
	traffic_count(traffic, &TABLE[0], 200, 5);
	traffic_count(traffic, &TABLE[0], 200, 20);
	traffic_count(traffic, &TABLE[0], 404, 1);
	traffic_count(traffic, NULL, 404, 1);
	traffic_print(traffic, &out);
	assert_contains(out.data,
		"mediastore_gateway_requests_total{method=\"GET\",route=\"/a/{pid...}\",code=\"200\"} 2\n");
	assert_contains(out.data, "{method=\"GET\",route=\"/a/{pid...}\",code=\"404\"} 1\n");
	assert_contains(out.data, "{method=\"\",route=\"\",code=\"404\"} 1\n");
	assert_contains(out.data, "mediastore_gateway_request_duration_seconds_count{method=\"GET\",route=\"/"
				  "a/{pid...}\"} 3\n");
	assert_contains(out.data, "_seconds_sum{method=\"GET\",route=\"/a/{pid...}\"} 0.026\n");
	assert_null(strstr(out.data, "PUT"));
	traffic_free(traffic);
}

static void rare_statuses_count_as_their_hundreds_first(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf out = {0};
	struct traffic *traffic = traffic_create(TABLE);
	traffic_count(traffic, &TABLE[1], 418, 1);
	traffic_count(traffic, &TABLE[1], 0, 1);
	traffic_count(NULL, &TABLE[1], 200, 1);
	traffic_print(traffic, &out);
	assert_contains(out.data, "code=\"400\"} 1\n");
	assert_contains(out.data, "code=\"300\"} 1\n");
	traffic_free(traffic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_counted_by_route_and_status),
		cmocka_unit_test(rare_statuses_count_as_their_hundreds_first),
	};
	return cmocka_run_group_tests_name("http/traffic", tests, NULL, NULL);
}
