/* SPDX-License-Identifier: MIT */
/* The writing half of zipfile_directory.h: records as other programs expect them. */
#include "drivers/zipfile_directory.h"
#include "drivers/zipfile_name.h"

#include <string.h>
#include <time.h>

enum { VERSION = 20, VERSION_ZIP64 = 45, MADE_BY_UNIX = 3 << 8, FULL16 = 0xffff, EXTRA_ZIP64 = 1 };
enum { END64_SIZE = 56, END64_REST = END64_SIZE - 12 };
#define FULL32 UINT32_C(0xffffffff)
#define MODE   (UINT32_C(0100644) << 16)

static void put(struct buf *out, uint64_t value, int size)
{
	unsigned char bytes[8];
	for (int i = 0; i < size; i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
	buf_append(out, bytes, (size_t)size);
}

static uint64_t fit(int64_t value)
{
	return (uint64_t)value < FULL32 ? (uint64_t)value : FULL32;
}

/* Of now, in UTC; they begin in 1980. */
static uint32_t dos_time(void)
{
	struct tm now;
	time_t seconds = time(NULL);
	gmtime_r(&seconds, &now);
	if (now.tm_year < 80)
		return 1 << 21 | 1 << 16;
	return (uint32_t)(now.tm_year - 80) << 25 | (uint32_t)(now.tm_mon + 1) << 21 |
	       (uint32_t)now.tm_mday << 16 | (uint32_t)now.tm_hour << 11 | (uint32_t)now.tm_min << 5 |
	       (uint32_t)now.tm_sec / 2;
}

/* What local header and record have in common, from the version needed to the sizes. */
static void put_common(const char *name, const struct zipfile_entry *entry, bool wide, struct buf *out)
{
	put(out, wide ? VERSION_ZIP64 : VERSION, 2);
	put(out, zipfile_name_is_ascii(name) ? 0 : ZIPFILE_UTF8_FLAG, 2);
	put(out, ZIPFILE_STORED, 2);
	put(out, dos_time(), 4);
	put(out, entry->crc, 4);
	put(out, fit(entry->stored_size), 4);
	put(out, fit(entry->size), 4);
	put(out, strlen(name), 2);
}

void zipfile_local_header(const char *name, const struct zipfile_entry *entry, struct buf *out)
{
	bool wide = (uint64_t)entry->size >= FULL32;
	put(out, 0x04034b50, 4);
	put_common(name, entry, wide, out);
	put(out, wide ? 20 : 0, 2);
	buf_append_text(out, name);
	if (!wide)
		return;
	put(out, EXTRA_ZIP64, 2);
	put(out, 16, 2);
	put(out, (uint64_t)entry->size, 8);
	put(out, (uint64_t)entry->stored_size, 8);
}

void zipfile_directory_record(const struct zipfile_directory *directory, const char *name,
	const struct zipfile_entry *entry, struct buf *out)
{
	int64_t offset = entry->offset - directory->base;
	bool wide_size = (uint64_t)entry->size >= FULL32, wide_offset = (uint64_t)offset >= FULL32;
	unsigned wide = (wide_size ? 16 : 0) + (wide_offset ? 8 : 0);
	put(out, 0x02014b50, 4);
	put(out, MADE_BY_UNIX | VERSION_ZIP64, 2);
	put_common(name, entry, wide != 0, out);
	put(out, wide ? wide + 4 : 0, 2);
	put(out, 0, 2); /* comment */
	put(out, 0, 2); /* disk */
	put(out, 0, 2);
	put(out, MODE, 4);
	put(out, fit(offset), 4);
	buf_append_text(out, name);
	if (!wide)
		return;
	put(out, EXTRA_ZIP64, 2);
	put(out, wide, 2);
	if (wide_size) {
		put(out, (uint64_t)entry->size, 8);
		put(out, (uint64_t)entry->stored_size, 8);
	}
	if (wide_offset)
		put(out, (uint64_t)offset, 8);
}

static void put_end64(int64_t count, int64_t size, int64_t offset, int64_t at, struct buf *out)
{
	put(out, 0x06064b50, 4);
	put(out, END64_REST, 8);
	put(out, MADE_BY_UNIX | VERSION_ZIP64, 2);
	put(out, VERSION_ZIP64, 2);
	put(out, 0, 8); /* disks */
	put(out, (uint64_t)count, 8);
	put(out, (uint64_t)count, 8);
	put(out, (uint64_t)size, 8);
	put(out, (uint64_t)offset, 8);
	put(out, 0x07064b50, 4);
	put(out, 0, 4);
	put(out, (uint64_t)at, 8);
	put(out, 1, 4);
}

void zipfile_directory_end(
	const struct zipfile_directory *directory, int64_t start, const struct buf *added, struct buf *out)
{
	int64_t count = directory->count + (added->length != 0);
	int64_t size = (int64_t)directory->records.length + (int64_t)added->length;
	int64_t offset = start - directory->base;
	if (count >= FULL16 || (uint64_t)offset >= FULL32 || (uint64_t)size >= FULL32)
		put_end64(count, size, offset, offset + size, out);
	put(out, 0x06054b50, 4);
	put(out, 0, 4); /* disks */
	put(out, (uint64_t)(count < FULL16 ? count : FULL16), 2);
	put(out, (uint64_t)(count < FULL16 ? count : FULL16), 2);
	put(out, fit(size), 4);
	put(out, fit(offset), 4);
	put(out, directory->comment.length, 2);
	buf_append(out, directory->comment.data, directory->comment.length);
}
