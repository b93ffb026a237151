/* SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "store/registry.h"

#include <inttypes.h>
#include <string.h>

struct open_store {
	struct open_store *next;
	int64_t pk;
	char *fingerprint;
	struct store *store;
	int users;
	bool stale; /* replaced: closed when its last user releases it */
};

/* The list is in the order of use, the latest first. */
struct store_cache {
	const struct store_environment *environment;
	pthread_mutex_t lock;
	struct open_store *stores;
	size_t count;
};

struct store_cache *store_cache_create(const struct store_environment *environment)
{
	struct store_cache *cache = memory_alloc(sizeof(*cache));
	cache->environment = environment;
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

static void close_store(struct open_store *open)
{
	if (!open)
		return;
	registry_close(open->store);
	free(open->fingerprint);
	free(open);
}

void store_cache_free(struct store_cache *cache)
{
	if (!cache)
		return;
	while (cache->stores) {
		struct open_store *next = cache->stores->next;
		close_store(cache->stores);
		cache->stores = next;
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* All that opening depends on. Each text is preceded by its length, so that two descriptors never look alike.
 */
static char *make_fingerprint(const struct store_descriptor *descriptor)
{
	const char *const texts[] = {descriptor->bucket, descriptor->site, descriptor->s3_url,
		descriptor->s3_region, descriptor->s3_access_key, descriptor->s3_secret_sealed};
	struct buf out = {0};
	buf_printf(&out, "%d", (int)descriptor->type);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_printf(&out, " %zu:%s", texts[i] ? strlen(texts[i]) : 0, texts[i] ? texts[i] : "");
	return out.data;
}

static void unlink_store(struct store_cache *cache, struct open_store *open)
{
	struct open_store **at = &cache->stores;
	while (*at != open)
		at = &(*at)->next;
	*at = open->next;
	cache->count--;
}

static void link_first(struct store_cache *cache, struct open_store *open)
{
	open->next = cache->stores;
	cache->stores = open;
	cache->count++;
}

/* Under the lock. The store with that fingerprint, one user more; NULL: none. One of the same pk that differs
 * becomes stale. */
static struct open_store *take_open(
	struct store_cache *cache, int64_t pk, const char *fingerprint, struct open_store **unused)
{
	struct open_store *open = cache->stores;
	while (open && (open->pk != pk || open->stale))
		open = open->next;
	if (!open)
		return NULL;
	unlink_store(cache, open);
	if (strcmp(open->fingerprint, fingerprint) != 0) {
		open->stale = true;
		if (open->users)
			link_first(cache, open);
		else
			*unused = open;
		return NULL;
	}
	link_first(cache, open);
	open->users++;
	return open;
}

/* Under the lock: the store unused for longest, unlinked, when there are too many; else NULL. */
static struct open_store *take_surplus(struct store_cache *cache)
{
	if (cache->count <= STORE_CACHE_MAX)
		return NULL;
	struct open_store *oldest = NULL;
	for (struct open_store *open = cache->stores; open; open = open->next)
		if (open->users == 0)
			oldest = open;
	if (oldest)
		unlink_store(cache, oldest);
	return oldest;
}

static struct open_store *find(struct store_cache *cache, int64_t pk, const char *fingerprint)
{
	struct open_store *unused = NULL;
	pthread_mutex_lock(&cache->lock);
	struct open_store *open = take_open(cache, pk, fingerprint, &unused);
	pthread_mutex_unlock(&cache->lock);
	close_store(unused);
	return open;
}

/* Adds the newly opened store, unless another thread was faster: then that one's is used. */
static struct open_store *add(struct store_cache *cache, struct open_store *opened)
{
	struct open_store *unused = NULL;
	pthread_mutex_lock(&cache->lock);
	struct open_store *other = take_open(cache, opened->pk, opened->fingerprint, &unused);
	if (!other)
		link_first(cache, opened);
	struct open_store *surplus = take_surplus(cache);
	pthread_mutex_unlock(&cache->lock);
	close_store(unused);
	close_store(surplus);
	if (other)
		close_store(opened);
	return other ? other : opened;
}

int store_cache_acquire(struct store_cache *cache, const struct store_descriptor *descriptor,
	struct store **out, struct error *err)
{
	CLEANUP(cleanup_free) char *fingerprint = make_fingerprint(descriptor);
	struct open_store *open = find(cache, descriptor->pk, fingerprint);
	if (!open) {
		struct store *store;
		if (registry_open(cache->environment, descriptor, &store, err) != 0)
			return -1;
		open = memory_alloc(sizeof(*open));
		*open = (struct open_store){
			.pk = descriptor->pk, .fingerprint = TAKE(fingerprint), .store = store, .users = 1};
		open = add(cache, open);
	}
	*out = open->store;
	return 0;
}

void store_cache_release(struct store_cache *cache, struct store *store)
{
	if (!store)
		return;
	struct open_store *unused = NULL;
	pthread_mutex_lock(&cache->lock);
	struct open_store *open = cache->stores;
	while (open->store != store)
		open = open->next;
	if (--open->users == 0 && open->stale) {
		unlink_store(cache, open);
		unused = open;
	} else {
		unused = take_surplus(cache);
	}
	pthread_mutex_unlock(&cache->lock);
	close_store(unused);
}
