/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include "common/cleanup.h"
#include "store/key.h"
#include "store/store_driver.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Holds a source to the size it announced. The end is asked for before the last byte is handed on, because a
 * driver that knows the size need not read further: too long a source, or one whose check at the end fails,
 * must fail before the object is whole.
 */
struct sized_source {
	struct source base;
	struct source *inner;
	int64_t passed;
};

static int expect_end(struct source *inner, int64_t size, struct error *err)
{
	char more;
	ssize_t got = inner->read(inner, &more, 1, err);
	if (got < 0)
		return -1;
	if (got > 0)
		return error_set(err, ERROR_SOURCE_FAILED,
			"the source has more than the announced %" PRId64 " bytes", size);
	return 0;
}

static ssize_t sized_read(struct source *base, void *out, size_t size, struct error *err)
{
	struct sized_source *source = (struct sized_source *)base;
	int64_t left = base->size - source->passed;
	if (left == 0 || size == 0)
		return 0;
	if ((uint64_t)size > (uint64_t)left)
		size = (size_t)left;
	ssize_t got = source->inner->read(source->inner, out, size, err);
	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(err, ERROR_SOURCE_FAILED,
			"the source ended after %" PRId64 " of %" PRId64 " bytes", source->passed,
			base->size);
	source->passed += got;
	if (source->passed == base->size && expect_end(source->inner, base->size, err) != 0)
		return -1;
	return got;
}

static int sized_skip(struct source *base, int64_t length, struct error *err)
{
	struct sized_source *source = (struct sized_source *)base;
	if (source->inner->pass_over(source->inner, length, err) != 0)
		return -1;
	source->passed += length;
	return source->passed == base->size ? expect_end(source->inner, base->size, err) : 0;
}

static int sized_rewind(struct source *base, struct error *err)
{
	struct sized_source *source = (struct sized_source *)base;
	source->passed = 0;
	return source->inner->rewind(source->inner, err);
}

/* A file that is taken instead of read is held to its size too. */
static int check_file_size(const struct source *source, struct error *err)
{
	struct stat status;
	if (stat(source->path, &status) != 0)
		return error_set_cause(err, ERROR_SOURCE_FAILED, "stat source file: %s", strerror(errno));
	if (source->size >= 0 && status.st_size != source->size)
		return error_set(err, ERROR_SOURCE_FAILED, "the source has %" PRId64 " of %" PRId64 " bytes",
			(int64_t)status.st_size, source->size);
	return 0;
}

static int supports(const struct store *store, unsigned capability, const char *what, struct error *err)
{
	if (store->driver->capabilities & capability)
		return 0;
	return error_set(
		err, ERROR_UNSUPPORTED, "%s does not support %s", store_type_name(store->driver->type), what);
}

unsigned store_capabilities(const struct store *store)
{
	return store->driver->capabilities;
}

int store_put(struct store *store, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	if (key_check(key, err) != 0 || (source->path && check_file_size(source, err) != 0))
		return -1;
	/* who stores an empty object may never read */
	if (source->size == 0 && expect_end(source, 0, err) != 0)
		return -1;
	struct sized_source sized = {.base = *source, .inner = source};
	sized.base.read = sized_read;
	sized.base.rewind = source->rewind ? sized_rewind : NULL;
	sized.base.pass_over = source->pass_over ? sized_skip : NULL;
	return store->driver->put(store, key, source->size < 0 ? source : &sized.base, content_type, err);
}

int store_get(struct store *store, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	if (key_check(key, err) != 0)
		return -1;
	if (first < 0 || last < -1 || (last >= 0 && last < first))
		return error_set(err, ERROR_RANGE, NULL);
	if ((first != 0 || last != -1) && supports(store, STORE_CAN_RANGE, "ranges", err) != 0)
		return -1;
	return store->driver->get(store, key, first, last, sink, err);
}

int store_stat(struct store *store, const char *key, struct object_info *out, struct error *err)
{
	if (key_check(key, err) != 0)
		return -1;
	return store->driver->stat(store, key, out, err);
}

int store_locate(
	struct store *store, const char *key, struct buf *path, char id[FILE_ID_SIZE], struct error *err)
{
	struct stat status;
	if (!store->driver->locate)
		return 0;
	CLEANUP(cleanup_fd)
	int fd = key_check(key, err) == 0 ? store->driver->locate(store, key, path, err) : -1;
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "look at an object");
	file_id_print(&status, id);
	return 1;
}

int store_open_file(struct store *store, const char *key)
{
	struct error ignored;
	if (!store->driver->locate || key_check(key, &ignored) != 0)
		return -1;
	return store->driver->locate(store, key, NULL, &ignored);
}

int store_remove(struct store *store, const char *key, struct error *err)
{
	struct object_info info;
	if (key_check(key, err) != 0)
		return -1;
	if (store->driver->capabilities & STORE_CAN_DELETE)
		return store->driver->remove(store, key, err);
	if (store->driver->stat(store, key, &info, err) != 0)
		return err->code == ERROR_NOT_FOUND ? 0 : -1;
	return supports(store, STORE_CAN_DELETE, "deleting", err);
}

int store_list(struct store *store, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	if (supports(store, STORE_CAN_LIST, "listing", err) != 0)
		return -1;
	return store->driver->list(store, prefix, visit, context, err);
}
