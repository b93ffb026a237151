/* SPDX-License-Identifier: MIT */
#include "common/http_client.h"

#include "common/address_policy.h"
#include "support/http_client_fixture.h"

/* A client that may not connect to everything: whatever the URL calls the address. */

static int ask(const char *networks, const char *host)
{
	struct address_policy *policy;
	struct error err = {0};
	assert_int_equal(address_policy_create(networks, &policy, &err), 0);
	const struct http_client_options options = {.connect_timeout_ms = 2000, .addresses = policy};
	struct http_client *guarded = http_client_create(&options);
	char text[128];
	snprintf(text, sizeof(text), "http://%s:%d/echo", host, http_server_port(server));
	struct http_call call = get(text);
	struct http_reply *reply = NULL;
	int status = http_client_run(guarded, &call, &reply, &err) == 0 ? http_reply_status(reply) : -1;
	if (status == -1) {
		assert_int_equal(err.code, ERROR_FORBIDDEN);
		assert_null(strstr(err.message, "127")); /* what a name resolves to is not told */
	}
	http_reply_free(reply);
	http_client_free(guarded);
	address_policy_free(policy);
	return status;
}

static void no_spelling_of_a_private_address_is_connected_to(void **state)
{
	(void)state;
	static const char *const SPELLINGS[] = {"127.0.0.1", "2130706433", "0x7f000001", "0x7f.1",
		"017700000001", "127.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[::]"};
	for (size_t i = 0; i < sizeof(SPELLINGS) / sizeof(SPELLINGS[0]); i++)
		if (ask(NULL, SPELLINGS[i]) != -1)
			fail_msg("%s", SPELLINGS[i]);
}

static void a_named_network_is_connected_to(void **state)
{
	(void)state;
	assert_int_equal(ask("127.0.0.0/8", "127.0.0.1"), 200);
	assert_int_equal(ask("127.0.0.0/8", "2130706433"), 200);
	assert_int_equal(ask("10.0.0.0/8", "127.0.0.1"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_spelling_of_a_private_address_is_connected_to),
		cmocka_unit_test(a_named_network_is_connected_to),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
