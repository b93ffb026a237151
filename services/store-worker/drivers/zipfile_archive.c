/* SPDX-License-Identifier: MIT */
/*
 * Appending. The new entry takes the place of the directory, and the new directory follows it: the archive never
 * holds anything dead, and a put costs the entry and the directory, not the archive. What is overwritten is kept
 * in a journal until the new end is durable, so that an append that dies can be undone. (libzip, which reads what
 * is compressed, would copy the whole archive for each entry.)
 */
#include "drivers/zipfile_archive.h"

#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "drivers/file_error.h"
#include "drivers/file_io.h"
#include "drivers/zipfile_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 50, OPEN_ATTEMPTS = 100 };

static const struct zipfile_archive CLOSED = {.parent = -1, .fd = -1};

static struct zipfile_journal journal_of(const struct zipfile_archive *archive)
{
	return (struct zipfile_journal){
		.parent = archive->parent, .name = archive->name, .archive = archive->fd};
}

/* --- opening */

static int unusable(struct error *err, int reason)
{
	file_error(err, reason, "open archive");
	if (err->code == ERROR_NOT_FOUND)
		return error_set(err, ERROR_UNAVAILABLE, "the store's file is not there");
	return -1;
}

int zipfile_archive_open(
	struct zipfile_archive *archive, const struct place *place, bool make, struct error *err)
{
	struct stat status;
	*archive = CLOSED;
	archive->parent = place_open_parent(place, make, &archive->name, err);
	if (archive->parent < 0)
		return -1;
	archive->fd = beneath_open(
		archive->parent, archive->name, O_RDWR | O_NONBLOCK | (make ? O_CREAT : 0), 0666);
	if (archive->fd < 0 && !make && (errno == EACCES || errno == EROFS))
		archive->fd = beneath_open(archive->parent, archive->name, O_RDONLY | O_NONBLOCK, 0);
	if (archive->fd < 0)
		return unusable(err, errno);
	if (fstat(archive->fd, &status) != 0 || !S_ISREG(status.st_mode))
		return error_set(err, ERROR_UNAVAILABLE, "the store's path is no file");
	return 0;
}

void zipfile_archive_close(struct zipfile_archive *archive)
{
	if (archive->fd >= 0)
		close(archive->fd);
	if (archive->parent >= 0)
		close(archive->parent);
	*archive = CLOSED;
}

int zipfile_archive_stat(const struct zipfile_archive *archive, struct stat *out, struct error *err)
{
	return fstat(archive->fd, out) == 0 ? 0 : file_error(err, errno, "stat archive");
}

/* --- locking */

