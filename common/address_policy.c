/* SPDX-License-Identifier: MIT */
#include "common/address_policy.h"

#include "common/cleanup.h"
#include "common/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_BYTES = 4, IPV6_BYTES = 16, ENTRY_MAX = 64 };

struct network {
	size_t length; /* of the address: 4 or 16 */
	unsigned bits; /* of the prefix */
	unsigned char prefix[IPV6_BYTES];
};

struct address_policy {
	bool any;
	size_t count;
	struct network networks[ADDRESS_NETWORKS_MAX];
};

/* Not globally reachable, or multicast: IANA's special-purpose registries. */
static const struct network SPECIAL_IPV4[] = {
	{IPV4_BYTES, 8, {0}},             /* this network */
	{IPV4_BYTES, 8, {10}},            /* private */
	{IPV4_BYTES, 10, {100, 64}},      /* carrier-grade NAT */
	{IPV4_BYTES, 8, {127}},           /* loopback */
	{IPV4_BYTES, 16, {169, 254}},     /* link-local, where clouds keep their metadata */
	{IPV4_BYTES, 12, {172, 16}},      /* private */
	{IPV4_BYTES, 24, {192, 0, 0}},    /* protocol assignments */
	{IPV4_BYTES, 24, {192, 0, 2}},    /* documentation */
	{IPV4_BYTES, 24, {192, 88, 99}},  /* 6to4 relays */
	{IPV4_BYTES, 16, {192, 168}},     /* private */
	{IPV4_BYTES, 15, {198, 18}},      /* benchmarks */
	{IPV4_BYTES, 24, {198, 51, 100}}, /* documentation */
	{IPV4_BYTES, 24, {203, 0, 113}},  /* documentation */
	{IPV4_BYTES, 4, {224}},           /* multicast */
	{IPV4_BYTES, 4, {240}},           /* reserved, broadcast */
	{0, 0, {0}},
};

/* All of the public IPv6 internet lies in 2000::/3; within it these do not count. */
static const struct network PUBLIC_IPV6 = {IPV6_BYTES, 3, {0x20}};
static const struct network SPECIAL_IPV6[] = {
	{IPV6_BYTES, 23, {0x20, 0x01}},             /* protocol assignments */
	{IPV6_BYTES, 32, {0x20, 0x01, 0x0d, 0xb8}}, /* documentation */
	{IPV6_BYTES, 20, {0x3f, 0xff}},             /* documentation */
	{0, 0, {0}},
};

/* Where an IPv6 address carries an IPv4 address. */
static const struct {
	struct network network;
	size_t offset;
	unsigned char inverted;
} CARRIERS[] = {
	{{IPV6_BYTES, 96, {[10] = 0xff, [11] = 0xff}}, 12, 0}, /* mapped */
	{{IPV6_BYTES, 96, {[8] = 0xff, [9] = 0xff}}, 12, 0},   /* translated */
	{{IPV6_BYTES, 96, {0x00, 0x64, 0xff, 0x9b}}, 12, 0},   /* NAT64 */
	{{IPV6_BYTES, 16, {0x20, 0x02}}, 2, 0},                /* 6to4 */
	{{IPV6_BYTES, 32, {0x20, 0x01}}, 12, 0xff},            /* Teredo */
};
enum { CARRIER_COUNT = sizeof(CARRIERS) / sizeof(CARRIERS[0]) };

