/* SPDX-License-Identifier: MIT */
/*
 * FilesystemStore: a key is a path below the store's directory, an object the file there, as other programs
 * see it too.
 *
 * A put writes a temporary in the same file system, syncs it and renames it into place: readers see the old
 * file or the new one. The directory is opened anew for each call, so that one that is moved, mounted or made
 * while the worker runs is the one in use. A file is given a second name instead of being copied where source
 * and store share a file system: the source stays, and a put that is repeated after a crash finds it. A copy of an
 * object shares its blocks where the file system can do that.
 */
#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "common/write_behind.h"
#include "drivers/file_error.h"
#include "drivers/file_io.h"
#include "drivers/place.h"
#include "drivers/temporary.h"
#include "store/key.h"
#include "store/store_driver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMIT_ATTEMPTS = 100 };

struct filesystem_store {
	struct store base;
	struct place place;
};

/* --- open, close */

static int open_root(const struct store *base, bool make, struct error *err)
{
	return place_open_directory(&((const struct filesystem_store *)base)->place, make, err);
}

static void filesystem_close(struct store *base)
{
	place_release(&((struct filesystem_store *)base)->place);
	free(base);
}

static int filesystem_open(const struct store_environment *environment,
	const struct store_descriptor *descriptor, struct store **out, struct error *err)
{
	struct filesystem_store *store = memory_alloc(sizeof(*store));
	store->base.driver = &filesystem_driver;
	CLEANUP(cleanup_fd) int root = -1;
	if (place_init(&store->place, environment->store_root, descriptor->bucket, err) == 0)
		root = open_root(&store->base, true, err);
	if (root < 0) {
		filesystem_close(&store->base);
		return -1;
	}
	temporary_clean(root);
	*out = &store->base;
	return 0;
}

/* --- put */

static int copy_source(struct source *source, int fd, struct error *err)
{
	struct write_behind behind = {0};
	if (file_allocate(fd, 0, source->size) != 0)
		return file_error(err, errno, "allocate");
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	for (int64_t at = 0;;) {
		ssize_t got = source->read(source, piece, STREAM_BUFFER_SIZE, err);
		if (got <= 0)
			return (int)got;
		if (file_write_at(fd, piece, (size_t)got, at) != 0)
			return file_error(err, errno, "write");
		at += got;
		write_behind_advance(&behind, fd, at);
	}
}

/* Reads all of a file that needs no copy, unless that was done: its source compares it with what it is to be, while
 * the disk takes what it has not taken yet. */
static int check_taken(struct source *source, int fd, struct error *err)
{
	if (source->settled)
		return source->pass_over(source, source->size, err);
	write_behind_all(fd);
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	ssize_t got;
	while ((got = source->read(source, piece, STREAM_BUFFER_SIZE, err)) > 0)
		;
	return (int)got;
}

/* Where the file system can (btrfs, XFS, ...): a copy that costs neither time nor room until one of them changes. Also where
 * no second name can be given, as between two mounts of one file system. */
static bool share_blocks(const struct source *source, int fd)
{
	struct stat status;
	if (!source->file || ioctl(fd, FICLONE, *source->file) != 0)
		return false;
	if (fstat(fd, &status) == 0 && status.st_size == source->size)
		return true;
	(void)!ftruncate(fd, 0);
	return false;
}

/* Objects are as accessible as the directory they live in, whoever made the file. */
static void set_mode(int root, int fd)
{
	struct stat status;
	if (fstat(root, &status) == 0 && fchmod(fd, status.st_mode & 0666) != 0)
		return; /* another owner's file: it is readable, or we would not be here */
}

/* The temporary then holds the bytes, synced. */
static int prepare(struct temporary *temporary, int root, struct source *source, struct error *err)
{
	bool taken = source->path && temporary_link(temporary, root, source->path) == 0;
	if (!taken && temporary_create(temporary, root) != 0)
		return file_error(err, errno, "create temporary");
	if (!taken)
		taken = share_blocks(source, temporary->fd);
	set_mode(root, temporary->fd);
	if ((taken ? check_taken : copy_source)(source, temporary->fd, err) != 0)
		return -1;
	return fsync(temporary->fd) == 0 ? 0 : file_error(err, errno, "fsync");
}

