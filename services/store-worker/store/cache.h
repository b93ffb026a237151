/* SPDX-License-Identifier: MIT */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

/*
 * Open stores, found by the pk of their descriptor. A store whose descriptor has changed (new credentials,
 * another bucket) is opened anew; who still uses the old one finishes with it. Any number of threads; the
 * lock is never held while a store is opened or used.
 */

#include "store/store_driver.h"

enum { STORE_CACHE_MAX = 256 /* open at once and unused; the one unused longest is closed first */ };

struct store_cache;

/* `environment` is borrowed and must outlive the cache. */
struct store_cache *store_cache_create(const struct store_environment *environment);
/* Every store must have been released. NULL is accepted. */
void store_cache_free(struct store_cache *cache);
/* Lends the store until store_cache_release(). Errors: those of opening it. */
MUST_CHECK int store_cache_acquire(struct store_cache *cache, const struct store_descriptor *descriptor,
	struct store **out, struct error *err);
void store_cache_release(struct store_cache *cache, struct store *store); /* NULL is accepted */

#endif
