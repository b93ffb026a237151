/* SPDX-License-Identifier: MIT */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

/*
 * A store's objects in the order of their keys (by bytes), a page at a time, so that whoever goes through them
 * can stop and go on later, also after a crash. A driver that lists in order from anywhere is asked to; of the
 * others the whole listing is gone through for each page, and the page's keys are kept.
 */

#include "store/store.h"

struct store_page_entry {
	char *key;
	struct object_info info;
};

struct store_page {
	struct store_page_entry *items;
	size_t count;
	bool more; /* there are keys after the last one */
};

/* At most `limit` (from 1) objects whose keys are after that one; "": from the first. UNSUPPORTED without LIST. */
MUST_CHECK int store_page(
	struct store *store, const char *after, size_t limit, struct store_page *out, struct error *err);
void store_page_release(struct store_page *page);

#endif
