/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_DRIVER_H
#define STORE_STORE_DRIVER_H

/*
 * What a driver implements: a const vtable, listed in store/registry.c. Keys arrive checked: 1 to
 * STORE_KEY_MAX bytes of UTF-8, no NUL, no control characters; path stores further confine them below
 * their root. Capabilities decide which functions are called: get, stat and put always, the rest where the
 * bit is set. Errors: codes of common/error.h; messages name the key, never a path or secret.
 */

#include "schemas/job_message.h"
#include "store/multipart.h"
#include "store/store.h"

/* Settings of the worker that drivers need; filled from its settings table. */
struct store_environment {
	const char *store_root;       /* path stores live below it */
	int64_t ram_limit;            /* bytes, of all DictStores of this process together */
	int s3_parallel_parts;        /* of one object at once; 0 counts as 1 */
	int64_t s3_part_size;         /* single PUT below, multipart from it on */
	bool sqlite_rollback_journal; /* of databases, in place of write-ahead logs */
	int64_t stall_timeout_ms;
	unsigned char secret_key[32]; /* opens s3_secret_sealed */
	struct http_client *http;     /* to S3 servers */
};

/* Each driver embeds this as its first member. */
struct store {
	const struct store_driver *driver;
};

struct store_driver {
	enum store_type type;
	unsigned capabilities;
	/* Opens the store named by the descriptor, which is borrowed for the call: copy what is kept.
	 * Creates a missing root directory; never a bucket. */
	int (*open)(const struct store_environment *environment, const struct store_descriptor *descriptor,
		struct store **out, struct error *err);
	void (*close)(struct store *store);
	int (*put)(struct store *store, const char *key, struct source *source, const char *content_type,
		struct error *err);
	int (*get)(struct store *store, const char *key, int64_t first, int64_t last, struct sink *sink,
		struct error *err);
	int (*stat)(struct store *store, const char *key, struct object_info *out, struct error *err);
	/* The object's file, open for reading; its path below the store root is appended to *path, unless that
	 * is NULL. NULL: objects are no files. */
	int (*locate)(struct store *store, const char *key, struct buf *path, struct error *err);
	int (*remove)(struct store *store, const char *key, struct error *err);
	int (*list)(struct store *store, const char *prefix,
		int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
		struct error *err);
	/* The same in the order of the keys' bytes, from after that one on; NULL: the store knows no order. */
	int (*list_from)(struct store *store, const char *after,
		int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
		struct error *err);
	const struct store_multipart_driver *multipart; /* NULL: no uploads in parts */
};

extern const struct store_driver filesystem_driver, hashdir_driver, sqlite_driver, zip_driver, ram_driver,
	bucket_driver;

#endif