/* 0 done, 1 try again, -1. */
static int try_commit(struct temporary *temporary, int root, const char *key, struct error *err)
{
	const char *leaf;
	CLEANUP(cleanup_fd) int parent = beneath_parent(root, key, true, &leaf);
	if (parent < 0 && errno == ENOTDIR)
		return error_set(err, ERROR_CONFLICT,
			"a part of the key names an object, so there can be none below it");
	if (parent < 0)
		return file_error(err, errno, "open directory");
	if (temporary_rename(temporary, parent, leaf) == 0)
		return fsync(parent) == 0 ? 0 : file_error(err, errno, "fsync directory");
	int reason = errno;
	if (reason == ENOENT) /* a remove has pruned the directory meanwhile */
		return 1;
	if (reason != EISDIR && reason != EEXIST && reason != ENOTEMPTY)
		return file_error(err, reason, "rename");
	if (unlinkat(parent, leaf, AT_REMOVEDIR) == 0) /* an empty one, left by a crash, is in nobody's way */
		return 1;
	return error_set(err, ERROR_CONFLICT, "there are objects below this key, so it cannot be one");
}

static int commit(struct temporary *temporary, int root, const char *key, struct error *err)
{
	for (int attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
		int result = try_commit(temporary, root, key, err);
		if (result == 0)
			return 0;
		if (result < 0) {
			beneath_prune(root, key);
			return -1;
		}
	}
	return error_set_cause(err, ERROR_UNAVAILABLE, "the key's directory does not stay");
}

static int filesystem_put(struct store *base, const char *key, struct source *source,
	const char *content_type, struct error *err)
{
	(void)content_type;
	if (key_check_path(key, err) != 0)
		return -1;
	CLEANUP(cleanup_fd) int root = open_root(base, true, err);
	if (root < 0)
		return -1;
	struct temporary temporary = {.directory = -1, .fd = -1};
	int result = prepare(&temporary, root, source, err);
	if (result == 0)
		result = commit(&temporary, root, key, err);
	temporary_release(&temporary);
	return result;
}

/* --- get, stat */

static int open_object(struct store *base, const char *key, int flags, struct stat *status, struct error *err)
{
	if (key_check_path(key, err) != 0)
		return -1;
	CLEANUP(cleanup_fd) int root = open_root(base, false, err);
	if (root < 0)
		return -1;
	CLEANUP(cleanup_fd) int fd = beneath_open(root, key, flags, 0);
	if (fd < 0 || fstat(fd, status) != 0)
		return file_error(err, errno, "open object");
	if (!S_ISREG(status->st_mode))
		return error_set(err, ERROR_NOT_FOUND, NULL);
	return TAKE_FD(fd);
}

