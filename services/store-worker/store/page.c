/* SPDX-License-Identifier: MIT */
#include "store/page.h"

#include "common/memory.h"
#include "store/store_driver.h"

#include <stdlib.h>
#include <string.h>

/* The smallest keys so far: a heap with the largest of them on top. */
struct collection {
	const char *after;
	size_t limit;
	struct store_page *page;
	bool in_order; /* the first `limit` are all */
};

static bool is_before(const struct store_page_entry *a, const struct store_page_entry *b)
{
	return strcmp(a->key, b->key) < 0;
}

static void swap(struct store_page_entry *a, struct store_page_entry *b)
{
	struct store_page_entry kept = *a;
	*a = *b;
	*b = kept;
}

static void sift_up(struct store_page_entry *items, size_t at)
{
	for (; at && is_before(&items[(at - 1) / 2], &items[at]); at = (at - 1) / 2)
		swap(&items[at], &items[(at - 1) / 2]);
}

static void sift_down(struct store_page_entry *items, size_t count)
{
	for (size_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && is_before(&items[child], &items[child + 1]))
			child++;
		if (!is_before(&items[at], &items[child]))
			return;
		swap(&items[at], &items[child]);
	}
}

static void replace_largest(struct store_page *page, const char *key, const struct object_info *info)
{
	free(page->items[0].key);
	page->items[0] = (struct store_page_entry){memory_strdup(key), *info};
	sift_down(page->items, page->count);
}

/* visit() of a listing. */
static int collect(void *context, const char *key, const struct object_info *info)
{
	struct collection *collection = context;
	struct store_page *page = collection->page;
	if (strcmp(key, collection->after) <= 0)
		return 0;
	if (page->count < collection->limit) {
		page->items[page->count] = (struct store_page_entry){memory_strdup(key), *info};
		sift_up(page->items, page->count++);
		return 0;
	}
	page->more = true;
	if (collection->in_order)
		return 1; /* enough */
	if (strcmp(key, page->items[0].key) < 0)
		replace_largest(page, key, info);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct store_page_entry *)a)->key, ((const struct store_page_entry *)b)->key);
}

int store_page(
	struct store *store, const char *after, size_t limit, struct store_page *out, struct error *err)
{
	*out = (struct store_page){.items = memory_alloc(limit * sizeof(*out->items))};
	struct collection collection = {after, limit, out, store->driver->list_from != NULL};
	int listed = collection.in_order ? store->driver->list_from(store, after, collect, &collection, err)
					 : store_list(store, "", collect, &collection, err);
	if (listed < 0) {
		store_page_release(out);
		return -1;
	}
	qsort(out->items, out->count, sizeof(*out->items), by_key);
	return 0;
}

void store_page_release(struct store_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->items[i].key);
	free(page->items);
	*page = (struct store_page){0};
}
