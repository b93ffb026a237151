/* SPDX-License-Identifier: MIT */
/* Reading entries: what is stored as it is straight from the file, what is compressed through libzip. */
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/file_error.h"
#include "drivers/file_io.h"
#include "drivers/zipfile_archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

static int damaged(struct error *err, const char *what)
{
	error_set(err, ERROR_CHECKSUM, "the entry of the archive is damaged");
	return error_add_cause(err, "zip: %s", what);
}

static bool is_whole(const struct zipfile_entry *entry, struct zipfile_extent extent)
{
	return extent.first == 0 && extent.end == entry->size;
}

static int read_stored(const struct zipfile_archive *archive, const struct zipfile_entry *entry,
	struct zipfile_extent extent, struct sink *sink, struct error *err)
{
	unsigned char local[ZIPFILE_LOCAL_SIZE];
	if (file_read_at(archive->fd, local, sizeof(local), entry->offset) != sizeof(local))
		return damaged(err, "no local header");
	int64_t data = zipfile_data_offset(entry, local);
	if (data < 0)
		return damaged(err, "no local header");
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	uLong crc = crc32(0, NULL, 0);
	for (int64_t at = extent.first; at < extent.end;) {
		size_t want =
			extent.end - at < STREAM_BUFFER_SIZE ? (size_t)(extent.end - at) : STREAM_BUFFER_SIZE;
		ssize_t got = file_read_at(archive->fd, piece, want, data + at);
		if (got < 0)
			return file_error(err, errno, "read entry");
		if (got != (ssize_t)want)
			return damaged(err, "cut short");
		crc = crc32(crc, (const Bytef *)piece, (uInt)want);
		at += got;
		if (at == extent.end && is_whole(entry, extent) && crc != entry->crc)
			return damaged(err, "CRC-32");
		if (sink->write(sink, piece, want, err) != 0)
			return -1;
	}
	return 0;
}

static void discard_archive(zip_t **archive)
{
	if (*archive)
		zip_discard(*archive);
}

static void close_entry(zip_file_t **file)
{
	if (*file)
		zip_fclose(*file);
}

/* The library's own descriptor, so that its reading is not ours. */
static zip_t *open_library(const struct zipfile_archive *archive, struct error *err)
{
	char path[64];
	int reason;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", archive->fd);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		file_error(err, errno, "open archive again");
		return NULL;
	}
	zip_t *library = zip_fdopen(fd, 0, &reason);
	if (library)
		return library;
	close(fd);
	error_set(err, ERROR_UNAVAILABLE, "the store's file is no sound zip archive");
	error_add_cause(err, "zip_fdopen: %d", reason);
	return NULL;
}

static int push_unpacked(zip_file_t *file, struct zipfile_extent extent, struct sink *sink, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	for (int64_t at = 0; at < extent.end;) {
		int64_t until = at < extent.first ? extent.first : extent.end;
		zip_uint64_t want =
			until - at < STREAM_BUFFER_SIZE ? (zip_uint64_t)(until - at) : STREAM_BUFFER_SIZE;
		zip_int64_t got = zip_fread(file, piece, want);
		if (got <= 0)
			return damaged(
				err, got < 0 ? zip_error_strerror(zip_file_get_error(file)) : "cut short");
		if (at >= extent.first && sink->write(sink, piece, (size_t)got, err) != 0)
			return -1;
		at += got;
	}
	return 0;
}

static int read_compressed(const struct zipfile_archive *archive, const struct zipfile_entry *entry,
	struct zipfile_extent extent, struct sink *sink, struct error *err)
{
	char beyond;
	CLEANUP(discard_archive) zip_t *library = open_library(archive, err);
	flock(archive->fd, LOCK_UN); /* it knows the directory now; a slow reader must not hold up a writer */
	if (!library)
		return -1;
	CLEANUP(close_entry) zip_file_t *file = zip_fopen_index(library, (zip_uint64_t)entry->ordinal, 0);
	if (!file) {
		error_set(err, ERROR_UNSUPPORTED, "the entry is packed in a way that is not supported");
		return error_add_cause(err, "method %u: %s", entry->method, zip_strerror(library));
	}
	if (push_unpacked(file, extent, sink, err) != 0)
		return -1;
	/* the library compares the CRC when it is asked for the end */
	if (is_whole(entry, extent) && zip_fread(file, &beyond, 1) != 0)
		return damaged(err, zip_error_strerror(zip_file_get_error(file)));
	return 0;
}

int zipfile_archive_read(const struct zipfile_archive *archive, const struct zipfile_entry *entry,
	struct zipfile_extent extent, struct sink *sink, struct error *err)
{
	if (entry->flags & ZIPFILE_ENCRYPTED_FLAG)
		return error_set(err, ERROR_UNSUPPORTED, "the entry is encrypted");
	if (entry->method == ZIPFILE_STORED)
		return read_stored(archive, entry, extent, sink, err);
	return read_compressed(archive, entry, extent, sink, err);
}
