/* SPDX-License-Identifier: MIT */
#include "drivers/zipfile_journal.h"

#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/file_error.h"
#include "drivers/file_io.h"
#include "drivers/temporary.h"
#include "store/key.h"
#include "store/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { GUARD_SIZE = 4096, NAME_SIZE = ZIPFILE_JOURNAL_NAME_MAX + 16 };

/* Read back on the machine that wrote it, or one like it. */
struct head {
	char magic[8];
	uint64_t inode;
	int64_t start, size; /* of the archive before the append; the rest of it follows here */
	uint32_t guard;      /* CRC-32 of the bytes before `start`, which no append touches */
	uint32_t tail;       /* of what follows */
	uint32_t own;        /* of this, with 0 here */
	uint32_t unused;
};

static const char MAGIC[8] = "MSZIPAP1";

static const char *name_of(const struct zipfile_journal *journal, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, ".%s.append", journal->name);
	return out;
}

static int open_journal(const struct zipfile_journal *journal, int flags)
{
	char name[NAME_SIZE];
	CLEANUP(cleanup_fd) int area = temporary_open_area(journal->parent);
	return area < 0 ? -1 : openat(area, name_of(journal, name), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static uint32_t crc_of(const void *bytes, size_t length)
{
	return (uint32_t)crc32(0, bytes, (uInt)length);
}

static uint32_t own_crc(struct head head)
{
	head.own = 0;
	return crc_of(&head, sizeof(head));
}

static int guard_of(int archive, int64_t start, uint32_t *out)
{
	char bytes[GUARD_SIZE];
	size_t length = start < GUARD_SIZE ? (size_t)start : GUARD_SIZE;
	if (file_read_at(archive, bytes, length, start - (int64_t)length) != (ssize_t)length)
		return -1;
	*out = crc_of(bytes, length);
	return 0;
}

/* Copies `length` bytes; *crc is theirs. -1 and errno. With `to` -1 they are only read. */
static int copy(int from, int64_t from_at, int to, int64_t to_at, int64_t length, uint32_t *crc)
{
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	*crc = crc_of(NULL, 0);
	while (length > 0) {
		size_t want = length < STREAM_BUFFER_SIZE ? (size_t)length : STREAM_BUFFER_SIZE;
		ssize_t got = file_read_at(from, piece, want, from_at);
		if (got != (ssize_t)want) {
			errno = got < 0 ? errno : EIO;
			return -1;
		}
		if (to >= 0 && file_write_at(to, piece, want, to_at) != 0)
			return -1;
		*crc = (uint32_t)crc32(*crc, (const Bytef *)piece, (uInt)want);
		from_at += got;
		to_at += got;
		length -= got;
	}
	return 0;
}

static int remove_journal(const struct zipfile_journal *journal, struct error *err)
{
	char name[NAME_SIZE];
	CLEANUP(cleanup_fd) int area = temporary_open_area(journal->parent);
	if (area < 0 || (unlinkat(area, name_of(journal, name), 0) != 0 && errno != ENOENT) ||
		fsync(area) != 0)
		return file_error(err, errno, "remove journal");
	return 0;
}

/* Its name too must outlive the machine. */
static int sync_name(const struct zipfile_journal *journal)
{
	CLEANUP(cleanup_fd) int area = temporary_open_area(journal->parent);
	return area < 0 || fsync(area) != 0 || fsync(journal->parent) != 0 ? -1 : 0;
}

int zipfile_journal_write(const struct zipfile_journal *journal, int64_t start, struct error *err)
{
	struct stat status;
	struct error ignored;
	struct head head = {.start = start};
	memcpy(head.magic, MAGIC, sizeof(MAGIC));
	CLEANUP(cleanup_fd) int fd = open_journal(journal, O_RDWR | O_CREAT | O_TRUNC);
	bool written =
		fd >= 0 && fstat(journal->archive, &status) == 0 &&
		guard_of(journal->archive, start, &head.guard) == 0 &&
		copy(journal->archive, start, fd, sizeof(head), status.st_size - start, &head.tail) == 0;
	if (written) {
		head.inode = status.st_ino;
		head.size = status.st_size;
		head.own = own_crc(head);
		written = file_write_at(fd, &head, sizeof(head), 0) == 0 && fsync(fd) == 0 &&
			  sync_name(journal) == 0;
	}
	if (written)
		return 0;
	file_error(err, errno, "write journal");
	if (fd >= 0 && remove_journal(journal, &ignored) != 0)
		return -1; /* it is whole or it counts for nothing, and the archive is as it was */
	return -1;
}

int zipfile_journal_exists(const struct zipfile_journal *journal, struct error *err)
{
	char name[NAME_SIZE];
	struct stat status;
	CLEANUP(cleanup_fd)
	int area = openat(
		journal->parent, STORE_TEMPORARY_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (area >= 0 && fstatat(area, name_of(journal, name), &status, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : file_error(err, errno, "look for journal");
}

/* Whether it is whole, and about this archive. Not: the archive was not yet, or is no longer, touched by it. */
static bool applies(const struct zipfile_journal *journal, int fd, struct head *head)
{
	uint32_t guard, tail;
	struct stat status;
	return file_read_at(fd, head, sizeof(*head), 0) == (ssize_t)sizeof(*head) &&
	       memcmp(head->magic, MAGIC, sizeof(MAGIC)) == 0 && own_crc(*head) == head->own &&
	       head->start >= 0 && head->size >= head->start &&
	       copy(fd, sizeof(*head), -1, 0, head->size - head->start, &tail) == 0 && tail == head->tail &&
	       fstat(journal->archive, &status) == 0 && status.st_ino == head->inode &&
	       status.st_size >= head->start && guard_of(journal->archive, head->start, &guard) == 0 &&
	       guard == head->guard;
}

int zipfile_journal_undo(const struct zipfile_journal *journal, struct error *err)
{
	struct head head;
	uint32_t ignored;
	int exists = zipfile_journal_exists(journal, err);
	if (exists <= 0)
		return exists;
	CLEANUP(cleanup_fd) int fd = open_journal(journal, O_RDONLY);
	if (fd < 0)
		return file_error(err, errno, "open journal");
	if (applies(journal, fd, &head) &&
		(copy(fd, sizeof(head), journal->archive, head.start, head.size - head.start, &ignored) !=
				0 ||
			ftruncate(journal->archive, head.size) != 0 || fsync(journal->archive) != 0))
		return file_error(err, errno, "undo append");
	return remove_journal(journal, err);
}

int zipfile_journal_drop(const struct zipfile_journal *journal, struct error *err)
{
	return remove_journal(journal, err);
}
