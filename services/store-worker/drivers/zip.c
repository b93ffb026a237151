/* SPDX-License-Identifier: MIT */
/*
 * ZipStore: one archive, an object an entry under its key. Entries are added, never replaced or removed; new ones
 * are stored as they are, and compressed ones of other programs are unpacked as they are read.
 *
 * The directory is kept as it was read, for as long as the file looks the same: a get then costs no more than its
 * bytes. Entries never move, so a reader who knows his needs no lock and waits for no writer.
 */
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/staging.h"
#include "drivers/zipfile_archive.h"
#include "drivers/zipfile_journal.h"
#include "drivers/zipfile_name.h"
#include "store/key.h"
#include "store/store_driver.h"

#include <pthread.h>
#include <string.h>

struct zip_store {
	struct store base;
	struct place place;
	int64_t timeout_ms;
	pthread_mutex_t lock; /* of what follows */
	struct zipfile_directory directory;
	struct stat seen; /* the file whose directory this is; st_ino 0: none yet */
};

static struct zip_store *store_of(struct store *base)
{
	return (struct zip_store *)base;
}

/* --- open, close */

static void zip_store_close(struct store *base)
{
	struct zip_store *store = store_of(base);
	zipfile_directory_release(&store->directory);
	pthread_mutex_destroy(&store->lock);
	place_release(&store->place);
	free(store);
}

static int check_name(const char *bucket, struct error *err)
{
	const char *slash = strrchr(bucket, '/');
	const char *name = slash ? slash + 1 : bucket;
	if (!*name)
		return error_set(err, ERROR_INVALID, "the store's path names no file");
	if (strlen(name) > ZIPFILE_JOURNAL_NAME_MAX)
		return error_set(err, ERROR_INVALID, "the archive's name is longer than %d bytes",
			ZIPFILE_JOURNAL_NAME_MAX);
	return 0;
}

/* An archive that cannot be written, or made, may still be read. */
static int prepare(struct zip_store *store, struct error *err)
{
	struct stat status;
	struct error first;
	CLEANUP(zipfile_archive_close) struct zipfile_archive archive;
	if (zipfile_archive_open(&archive, &store->place, true, &first) != 0) {
		zipfile_archive_close(&archive);
		if (zipfile_archive_open(&archive, &store->place, false, err) == 0)
			return 0;
		*err = first;
		return -1;
	}
	temporary_clean(archive.parent);
	if (zipfile_archive_stat(&archive, &status, err) != 0)
		return -1;
	if (status.st_size > 0)
		return 0;
	if (zipfile_archive_lock(&archive, &store->place, true, store->timeout_ms, err) != 0)
		return -1;
	return zipfile_archive_make(&archive, err);
}

static int zip_store_open(const struct store_environment *environment,
	const struct store_descriptor *descriptor, struct store **out, struct error *err)
{
	struct zip_store *store = memory_alloc(sizeof(*store));
	store->base.driver = &zip_driver;
	store->timeout_ms = environment->stall_timeout_ms;
	pthread_mutex_init(&store->lock, NULL);
	if (place_init(&store->place, environment->store_root, descriptor->bucket, err) != 0 ||
		check_name(store->place.bucket, err) != 0 || prepare(store, err) != 0) {
		zip_store_close(&store->base);
		return -1;
	}
	*out = &store->base;
	return 0;
}

