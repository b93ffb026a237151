/* SPDX-License-Identifier: MIT */
/*
 * DictStore: objects in the memory of this process, for what is small, short-lived and wanted at once. A
 * store is found again by (site, bucket) for as long as the process lives, whether or not it is open. That
 * one process owns a site's DictStores is the queue's doing (single active consumer), not this driver's.
 */
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/ram_object.h"
#include "store/store_driver.h"

#include <pthread.h>
#include <search.h>
#include <string.h>

struct slot {
	char *key;
	struct ram_object *object;
};

/* The lock covers the tree, never a transfer. */
struct shelf {
	struct shelf *next;
	char *site, *bucket;
	pthread_mutex_t lock;
	void *tree; /* of struct slot by key, see tsearch(3) */
};

struct ram_store {
	struct store base;
	struct shelf *shelf;
};

/* Never freed: the bytes are to outlive the stores that were opened on them. */
static struct shelf *shelves;
static pthread_mutex_t shelves_lock = PTHREAD_MUTEX_INITIALIZER;

static struct shelf *find_shelf(const char *site, const char *bucket)
{
	LOCK_SCOPE(&shelves_lock);
	for (struct shelf *shelf = shelves; shelf; shelf = shelf->next)
		if (strcmp(shelf->site, site) == 0 && strcmp(shelf->bucket, bucket) == 0)
			return shelf;
	struct shelf *shelf = memory_alloc(sizeof(*shelf));
	shelf->site = memory_strdup(site);
	shelf->bucket = memory_strdup(bucket);
	pthread_mutex_init(&shelf->lock, NULL);
	shelf->next = shelves;
	shelves = shelf;
	return shelf;
}

static struct shelf *shelf_of(struct store *base)
{
	return ((struct ram_store *)base)->shelf;
}

static int compare_slots(const void *left, const void *right)
{
	return strcmp(((const struct slot *)left)->key, ((const struct slot *)right)->key);
}

/* The slot of a key, NULL without. Under the shelf's lock. */
static struct slot *find_slot(struct shelf *shelf, const char *key)
{
	struct slot wanted = {.key = (char *)key};
	struct slot **found = tfind(&wanted, &shelf->tree, compare_slots);
	return found ? *found : NULL;
}

/* A reference to the key's object. NULL and NOT_FOUND. */
static struct ram_object *find_object(struct shelf *shelf, const char *key, struct error *err)
{
	LOCK_SCOPE(&shelf->lock);
	struct slot *slot = find_slot(shelf, key);
	if (slot)
		return ram_object_ref(slot->object);
	error_set(err, ERROR_NOT_FOUND, NULL);
	return NULL;
}

static void cleanup_object(struct ram_object **object)
{
	ram_object_unref(*object);
}

static int ram_open(const struct store_environment *environment, const struct store_descriptor *descriptor,
	struct store **out, struct error *err)
{
	(void)err;
	ram_set_limit(environment->ram_limit);
	struct ram_store *store = memory_alloc(sizeof(*store));
	store->base.driver = &ram_driver;
	store->shelf = find_shelf(
		descriptor->site ? descriptor->site : "", descriptor->bucket ? descriptor->bucket : "");
	*out = &store->base;
	return 0;
}

static void ram_close(struct store *base)
{
	free(base);
}

/* Puts the object in the key's place and returns what was there. */
static struct ram_object *exchange(struct shelf *shelf, const char *key, struct ram_object *object)
{
	LOCK_SCOPE(&shelf->lock);
	struct slot *slot = find_slot(shelf, key);
	if (slot) {
		struct ram_object *before = slot->object;
		slot->object = object;
		return before;
	}
	slot = memory_alloc(sizeof(*slot));
	*slot = (struct slot){memory_strdup(key), object};
	if (!tsearch(slot, &shelf->tree, compare_slots))
		abort(); /* as memory_alloc() would */
	return NULL;
}

static int ram_put(struct store *base, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	(void)content_type;
	struct ram_object *object;
	if (ram_object_read(source, (int64_t)(strlen(key) + sizeof(struct slot)), &object, err) != 0)
		return -1;
	ram_object_unref(exchange(shelf_of(base), key, object));
	return 0;
}

static int ram_get(struct store *base, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	CLEANUP(cleanup_object) struct ram_object *object = find_object(shelf_of(base), key, err);
	if (!object)
		return -1;
	int64_t size = ram_object_size(object);
	bool whole = first == 0 && last == -1;
	if (!whole && first >= size)
		return error_set(err, ERROR_RANGE, NULL);
	return ram_object_write(object, first, last == -1 || last >= size ? size : last + 1, sink, err);
}

static int ram_stat(struct store *base, const char *key, struct object_info *out, struct error *err)
{
	CLEANUP(cleanup_object) struct ram_object *object = find_object(shelf_of(base), key, err);
	if (!object)
		return -1;
	*out = (struct object_info){
		.size = ram_object_size(object), .modified_unix_ms = ram_object_modified_ms(object)};
	return 0;
}

static int ram_remove(struct store *base, const char *key, struct error *err)
{
	(void)err;
	struct shelf *shelf = shelf_of(base);
	struct slot *slot;
	{
		LOCK_SCOPE(&shelf->lock);
		slot = find_slot(shelf, key);
		if (slot)
			tdelete(slot, &shelf->tree, compare_slots);
	}
	if (!slot)
		return 0;
	ram_object_unref(slot->object);
	free(slot->key);
	free(slot);
	return 0;
}

/* --- list: a snapshot under the lock, then the visits without it */

struct snapshot {
	const char *prefix;
	struct found {
		char *key;
		struct object_info info;
	} * found;
	size_t count, capacity;
};

static void note(const void *node, VISIT which, void *context)
{
	struct snapshot *snapshot = context;
	const struct slot *slot = *(struct slot *const *)node;
	if ((which != postorder && which != leaf) ||
		strncmp(slot->key, snapshot->prefix, strlen(snapshot->prefix)) != 0)
		return;
	if (snapshot->count == snapshot->capacity) {
		snapshot->capacity = snapshot->capacity ? 2 * snapshot->capacity : 64;
		snapshot->found =
			memory_resize(snapshot->found, snapshot->capacity * sizeof(*snapshot->found));
	}
	snapshot->found[snapshot->count++] = (struct found){
		memory_strdup(slot->key), {.size = ram_object_size(slot->object),
						  .modified_unix_ms = ram_object_modified_ms(slot->object)}};
}

static int ram_list(struct store *base, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	(void)err;
	struct shelf *shelf = shelf_of(base);
	struct snapshot snapshot = {.prefix = prefix};
	{
		LOCK_SCOPE(&shelf->lock);
		twalk_r(shelf->tree, note, &snapshot);
	}
	int result = 0;
	for (size_t i = 0; i < snapshot.count; i++) {
		if (result == 0)
			result = visit(context, snapshot.found[i].key, &snapshot.found[i].info);
		free(snapshot.found[i].key);
	}
	free(snapshot.found);
	return result;
}

const struct store_driver ram_driver = {
	.type = STORE_DICT,
	.capabilities = STORE_CAN_REPLACE | STORE_CAN_DELETE | STORE_CAN_RANGE | STORE_CAN_LIST,
	.open = ram_open,
	.close = ram_close,
	.put = ram_put,
	.get = ram_get,
	.stat = ram_stat,
	.remove = ram_remove,
	.list = ram_list,
};
