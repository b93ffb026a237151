/* SPDX-License-Identifier: MIT */
#include "http/proxies.h"

#include "common/arena.h"

#include "support/cmocka.h"

static void assert_client(const char *setting, const char *peer, const char *forwarded, const char *expected)
{
	struct arena *arena = arena_create();
	struct proxies *proxies;
	struct error err;
	assert_int_equal(proxies_create(setting, &proxies, &err), 0);
	assert_string_equal(proxies_client(proxies, peer, forwarded, arena), expected);
	proxies_free(proxies);
	arena_free(arena);
}

static void nobody_is_believed_unless_named(void **state)
{
	(void)state;
	assert_client(NULL, "192.0.2.1", "203.0.113.5", "192.0.2.1");
	assert_client("10.0.0.1", "192.0.2.1", "203.0.113.5", "192.0.2.1");
	assert_client("10.0.0.1", "10.0.0.1", NULL, "10.0.0.1");
}

static void trusted_proxy_says_who_the_client_is(void **state)
{
	(void)state;
	assert_client("10.0.0.1", "10.0.0.1", "203.0.113.5", "203.0.113.5");
	assert_client("10.0.0.1", "10.0.0.1", "2001:db8::7", "2001:db8::7");
	assert_client("192.168.0.0/16, 10.0.0.0/8", "10.9.8.7", " 203.0.113.5 ", "203.0.113.5");
}

static void what_the_client_itself_claims_is_not_believed(void **state)
{
	(void)state;
	assert_client("10.0.0.1", "10.0.0.1", "198.51.100.9, 203.0.113.5", "203.0.113.5");
}

static void chain_of_trusted_proxies_is_followed(void **state)
{
	(void)state;
	assert_client("10.0.0.0/8", "10.0.0.1", "1.2.3.4,203.0.113.5, 10.0.0.2 ,10.0.0.3", "203.0.113.5");
	assert_client("10.0.0.0/8", "10.0.0.1", "10.0.0.2", "10.0.0.2");
}

static void nonsense_leaves_the_proxys_own_address(void **state)
{
	(void)state;
	const char *const nonsense[] = {"", "unknown", "203.0.113.5, unknown", "203.0.113.5:80", ","};
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_client("10.0.0.1", "10.0.0.1", nonsense[i], "10.0.0.1");
}

static void what_is_no_network_is_refused_at_start(void **state)
{
	(void)state;
	const char *const wrong[] = {
		"10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "proxy.example", "10.0.0.1 x"};
	struct proxies *proxies;
	struct error err;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(proxies_create(wrong[i], &proxies, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_believed_unless_named),
		cmocka_unit_test(trusted_proxy_says_who_the_client_is),
		cmocka_unit_test(what_the_client_itself_claims_is_not_believed),
		cmocka_unit_test(chain_of_trusted_proxies_is_followed),
		cmocka_unit_test(nonsense_leaves_the_proxys_own_address),
		cmocka_unit_test(what_is_no_network_is_refused_at_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