/* --- the directory */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool looks_same(const struct stat *a, const struct stat *b)
{
	return is_same_file(a, b) && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The archive is locked: what is known is from now on what it holds. */
static int refresh(struct zip_store *store, const struct zipfile_archive *archive, struct error *err)
{
	struct stat status;
	struct zipfile_directory read;
	if (zipfile_archive_stat(archive, &status, err) != 0)
		return -1;
	pthread_mutex_lock(&store->lock);
	bool known = looks_same(&store->seen, &status);
	pthread_mutex_unlock(&store->lock);
	if (known)
		return 0;
	int result = zipfile_archive_load(archive, &read, err);
	if (result == 0) {
		LOCK_SCOPE(&store->lock);
		struct zipfile_directory old = store->directory;
		store->directory = read;
		store->seen = status;
		read = old;
	}
	zipfile_directory_release(&read);
	return result;
}

/* Looks without a lock. *fresh: what it says is how things stand. */
static int look_up(struct zip_store *store, const struct zipfile_archive *archive, const char *key,
	bool *fresh, struct zipfile_entry *out, struct error *err)
{
	struct stat status;
	if (zipfile_archive_stat(archive, &status, err) != 0)
		return -1;
	LOCK_SCOPE(&store->lock);
	*fresh = looks_same(&store->seen, &status);
	return is_same_file(&store->seen, &status) ? zipfile_directory_find(&store->directory, key, out, err)
						   : 0;
}

/* Locks the archive for reading, and knows its directory. */
static int settle(
	struct zip_store *store, struct zipfile_archive *archive, int64_t timeout_ms, struct error *err)
{
	if (zipfile_archive_lock(archive, &store->place, false, timeout_ms, err) != 0)
		return -1;
	return refresh(store, archive, err);
}

/* Opens the archive and finds the entry. While somebody appends, what was known before is enough for those that
 * were there before. */
static int open_entry(struct zip_store *store, struct zipfile_archive *archive, const char *key,
	struct zipfile_entry *out, struct error *err)
{
	bool fresh;
	if (zipfile_archive_open(archive, &store->place, false, err) != 0)
		return -1;
	int found = look_up(store, archive, key, &fresh, out, err);
	if (found < 0)
		return -1;
	bool simple = found && out->method == ZIPFILE_STORED;
	if (!fresh || (found && !simple)) {
		int settled = settle(store, archive, simple ? 0 : store->timeout_ms, err);
		if (settled != 0 && !(simple && err->code == ERROR_UNAVAILABLE))
			return -1;
		if (settled == 0)
			found = look_up(store, archive, key, &fresh, out, err);
	}
	if (found == 0)
		return error_set(err, ERROR_NOT_FOUND, NULL);
	return found < 0 ? -1 : 0;
}

/* --- put */

/* Compares what passes with a source. */
struct comparing_sink {
	struct sink base;
	struct source *source;
	bool differs;
};

static int compare(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct comparing_sink *sink = (struct comparing_sink *)base;
	CLEANUP(cleanup_free) char *piece = memory_alloc(length);
	for (size_t have = 0; have < length;) {
		ssize_t got = sink->source->read(sink->source, piece + have, length - have, err);
		if (got < 0)
			return -1;
		sink->differs =
			got == 0 || memcmp(piece + have, (const char *)bytes + have, (size_t)got) != 0;
		if (sink->differs)
			return error_set(err, ERROR_CONFLICT, NULL);
		have += (size_t)got;
	}
	return 0;
}

/* The key is taken. By the very same bytes: then this is a put that is repeated. */
static int put_again(const struct zipfile_archive *archive, const struct zipfile_entry *entry,
	struct source *source, struct error *err)
{
	char beyond;
	struct comparing_sink sink = {.base = {compare, NULL}, .source = source};
	int result = 0;
	if (entry->size != source->size)
		sink.differs = true;
	else
		result = zipfile_archive_read(
			archive, entry, (struct zipfile_extent){0, entry->size}, &sink.base, err);
	if (sink.differs)
		return error_set(err, ERROR_CONFLICT,
			"the archive has an entry of this key, and a ZipStore replaces none");
	if (result != 0)
		return -1;
	return source->read(source, &beyond, 1, err) < 0 ? -1 : 0;
}

static int add(struct zip_store *store, struct zipfile_archive *archive, const char *key,
	struct source *source, struct error *err)
{
	CLEANUP(buf_release) struct buf record = {0};
	struct zipfile_entry entry;
	struct stat status;
	int64_t start;
	bool fresh;
	if (zipfile_archive_lock(archive, &store->place, true, store->timeout_ms, err) != 0 ||
		refresh(store, archive, err) != 0)
		return -1;
	int found = look_up(store, archive, key, &fresh, &entry, err);
	if (found)
		return found < 0 ? -1 : put_again(archive, &entry, source, err);
	/* who reads the directory meanwhile does so under the lock that we hold: it stays what it is */
	if (zipfile_archive_append(archive, &store->directory, key, source, &record, &start, err) != 0 ||
		zipfile_archive_stat(archive, &status, err) != 0)
		return -1;
	LOCK_SCOPE(&store->lock);
	zipfile_directory_add(&store->directory, start, &record);
	store->seen = status;
	return 0;
}

static int zip_store_put(struct store *base, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	(void)content_type;
	struct zip_store *store = store_of(base);
	if (zipfile_name_check(key, err) != 0)
		return -1;
	CLEANUP(zipfile_archive_close) struct zipfile_archive archive;
	if (zipfile_archive_open(&archive, &store->place, true, err) != 0)
		return -1;
	CLEANUP(staging_release) struct staging staging;
	if (staging_fill(&staging, source, archive.parent, -1, err) != 0)
		return -1;
	return add(store, &archive, key, staging.source, err);
}

/* --- get, stat */

static int zip_store_stat(struct store *base, const char *key, struct object_info *out, struct error *err)
{
	struct zipfile_entry entry;
	CLEANUP(zipfile_archive_close) struct zipfile_archive archive;
	if (open_entry(store_of(base), &archive, key, &entry, err) != 0)
		return -1;
	*out = (struct object_info){.size = entry.size};
	return 0;
}

static int zip_store_get(struct store *base, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	struct zipfile_entry entry;
	CLEANUP(zipfile_archive_close) struct zipfile_archive archive;
	if (open_entry(store_of(base), &archive, key, &entry, err) != 0)
		return -1;
	bool whole = first == 0 && last == -1;
	if (!whole && first >= entry.size)
		return error_set(err, ERROR_RANGE, NULL);
	struct zipfile_extent extent = {first, last == -1 || last >= entry.size ? entry.size : last + 1};
	return zipfile_archive_read(&archive, &entry, extent, sink, err);
}

/* --- list */

/* The names, and sizes, of a moment: who visits them must not hold the lock. */
struct listing {
	const char *prefix;
	struct buf names; /* each a size and a terminated name */
};

static int note(void *context, const char *name, const struct zipfile_entry *entry)
{
	struct listing *listing = context;
	struct error ignored;
	if (strncmp(name, listing->prefix, strlen(listing->prefix)) == 0 && key_check(name, &ignored) == 0) {
		buf_append(&listing->names, &entry->size, sizeof(entry->size));
		buf_append(&listing->names, name, strlen(name) + 1);
	}
	return 0;
}

static int zip_store_list(struct store *base, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	struct zip_store *store = store_of(base);
	struct listing listing = {.prefix = prefix};
	CLEANUP(zipfile_archive_close) struct zipfile_archive archive;
	if (zipfile_archive_open(&archive, &store->place, false, err) != 0 ||
		settle(store, &archive, store->timeout_ms, err) != 0)
		return -1;
	pthread_mutex_lock(&store->lock);
	zipfile_directory_visit(&store->directory, note, &listing);
	pthread_mutex_unlock(&store->lock);
	zipfile_archive_close(&archive);
	int verdict = 0;
	for (size_t at = 0; verdict == 0 && at < listing.names.length;) {
		struct object_info info = {0};
		memcpy(&info.size, listing.names.data + at, sizeof(info.size));
		const char *name = listing.names.data + at + sizeof(info.size);
		verdict = visit(context, name, &info);
		at += sizeof(info.size) + strlen(name) + 1;
	}
	buf_release(&listing.names);
	return verdict;
}

const struct store_driver zip_driver = {
	.type = STORE_ZIP,
	.capabilities = STORE_CAN_RANGE | STORE_CAN_LIST | STORE_IS_DURABLE,
	.open = zip_store_open,
	.close = zip_store_close,
	.put = zip_store_put,
	.get = zip_store_get,
	.stat = zip_store_stat,
	.list = zip_store_list,
};
