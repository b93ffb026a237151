/* SPDX-License-Identifier: MIT */

/*
 * A counter is one number: the moment at which its last failure will be forgotten. The table is
 * set-associative: a key's hash (keyed by a secret of the process, so that nobody can aim at a set)
 * chooses a set of WAYS slots.
 */

#include "domain/login_limit.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/memory.h"
#include "common/random.h"

#include <stdbool.h>
#include <string.h>

enum { SETS = 1024, WAYS = 8, KEY_SIZE = 16, SECRET_SIZE = 32 };

enum kind { PAIR, NAME, ADDRESS, KINDS };

struct slot {
	unsigned char key[KEY_SIZE];
	int64_t until_ms;   /* monotonic; when the counter is back at 0 */
	int64_t trusted_ms; /* of pairs: until when a success is remembered */
};

struct login_limit {
	int64_t failures, window_ms;
	unsigned char secret[SECRET_SIZE];
	pthread_mutex_t lock; /* guards slots */
	struct slot slots[SETS][WAYS];
};

struct login_limit *login_limit_create(int64_t failures, int64_t window_ms)
{
	struct login_limit *limit = memory_alloc(sizeof(*limit));
	limit->failures = failures;
	limit->window_ms = window_ms;
	random_bytes(limit->secret, sizeof(limit->secret));
	pthread_mutex_init(&limit->lock, NULL);
	return limit;
}

void login_limit_free(struct login_limit *limit)
{
	if (!limit)
		return;
	pthread_mutex_destroy(&limit->lock);
	free(limit);
}

static int64_t failures_of(const struct login_limit *limit, enum kind kind)
{
	return kind == PAIR ? limit->failures : limit->failures * LOGIN_LIMIT_SHARED_FACTOR;
}

/* After how long one failure is forgotten. */
static int64_t interval_of(const struct login_limit *limit, enum kind kind)
{
	int64_t interval = limit->window_ms / failures_of(limit, kind);
	return interval > 0 ? interval : 1;
}

/* The parts of the key are told apart by their digests having one length. */
static void make_key(const struct login_limit *limit, enum kind kind, const char *name, const char *address,
	unsigned char out[DIGEST_MAX_SIZE])
{
	unsigned char text[1 + 2 * DIGEST_MAX_SIZE] = {(unsigned char)kind};
	if (kind != ADDRESS)
		digest_sha256(name, strlen(name), text + 1);
	if (kind != NAME)
		digest_sha256(address, strlen(address), text + 1 + DIGEST_MAX_SIZE);
	digest_hmac_sha256(limit->secret, SECRET_SIZE, text, sizeof(text), out);
}

static int64_t later_than(int64_t moment_ms, int64_t now_ms)
{
	return moment_ms > now_ms ? moment_ms - now_ms : 0;
}

/* What forgetting the slot would lose. */
static int64_t worth(const struct slot *slot, int64_t now_ms)
{
	return later_than(slot->until_ms, now_ms) + (slot->trusted_ms > now_ms ? 1 : 0);
}

/* The key's slot; with `make`, one that is taken for it. NULL: there is none. */
static struct slot *find(struct login_limit *limit, const unsigned char *key, bool make, int64_t now_ms)
{
	struct slot *set = limit->slots[(key[KEY_SIZE] | (size_t)key[KEY_SIZE + 1] << 8) % SETS];
	struct slot *least = &set[0];
	for (int way = 0; way < WAYS; way++) {
		if (memcmp(set[way].key, key, KEY_SIZE) == 0)
			return &set[way];
		if (worth(&set[way], now_ms) < worth(least, now_ms))
			least = &set[way];
	}
	if (!make)
		return NULL;
	*least = (struct slot){0};
	memcpy(least->key, key, KEY_SIZE);
	return least;
}

/* Above the count of failures that is allowed, by how many milliseconds. */
static int64_t excess(
	const struct login_limit *limit, enum kind kind, const struct slot *slot, int64_t now_ms)
{
	if (!slot)
		return 0;
	int64_t room = (failures_of(limit, kind) - 1) * interval_of(limit, kind);
	return later_than(slot->until_ms, now_ms + room);
}

int64_t login_limit_wait(struct login_limit *limit, const char *name, const char *address)
{
	int64_t now_ms = clock_monotonic_ms(), wait_ms = 0;
	unsigned char key[KINDS][DIGEST_MAX_SIZE];
	for (int kind = 0; kind < KINDS; kind++)
		make_key(limit, kind, name, address, key[kind]);
	LOCK_SCOPE(&limit->lock);
	const struct slot *pair = find(limit, key[PAIR], false, now_ms);
	bool trusted = pair && pair->trusted_ms > now_ms;
	for (enum kind kind = 0; kind < (trusted ? PAIR + 1 : KINDS); kind++) {
		int64_t one_ms = excess(limit, kind, find(limit, key[kind], false, now_ms), now_ms);
		wait_ms = one_ms > wait_ms ? one_ms : wait_ms;
	}
	return wait_ms;
}

void login_limit_failed(struct login_limit *limit, const char *name, const char *address)
{
	int64_t now_ms = clock_monotonic_ms();
	for (enum kind kind = 0; kind < KINDS; kind++) {
		unsigned char key[DIGEST_MAX_SIZE];
		make_key(limit, kind, name, address, key);
		LOCK_SCOPE(&limit->lock);
		struct slot *slot = find(limit, key, true, now_ms);
		int64_t from_ms = slot->until_ms > now_ms ? slot->until_ms : now_ms;
		slot->until_ms = from_ms + interval_of(limit, kind);
	}
}

void login_limit_succeeded(struct login_limit *limit, const char *name, const char *address)
{
	int64_t now_ms = clock_monotonic_ms();
	unsigned char key[DIGEST_MAX_SIZE];
	make_key(limit, PAIR, name, address, key);
	LOCK_SCOPE(&limit->lock);
	struct slot *slot = find(limit, key, true, now_ms);
	slot->until_ms = 0;
	slot->trusted_ms = now_ms + LOGIN_LIMIT_TRUST_MS;
}