static int64_t modified_ms(const struct stat *status)
{
	return (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
}

static int filesystem_stat(struct store *base, const char *key, struct object_info *out, struct error *err)
{
	struct stat status;
	CLEANUP(cleanup_fd) int fd = open_object(base, key, O_PATH, &status, err);
	if (fd < 0)
		return -1;
	*out = (struct object_info){.size = status.st_size, .modified_unix_ms = modified_ms(&status)};
	return 0;
}

static int filesystem_locate(struct store *base, const char *key, struct buf *path, struct error *err)
{
	const char *bucket = ((const struct filesystem_store *)base)->place.bucket;
	struct stat status;
	int fd = open_object(base, key, O_RDONLY | O_NONBLOCK, &status, err);
	if (fd >= 0 && path)
		buf_printf(path, "%s%s%s", bucket, *bucket ? "/" : "", key);
	return fd;
}

static int send_bytes(int fd, int64_t first, int64_t end, struct sink *sink, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	while (first < end) {
		size_t want = end - first < STREAM_BUFFER_SIZE ? (size_t)(end - first) : STREAM_BUFFER_SIZE;
		ssize_t got = pread(fd, piece, want, first);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return file_error(err, errno, "read");
		if (got == 0)
			return error_set_cause(
				err, ERROR_INTERNAL, "the file became shorter while it was read");
		if (sink->write(sink, piece, (size_t)got, err) != 0)
			return -1;
		first += got;
	}
	return 0;
}

static int filesystem_get(struct store *base, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	struct stat status;
	CLEANUP(cleanup_fd) int fd = open_object(base, key, O_RDONLY | O_NONBLOCK, &status, err);
	if (fd < 0)
		return -1;
	bool whole = first == 0 && last == -1;
	if (!whole && first >= status.st_size)
		return error_set(err, ERROR_RANGE, NULL);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	int64_t end = last == -1 || last >= status.st_size ? status.st_size : last + 1;
	return send_bytes(fd, first, end, sink, err);
}

/* --- remove */

static int filesystem_remove(struct store *base, const char *key, struct error *err)
{
	if (key_check_path(key, err) != 0)
		return -1;
	CLEANUP(cleanup_fd) int root = open_root(base, false, err);
	if (root < 0)
		return -1;
	const char *leaf;
	CLEANUP(cleanup_fd) int parent = beneath_parent(root, key, false, &leaf);
	if (parent < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : file_error(err, errno, "open directory");
	if (unlinkat(parent, leaf, 0) != 0)
		return errno == ENOENT || errno == EISDIR ? 0 : file_error(err, errno, "unlink");
	if (fsync(parent) != 0)
		return file_error(err, errno, "fsync directory");
	beneath_prune(root, key);
	return 0;
}

/* --- list */

/* Directories still to be read, each relative to the root with a slash behind it, so that depth costs no
 * descriptors. */
struct walk {
	int root;
	const char *prefix;
	int (*visit)(void *context, const char *key, const struct object_info *info);
	void *context;
	char **pending;
	size_t count, capacity;
};

static void push(struct walk *walk, char *directory)
{
	if (walk->count == walk->capacity) {
		walk->capacity = walk->capacity ? 2 * walk->capacity : 16;
		walk->pending = memory_resize(walk->pending, walk->capacity * sizeof(*walk->pending));
	}
	walk->pending[walk->count++] = directory;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_key(const char *path)
{
	struct error ignored;
	return key_check(path, &ignored) == 0 && key_check_path(path, &ignored) == 0;
}

/* What visit() said, 0 to go on. Files that no key can name are passed over; linked directories are not
 * entered, they may form circles. */
static int walk_entry(struct walk *walk, int directory, const char *path, const char *name)
{
	struct stat status;
	if (!is_key(path) || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	if (S_ISDIR(status.st_mode)) {
		char *below = memory_printf("%s/", path);
		if (starts_with(below, walk->prefix) || starts_with(walk->prefix, below))
			push(walk, below);
		else
			free(below);
		return 0;
	}
	if (!starts_with(path, walk->prefix))
		return 0;
	if (S_ISLNK(status.st_mode)) {
		CLEANUP(cleanup_fd) int fd = beneath_open(walk->root, path, O_PATH, 0);
		if (fd < 0 || fstat(fd, &status) != 0)
			return 0;
	}
	struct object_info info = {.size = status.st_size, .modified_unix_ms = modified_ms(&status)};
	return S_ISREG(status.st_mode) ? walk->visit(walk->context, path, &info) : 0;
}

static int walk_directory(struct walk *walk, const char *directory, struct error *err)
{
	int fd = beneath_open(walk->root, directory, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) /* gone since it was seen */
		return errno == ENOENT || errno == ENOTDIR ? 0 : file_error(err, errno, "open directory");
	DIR *entries = fdopendir(fd);
	if (!entries) {
		close(fd);
		return file_error(err, ENOMEM, "read directory");
	}
	int result = 0;
	errno = 0;
	for (struct dirent *entry; result == 0 && (entry = readdir(entries)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		CLEANUP(cleanup_free) char *path = memory_printf("%s%s", directory, entry->d_name);
		result = walk_entry(walk, fd, path, entry->d_name);
	}
	if (result == 0 && errno)
		result = file_error(err, errno, "read directory");
	closedir(entries);
	return result;
}

static int filesystem_list(struct store *base, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	CLEANUP(cleanup_fd) int root = open_root(base, false, err);
	if (root < 0)
		return -1;
	struct walk walk = {.root = root, .prefix = prefix, .visit = visit, .context = context};
	int result = 0;
	push(&walk, memory_strdup(""));
	while (walk.count) {
		CLEANUP(cleanup_free) char *directory = walk.pending[--walk.count];
		if (result == 0)
			result = walk_directory(&walk, directory, err);
	}
	free(walk.pending);
	return result;
}

const struct store_driver filesystem_driver = {
	.type = STORE_FILESYSTEM,
	.capabilities =
		STORE_CAN_REPLACE | STORE_CAN_DELETE | STORE_CAN_RANGE | STORE_CAN_LIST | STORE_IS_DURABLE,
	.open = filesystem_open,
	.close = filesystem_close,
	.put = filesystem_put,
	.get = filesystem_get,
	.stat = filesystem_stat,
	.locate = filesystem_locate,
	.remove = filesystem_remove,
	.list = filesystem_list,
};
