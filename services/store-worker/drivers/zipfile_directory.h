/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_ZIPFILE_DIRECTORY_H
#define DRIVERS_ZIPFILE_DIRECTORY_H

/*
 * The central directory of a zip archive (PKWARE APPNOTE 6.3, zip64 included): which entry has which name, and
 * where it begins. Kept as the bytes of the file with a table by name, so that it costs little more memory than
 * disk, and is written back as it was read. Archives come from anywhere: nothing is believed that the bytes do
 * not bear out. Knows no files; not thread-safe.
 */

#include "common/buf.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ZIPFILE_END_SIZE = 22,
	ZIPFILE_TAIL_SIZE = 65535 + ZIPFILE_END_SIZE + 20 + 56,
	ZIPFILE_LOCAL_SIZE = 30
};
enum { ZIPFILE_DIRECTORY_MAX = 256 * 1024 * 1024 }; /* bytes: three million entries or so */
enum { ZIPFILE_STORED = 0, ZIPFILE_ENCRYPTED_FLAG = 1, ZIPFILE_UTF8_FLAG = 0x800 };

struct zipfile_directory {
	int64_t start; /* in the file: also where the next entry goes */
	int64_t size;  /* of its records in the file */
	int64_t base;  /* what stands before the archive proper; offsets do not count it */
	struct buf records, comment;
	struct zipfile_slot *table;
	size_t capacity, used;
	int64_t count; /* of records, directories and hidden duplicates included */
};

struct zipfile_entry {
	int64_t ordinal;
	int64_t offset; /* in the file, of its local header */
	int64_t stored_size, size;
	uint32_t crc;
	unsigned method, flags;
};

/* Looks for the end record in the last bytes of a file of that size (ZIPFILE_TAIL_SIZE of them, or all): start, size,
 * base and comment are set. UNAVAILABLE: this is no zip archive, or one too large. */
MUST_CHECK int zipfile_directory_locate(struct zipfile_directory *directory, const void *tail, size_t length,
	int64_t file_size, struct error *err);
/* Takes over `records`: the directory's `size` bytes from its `start`. */
MUST_CHECK int zipfile_directory_fill(
	struct zipfile_directory *directory, struct buf *records, struct error *err);
void zipfile_directory_release(struct zipfile_directory *directory);

/* 1, 0: no such entry, -1: an entry whose record makes no sense. */
MUST_CHECK int zipfile_directory_find(const struct zipfile_directory *directory, const char *name,
	struct zipfile_entry *out, struct error *err);
/* Calls visit with every file's name, each once, until it returns non-zero. */
int zipfile_directory_visit(const struct zipfile_directory *directory,
	int (*visit)(void *context, const char *name, const struct zipfile_entry *entry), void *context);

/* A new entry, stored as it is, at entry->offset: its local header, and its record. */
void zipfile_local_header(const char *name, const struct zipfile_entry *entry, struct buf *out);
void zipfile_directory_record(const struct zipfile_directory *directory, const char *name,
	const struct zipfile_entry *entry, struct buf *out);
/* What follows the records when they begin at `start`, with the directory's and those in `added`. */
void zipfile_directory_end(
	const struct zipfile_directory *directory, int64_t start, const struct buf *added, struct buf *out);
/* The directory now begins there and has this record (of one entry) too. */
void zipfile_directory_add(struct zipfile_directory *directory, int64_t start, const struct buf *record);
/* Where the bytes begin whose local header (ZIPFILE_LOCAL_SIZE bytes of it) stands at entry->offset; -1: it is none. */
int64_t zipfile_data_offset(const struct zipfile_entry *entry, const unsigned char *local);

#endif