static bool contains(const struct network *network, const unsigned char *address, size_t length)
{
	size_t whole = network->bits / 8;
	unsigned rest = network->bits % 8;
	if (network->length != length || memcmp(network->prefix, address, whole) != 0)
		return false;
	return rest == 0 || ((network->prefix[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static bool is_listed(const struct network *table, const unsigned char *address, size_t length)
{
	for (; table->length; table++)
		if (contains(table, address, length))
			return true;
	return false;
}

static bool is_named(const struct address_policy *policy, const unsigned char *address, size_t length)
{
	for (size_t i = 0; i < policy->count; i++)
		if (contains(&policy->networks[i], address, length))
			return true;
	return false;
}

static bool allows_ipv4(const struct address_policy *policy, const unsigned char *address)
{
	return !is_listed(SPECIAL_IPV4, address, IPV4_BYTES) || is_named(policy, address, IPV4_BYTES);
}

static bool allows_ipv6(const struct address_policy *policy, const unsigned char *address)
{
	static const unsigned char COMPATIBLE[12] = {0};
	if (is_named(policy, address, IPV6_BYTES))
		return true;
	for (size_t i = 0; i < CARRIER_COUNT; i++) {
		unsigned char inner[IPV4_BYTES];
		if (!contains(&CARRIERS[i].network, address, IPV6_BYTES))
			continue;
		for (size_t at = 0; at < IPV4_BYTES; at++)
			inner[at] = address[CARRIERS[i].offset + at] ^ CARRIERS[i].inverted;
		return allows_ipv4(policy, inner);
	}
	/* ::1 and :: among them, which are no IPv4 addresses */
	if (memcmp(address, COMPATIBLE, sizeof(COMPATIBLE)) == 0 && (address[12] || address[13]))
		return allows_ipv4(policy, address + 12);
	return contains(&PUBLIC_IPV6, address, IPV6_BYTES) && !is_listed(SPECIAL_IPV6, address, IPV6_BYTES);
}

bool address_policy_allows(const struct address_policy *policy, const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		return policy->any || allows_ipv4(policy, (const unsigned char *)&in->sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		return policy->any || allows_ipv6(policy, in6->sin6_addr.s6_addr);
	}
	return false;
}

/* --- reading the list */

/* Bits beyond the prefix must be 0: what was meant by others is not clear. */
static bool is_clean(const struct network *network)
{
	struct network all_zero = {network->length, 8 * (unsigned)network->length, {0}};
	unsigned char rest[IPV6_BYTES];
	memcpy(rest, network->prefix, sizeof(rest));
	for (unsigned bit = 0; bit < network->bits; bit++)
		rest[bit / 8] &= (unsigned char)~(0x80U >> (bit % 8));
	return contains(&all_zero, rest, network->length);
}

static int parse_network(char *text, struct network *out)
{
	char *slash = strchr(text, '/'), *end = NULL;
	if (slash)
		*slash = '\0';
	*out = (struct network){0};
	if (inet_pton(AF_INET, text, out->prefix) == 1)
		out->length = IPV4_BYTES;
	else if (inet_pton(AF_INET6, text, out->prefix) == 1)
		out->length = IPV6_BYTES;
	else
		return -1;
	out->bits = 8 * (unsigned)out->length;
	if (!slash)
		return 0;
	unsigned long bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > out->bits)
		return -1;
	out->bits = (unsigned)bits;
	return is_clean(out) ? 0 : -1;
}

static int add(struct address_policy *policy, const char *entry, size_t length, struct error *err)
{
	char text[ENTRY_MAX];
	if (length == 3 && memcmp(entry, "any", 3) == 0) {
		policy->any = true;
		return 0;
	}
	if (policy->count == ADDRESS_NETWORKS_MAX)
		return error_set(err, ERROR_INVALID, "more than %d networks", ADDRESS_NETWORKS_MAX);
	size_t copied = length < sizeof(text) ? length : sizeof(text) - 1;
	memcpy(text, entry, copied);
	text[copied] = '\0';
	if (copied == length && parse_network(text, &policy->networks[policy->count]) == 0) {
		policy->count++;
		return 0;
	}
	return error_set(err, ERROR_INVALID, "\"%.*s\" is no network such as 10.0.0.0/8 or fd00::/8",
		(int)copied, entry);
}

int address_policy_create(const char *networks, struct address_policy **out, struct error *err)
{
	static const char BETWEEN[] = ", ";
	struct address_policy *policy = memory_alloc(sizeof(*policy));
	for (const char *at = networks ? networks : ""; *(at += strspn(at, BETWEEN));) {
		size_t length = strcspn(at, BETWEEN);
		if (add(policy, at, length, err)) {
			free(policy);
			return -1;
		}
		at += length;
	}
	*out = policy;
	return 0;
}

void address_policy_free(struct address_policy *policy)
{
	free(policy);
}
