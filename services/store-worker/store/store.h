/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * A store holds objects: runs of bytes under a key. This is the callers' side; store_driver.h is what a driver implements.
 * The functions here check keys, test capabilities and derive defaults, so drivers hold no checks and callers no NULL tests.
 *
 * Promises of every store (the conformance suite in tests/ holds all drivers to them):
 *   put    is all or nothing: no reader sees the key until it returns 0, and a failing source leaves neither key nor temporary behind. What
 *          returned 0 is durable (DURABLE stores). It replaces an existing key atomically where REPLACE, else CONFLICT. Safe to repeat.
 *   get    reports NOT_FOUND and RANGE before the first byte reaches the sink.
 *   remove of a missing key is success: safe to repeat.
 * One store may be used by any number of threads at once.
 */

#include "common/error.h"
#include "common/file_id.h"
#include "store/stream.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

enum store_capability {
	STORE_CAN_REPLACE = 1 << 0,
	STORE_CAN_DELETE = 1 << 1,
	STORE_CAN_RANGE = 1 << 2,
	STORE_CAN_LIST = 1 << 3,
	STORE_IS_DURABLE = 1 << 4, /* survives the worker */
	STORE_IS_SHARED = 1 << 5,  /* reachable by every worker */
};

enum { STORE_KEY_MAX = 1024 };

struct object_info {
	int64_t size;
	int64_t modified_unix_ms; /* 0 unknown */
};

unsigned store_capabilities(const struct store *store);

/* Stores `source` under key. `source->size` is kept: more or fewer bytes are SOURCE_FAILED. content_type
 * may be NULL. The other codes: the source's own, INVALID (key), FULL, CONFLICT, UNAVAILABLE. The source is read to
 * its end, also where its file becomes the object without a copy. */
MUST_CHECK int store_put(struct store *store, const char *key, struct source *source,
	const char *content_type, struct error *err);
/* Pushes bytes first..last (inclusive, last -1: to the end) to the sink. RANGE when first is beyond the
 * end (an empty object has no range but the whole: first 0, last -1). */
MUST_CHECK int store_get(struct store *store, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err);
MUST_CHECK int store_stat(struct store *store, const char *key, struct object_info *out, struct error *err);
/* 1 when the object is a file: its path below the store root, and what file_id.h says of it. 0 when it is none, or -1. */
MUST_CHECK int store_locate(
	struct store *store, const char *key, struct buf *path, char id[FILE_ID_SIZE], struct error *err);
/* That file, open for reading, which the caller closes; -1 when there is none. */
int store_open_file(struct store *store, const char *key);
/* UNSUPPORTED without DELETE, when the key is there. */
MUST_CHECK int store_remove(struct store *store, const char *key, struct error *err);
/* Calls visit for every object whose key begins with prefix, in no promised order, until it returns
 * non-zero; that value is returned. -1 with *err on failure. UNSUPPORTED without LIST. */
MUST_CHECK int store_list(struct store *store, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err);

#endif
