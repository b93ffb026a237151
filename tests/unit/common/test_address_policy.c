/* SPDX-License-Identifier: MIT */
#include "common/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static bool allows(const char *networks, const char *text)
{
	struct address_policy *policy;
	struct error err;
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	assert_int_equal(address_policy_create(networks, &policy, &err), 0);
	bool is_ipv4 = inet_pton(AF_INET, text, &in.sin_addr) == 1;
	if (!is_ipv4)
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	bool allowed = address_policy_allows(
		policy, is_ipv4 ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6);
	address_policy_free(policy);
	return allowed;
}

static void all_are(bool expected, const char *networks, const char *const *addresses)
{
	for (; *addresses; addresses++)
		if (allows(networks, *addresses) != expected)
			fail_msg("%s", *addresses);
}

static void public_addresses_are_allowed(void **state)
{
	(void)state;
	all_are(true, NULL,
		(const char *const[]){"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
			"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.0.1", "169.255.0.1",
			"172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0",
			"198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
			"2003::1", "3fff:1000::1", NULL});
}

static void special_ipv4_addresses_are_refused(void **state)
{
	(void)state;
	all_are(false, NULL,
		(const char *const[]){"0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0",
			"100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254",
			"172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
			"192.168.0.0", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1",
			"203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", NULL});
}

static void special_ipv6_addresses_are_refused(void **state)
{
	(void)state;
	all_are(false, "",
		(const char *const[]){"::", "::1", "::2", "fe80::1", "febf::1", "fec0::1", "fc00::1",
			"fd12:3456::1", "ff02::1", "100::1", "2001:db8::1", "2001:2::1", "2001:10::1",
			"3fff::1", "4000::1", "64:ff9b:1::101:101", "5f00::1", NULL});
}

static void ipv4_inside_ipv6_is_judged_as_ipv4(void **state)
{
	(void)state;
	all_are(false, NULL,
		(const char *const[]){"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
			"::ffff:0.0.0.0", "::ffff:0:127.0.0.1", "::127.0.0.1", "::10.0.0.1",
			"64:ff9b::127.0.0.1", "64:ff9b::192.168.1.1", "2002:7f00:1::", "2002:c0a8:101::1",
			"2001:0:4136:e378:8000:63bf:80ff:fffe" /* 127.0.0.1 inverted */, NULL});
	all_are(true, NULL,
		(const char *const[]){"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", NULL});
}

static void named_networks_are_allowed_and_no_others(void **state)
{
	(void)state;
	static const char NETWORKS[] = "10.1.0.0/16, 127.0.0.1,fd00:1::/32,, 192.168.4.0/22";
	all_are(true, NETWORKS,
		(const char *const[]){"10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "127.0.0.1", "fd00:1::5",
			"192.168.4.0", "192.168.7.255", "8.8.8.8", NULL});
	all_are(false, NETWORKS,
		(const char *const[]){"10.0.255.255", "10.2.0.0", "127.0.0.2", "fd00:2::5", "192.168.3.255",
			"192.168.8.0", "::1", NULL});
}

static void any_and_zero_prefixes_allow_everything(void **state)
{
	(void)state;
	all_are(true, "any", (const char *const[]){"127.0.0.1", "::1", "0.0.0.0", "fe80::1", NULL});
	all_are(true, "0.0.0.0/0", (const char *const[]){"127.0.0.1", "::ffff:127.0.0.1", NULL});
	all_are(false, "0.0.0.0/0", (const char *const[]){"::1", "fe80::1", NULL});
	all_are(true, "::/0", (const char *const[]){"::1", "::ffff:127.0.0.1", NULL});
	all_are(false, "::/0", (const char *const[]){"127.0.0.1", NULL});
}

static void other_families_are_refused(void **state)
{
	(void)state;
	struct address_policy *policy;
	struct error err;
	struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
	assert_int_equal(address_policy_create("any", &policy, &err), 0);
	assert_false(address_policy_allows(policy, (const struct sockaddr *)&local));
	address_policy_free(policy);
}

static void malformed_lists_are_refused_by_the_entry(void **state)
{
	(void)state;
	static const char *const BAD[] = {"10.0.0.0/33", "10.0.0.1/8", "::1/129", "fd00::1/8", "10/8",
		"2130706433", "0x7f.1", "localhost", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/+8",
		"10.0.0.0/8/8", "anyone",
		"10.0.0.0000000000000000000000000000000000000000000000000000000000000000000"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct address_policy *policy = NULL;
		struct error err = {0};
		if (address_policy_create(BAD[i], &policy, &err) != -1)
			fail_msg("%s", BAD[i]);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.message, "is no network"));
		assert_null(policy);
	}
}

static void too_many_networks_are_refused(void **state)
{
	(void)state;
	char text[16 * (ADDRESS_NETWORKS_MAX + 2)] = "";
	struct address_policy *policy = NULL;
	struct error err = {0};
	for (int i = 0; i <= ADDRESS_NETWORKS_MAX; i++)
		strcat(text, "10.0.0.0/8,");
	assert_int_equal(address_policy_create(text, &policy, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_addresses_are_allowed),
		cmocka_unit_test(special_ipv4_addresses_are_refused),
		cmocka_unit_test(special_ipv6_addresses_are_refused),
		cmocka_unit_test(ipv4_inside_ipv6_is_judged_as_ipv4),
		cmocka_unit_test(named_networks_are_allowed_and_no_others),
		cmocka_unit_test(any_and_zero_prefixes_allow_everything),
		cmocka_unit_test(other_families_are_refused),
		cmocka_unit_test(malformed_lists_are_refused_by_the_entry),
		cmocka_unit_test(too_many_networks_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
