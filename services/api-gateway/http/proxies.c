/* SPDX-License-Identifier: MIT */
#include "http/proxies.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/memory.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct network {
	uint32_t address, mask; /* in host order */
};

struct proxies {
	size_t count;
	struct network *networks;
};

static int parse_address(const char *text, uint32_t *out)
{
	struct in_addr address;
	if (inet_pton(AF_INET, text, &address) != 1)
		return -1;
	*out = ntohl(address.s_addr);
	return 0;
}

/* "10.0.0.1" or "10.0.0.0/8"; the text is cut at the slash. */
static int parse_network(char *text, struct network *out)
{
	char *slash = strchr(text, '/'), *end = NULL;
	long bits = 32;
	if (slash) {
		*slash = '\0';
		bits = strtol(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end || bits > 32)
			return -1;
	}
	out->mask = bits ? UINT32_MAX << (32 - bits) : 0;
	return parse_address(text, &out->address);
}

int proxies_create(const char *setting, struct proxies **out, struct error *err)
{
	*out = NULL;
	if (!setting)
		return 0;
	CLEANUP(cleanup_free) char *text = memory_strdup(setting);
	struct proxies *proxies = memory_alloc(sizeof(*proxies));
	proxies->networks = memory_alloc((strlen(text) + 1) * sizeof(*proxies->networks));
	char *rest = text;
	for (char *word; (word = strsep(&rest, ", "));) {
		if (!*word)
			continue;
		if (parse_network(word, &proxies->networks[proxies->count++])) {
			proxies_free(proxies);
			return error_set(err, ERROR_INVALID,
				"MEDIASTORE_TRUSTED_PROXIES: %s is no IPv4 address or network such as "
				"10.0.0.0/8",
				word);
		}
	}
	*out = proxies;
	return 0;
}

void proxies_free(struct proxies *proxies)
{
	if (!proxies)
		return;
	free(proxies->networks);
	free(proxies);
}

static bool trusts(const struct proxies *proxies, const char *text)
{
	uint32_t address;
	if (parse_address(text, &address))
		return false;
	for (size_t i = 0; i < proxies->count; i++)
		if (((address ^ proxies->networks[i].address) & proxies->networks[i].mask) == 0)
			return true;
	return false;
}

/* Cuts the last element off the list, without blanks around it. */
static char *take_last(char *list)
{
	char *comma = strrchr(list, ',');
	char *word = comma ? comma + 1 : list;
	word += strspn(word, " \t");
	word[strcspn(word, " \t")] = '\0';
	if (comma)
		*comma = '\0';
	return word;
}

const char *proxies_client(
	const struct proxies *proxies, const char *peer, const char *forwarded, struct arena *arena)
{
	const char *client = peer;
	if (!proxies || !peer || !forwarded)
		return peer;
	char *list = arena_strdup(arena, forwarded);
	for (bool more = true; more && trusts(proxies, client);) {
		more = strchr(list, ',') != NULL;
		const char *before = take_last(list);
		uint8_t address[sizeof(struct in6_addr)];
		if (inet_pton(AF_INET, before, address) != 1 && inet_pton(AF_INET6, before, address) != 1)
			break; /* "unknown", nonsense: the proxy's own address is all that is known */
		client = before;
	}
	return client;
}
