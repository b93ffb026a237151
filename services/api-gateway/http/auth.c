/* SPDX-License-Identifier: MIT */

/*
 * The cache is direct-mapped: a token has one slot, found by its hash, and a newcomer simply takes it. Misses
 * are not kept, so a token works from the moment it is made, and guessing costs the guesser a query each.
 */

#include "http/auth.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/memory.h"

#include <string.h>
#include <strings.h>

enum { SLOTS = 512, TOKEN_MAX_LENGTH = 512 };

struct slot {
	unsigned char hash[AUTH_HASH_SIZE];
	int64_t until_ms; /* monotonic; 0: empty */
	struct principal principal;
};

struct auth {
	auth_lookup *lookup;
	void *context;
	pthread_mutex_t lock; /* guards slots */
	struct slot slots[SLOTS];
};

struct auth *auth_create(auth_lookup *lookup, void *context)
{
	struct auth *auth = memory_alloc(sizeof(*auth));
	auth->lookup = lookup;
	auth->context = context;
	pthread_mutex_init(&auth->lock, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

int auth_bearer(const char *header, const char **out, struct error *err)
{
	static const char SCHEME[] = "Bearer ";
	if (!header || strncasecmp(header, SCHEME, sizeof(SCHEME) - 1) != 0)
		return error_set(err, ERROR_UNAUTHORIZED, NULL);
	const char *token = header + sizeof(SCHEME) - 1;
	size_t length = 0;
	while (token[length] > ' ' && token[length] < 0x7F)
		length++;
	if (length == 0 || length > TOKEN_MAX_LENGTH || token[length] != '\0')
		return error_set(err, ERROR_UNAUTHORIZED, NULL);
	*out = token;
	return 0;
}

static struct slot *slot_of(struct auth *auth, const unsigned char *hash)
{
	return &auth->slots[(hash[0] | (size_t)hash[1] << 8) % SLOTS];
}

static bool recall(struct auth *auth, const unsigned char *hash, struct principal *out)
{
	LOCK_SCOPE(&auth->lock);
	const struct slot *slot = slot_of(auth, hash);
	if (slot->until_ms <= clock_monotonic_ms() || memcmp(slot->hash, hash, AUTH_HASH_SIZE) != 0)
		return false;
	*out = slot->principal;
	return true;
}

/* asked_ms: when the lookup began; what it found may be that old. */
static void remember(
	struct auth *auth, const unsigned char *hash, const struct principal *principal, int64_t asked_ms)
{
	LOCK_SCOPE(&auth->lock);
	struct slot *slot = slot_of(auth, hash);
	memcpy(slot->hash, hash, AUTH_HASH_SIZE);
	slot->until_ms = asked_ms + AUTH_CACHE_MS;
	slot->principal = *principal;
}

int auth_check(struct auth *auth, const char *header, struct principal *out, struct error *err)
{
	const char *token;
	if (auth_bearer(header, &token, err) != 0)
		return -1;
	unsigned char hash[AUTH_HASH_SIZE];
	digest_sha256(token, strlen(token), hash);
	struct principal found = {0};
	if (!recall(auth, hash, &found)) {
		int64_t asked_ms = clock_monotonic_ms();
		int result = auth->lookup(auth->context, hash, &found, err);
		if (result < 0)
			return -1;
		if (result == 0)
			return error_set(err, ERROR_UNAUTHORIZED, NULL);
		remember(auth, hash, &found, asked_ms);
	}
	if (found.expires_unix_ms && found.expires_unix_ms <= clock_unix_ms())
		return error_set(err, ERROR_UNAUTHORIZED, NULL);
	*out = found;
	return 0;
}