static int wait_for_lock(int fd, int operation, int64_t timeout_ms, struct error *err)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	for (int64_t pause_ms = FIRST_PAUSE_MS;; pause_ms *= 2) {
		if (flock(fd, operation | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return file_error(err, errno, "lock archive");
		int64_t left = until - clock_monotonic_ms();
		if (left <= 0)
			return error_set(
				err, ERROR_UNAVAILABLE, "the store's file is locked by another writer");
		if (pause_ms > LONGEST_PAUSE_MS)
			pause_ms = LONGEST_PAUSE_MS;
		if (pause_ms > left)
			pause_ms = left;
		nanosleep(&(struct timespec){0, pause_ms * 1000000}, NULL);
	}
}

static bool has_its_name(const struct zipfile_archive *archive)
{
	struct stat opened, named;
	CLEANUP(cleanup_fd) int fd = beneath_open(archive->parent, archive->name, O_PATH, 0);
	return fd >= 0 && fstat(fd, &named) == 0 && fstat(archive->fd, &opened) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Undoes a dead append. The lock may have been given up for a moment meanwhile. */
static int make_sound(struct zipfile_archive *archive, bool exclusive, int64_t timeout_ms, struct error *err)
{
	struct zipfile_journal journal = journal_of(archive);
	int dead = zipfile_journal_exists(&journal, err);
	if (dead <= 0)
		return dead;
	if (!exclusive && wait_for_lock(archive->fd, LOCK_EX, timeout_ms, err) != 0)
		return -1;
	return zipfile_journal_undo(&journal, err);
}

int zipfile_archive_lock(struct zipfile_archive *archive, const struct place *place, bool exclusive,
	int64_t timeout_ms, struct error *err)
{
	for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
		if (wait_for_lock(archive->fd, exclusive ? LOCK_EX : LOCK_SH, timeout_ms, err) != 0 ||
			make_sound(archive, exclusive, timeout_ms, err) != 0)
			return -1;
		if (has_its_name(archive))
			return 0;
		zipfile_archive_close(archive);
		if (zipfile_archive_open(archive, place, exclusive, err) != 0)
			return -1;
	}
	return error_set_cause(err, ERROR_UNAVAILABLE, "the archive does not keep its name");
}

/* --- the directory */

int zipfile_archive_make(const struct zipfile_archive *archive, struct error *err)
{
	static const struct zipfile_directory NOTHING = {0};
	static const struct buf NONE = {0};
	struct stat status;
	CLEANUP(buf_release) struct buf end = {0};
	if (zipfile_archive_stat(archive, &status, err) != 0)
		return -1;
	if (status.st_size > 0)
		return 0;
	zipfile_directory_end(&NOTHING, 0, &NONE, &end);
	if (file_write_at(archive->fd, end.data, end.length, 0) != 0 || fsync(archive->fd) != 0 ||
		fsync(archive->parent) != 0)
		return file_error(err, errno, "make archive");
	return 0;
}

int zipfile_archive_load(
	const struct zipfile_archive *archive, struct zipfile_directory *out, struct error *err)
{
	struct stat status;
	struct buf tail = {0}, records = {0};
	*out = (struct zipfile_directory){0};
	if (zipfile_archive_stat(archive, &status, err) != 0)
		return -1;
	if (status.st_size == 0) /* as it is made */
		return zipfile_directory_fill(out, &records, err);
	size_t length = status.st_size < ZIPFILE_TAIL_SIZE ? (size_t)status.st_size : ZIPFILE_TAIL_SIZE;
	buf_reserve(&tail, length);
	int result = 0;
	if (file_read_at(archive->fd, tail.data, length, status.st_size - (int64_t)length) != (ssize_t)length)
		result = file_error(err, EIO, "read archive");
	if (result == 0)
		result = zipfile_directory_locate(out, tail.data, length, status.st_size, err);
	buf_release(&tail);
	if (result != 0)
		return -1;
	buf_reserve(&records, (size_t)out->size);
	records.length = (size_t)out->size;
	if (file_read_at(archive->fd, records.data, records.length, out->start) == (ssize_t)records.length)
		return zipfile_directory_fill(out, &records, err);
	buf_release(&records);
	return file_error(err, EIO, "read archive");
}

/* --- appending */

static int write_buf(int fd, const struct buf *bytes, int64_t *at)
{
	if (file_write_at(fd, bytes->data, bytes->length, *at) != 0)
		return -1;
	*at += (int64_t)bytes->length;
	return 0;
}

static int write_data(
	int fd, struct source *source, struct zipfile_entry *entry, int64_t at, struct error *err)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	int64_t size = 0;
	entry->crc = (uint32_t)crc32(0, NULL, 0);
	for (;;) {
		ssize_t got = source->read(source, piece, STREAM_BUFFER_SIZE, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		if (file_write_at(fd, piece, (size_t)got, at + size) != 0)
			return file_error(err, errno, "write entry");
		entry->crc = (uint32_t)crc32(entry->crc, (const Bytef *)piece, (uInt)got);
		size += got;
	}
	if (size == entry->size)
		return 0;
	return error_set_cause(err, ERROR_SOURCE_FAILED, "the source's size is another than announced");
}

/* The entry in place of the directory, the directory behind it. */
static int write_end(const struct zipfile_archive *archive, const struct zipfile_directory *directory,
	const char *key, struct source *source, struct buf *record, int64_t *start, struct error *err)
{
	CLEANUP(buf_release) struct buf local = {0}, end = {0};
	struct zipfile_entry entry = {
		.offset = directory->start, .stored_size = source->size, .size = source->size};
	zipfile_local_header(key, &entry, &local); /* for its length */
	int64_t at = entry.offset + (int64_t)local.length;
	if (file_allocate(archive->fd, at, source->size) != 0)
		return file_error(err, errno, "allocate");
	if (write_data(archive->fd, source, &entry, at, err) != 0)
		return -1;
	buf_clear(&local);
	zipfile_local_header(key, &entry, &local);
	zipfile_directory_record(directory, key, &entry, record);
	*start = at + entry.size;
	zipfile_directory_end(directory, *start, record, &end);
	at = entry.offset;
	int64_t to = *start;
	if (write_buf(archive->fd, &local, &at) != 0 ||
		write_buf(archive->fd, &directory->records, &to) != 0 ||
		write_buf(archive->fd, record, &to) != 0 || write_buf(archive->fd, &end, &to) != 0 ||
		ftruncate(archive->fd, to) != 0 || fsync(archive->fd) != 0)
		return file_error(err, errno, "write directory");
	return 0;
}

int zipfile_archive_append(const struct zipfile_archive *archive, const struct zipfile_directory *directory,
	const char *key, struct source *source, struct buf *record, int64_t *start, struct error *err)
{
	struct error ignored;
	struct zipfile_journal journal = journal_of(archive);
	if (directory->records.length + STREAM_BUFFER_SIZE > ZIPFILE_DIRECTORY_MAX)
		return error_set(err, ERROR_FULL, "the store's archive has too many entries");
	if (zipfile_journal_write(&journal, directory->start, err) != 0)
		return -1;
	if (write_end(archive, directory, key, source, record, start, err) == 0)
		return zipfile_journal_drop(&journal, err);
	if (zipfile_journal_undo(&journal, &ignored) != 0)
		return error_add_cause(err, "%s; not undone yet: %s",
			err->cause[0] ? err->cause : err->message, ignored.cause);
	return -1;
}
