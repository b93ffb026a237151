/* SPDX-License-Identifier: MIT */
/*
 * HashdirStore: a FilesystemStore whose files are named by the SHA-256 of the key, two, two and two hex digits
 * as directories and the other 58 as the file's name: ab/cd/ef/0123... Directories stay small however many
 * objects there are, and every key can be held. The key itself is not kept, so there is no listing.
 */
#include "common/digest.h"
#include "common/memory.h"
#include "store/store_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hashdir_store {
	struct store base;
	struct store *files;
};

enum { PATH_SIZE = DIGEST_HEX_SIZE + 3 };

static const char *path_of(const char *key, char out[PATH_SIZE])
{
	char hex[DIGEST_HEX_SIZE];
	digest_sha256_hex(key, strlen(key), hex);
	snprintf(out, PATH_SIZE, "%.2s/%.2s/%.2s/%s", hex, hex + 2, hex + 4, hex + 6);
	return out;
}

static struct store *files_of(struct store *base)
{
	return ((struct hashdir_store *)base)->files;
}

static int hashdir_open(const struct store_environment *environment,
	const struct store_descriptor *descriptor, struct store **out, struct error *err)
{
	struct store *files;
	if (filesystem_driver.open(environment, descriptor, &files, err) != 0)
		return -1;
	struct hashdir_store *store = memory_alloc(sizeof(*store));
	*store = (struct hashdir_store){.base = {&hashdir_driver}, .files = files};
	*out = &store->base;
	return 0;
}

static void hashdir_close(struct store *base)
{
	filesystem_driver.close(files_of(base));
	free(base);
}

static int hashdir_put(struct store *base, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	char path[PATH_SIZE];
	return filesystem_driver.put(files_of(base), path_of(key, path), source, content_type, err);
}

static int hashdir_get(struct store *base, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	char path[PATH_SIZE];
	return filesystem_driver.get(files_of(base), path_of(key, path), first, last, sink, err);
}

static int hashdir_stat(struct store *base, const char *key, struct object_info *out, struct error *err)
{
	char path[PATH_SIZE];
	return filesystem_driver.stat(files_of(base), path_of(key, path), out, err);
}

static int hashdir_locate(struct store *base, const char *key, struct buf *path, struct error *err)
{
	char place[PATH_SIZE];
	return filesystem_driver.locate(files_of(base), path_of(key, place), path, err);
}

static int hashdir_remove(struct store *base, const char *key, struct error *err)
{
	char path[PATH_SIZE];
	return filesystem_driver.remove(files_of(base), path_of(key, path), err);
}

const struct store_driver hashdir_driver = {
	.type = STORE_HASHDIR,
	.capabilities = STORE_CAN_REPLACE | STORE_CAN_DELETE | STORE_CAN_RANGE | STORE_IS_DURABLE,
	.open = hashdir_open,
	.close = hashdir_close,
	.put = hashdir_put,
	.get = hashdir_get,
	.stat = hashdir_stat,
	.locate = hashdir_locate,
	.remove = hashdir_remove,
};
