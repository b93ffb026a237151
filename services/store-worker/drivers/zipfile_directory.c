/* SPDX-License-Identifier: MIT */
#include "drivers/zipfile_directory.h"

#include "common/memory.h"
#include "drivers/zipfile_name.h"

#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_END = 0x06054b50, SIGNATURE_END64 = 0x06064b50, SIGNATURE_LOCATOR = 0x07064b50 };
enum { SIGNATURE_RECORD = 0x02014b50, SIGNATURE_LOCAL = 0x04034b50, SIGNATURE_SIGNED = 0x05054b50 };
enum { RECORD_SIZE = 46, END64_SIZE = 56, LOCATOR_SIZE = 20, EXTRA_ZIP64 = 1 };
#define FULL32 UINT32_C(0xffffffff)

struct zipfile_slot {
	uint32_t place;   /* of the record in `records`, plus one; 0: free */
	uint32_t ordinal; /* among all records */
};

/* --- little endian */

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const unsigned char *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static uint64_t get64(const unsigned char *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

/* --- the end record */

static int malformed(struct error *err, const char *what)
{
	error_set(err, ERROR_UNAVAILABLE, "the store's file is no sound zip archive");
	return error_add_cause(err, "zip: %s", what);
}

/* The last place at which an end record can stand: at best one that ends where the file does. */
static const unsigned char *find_end(const unsigned char *tail, size_t length)
{
	const unsigned char *loose = NULL;
	for (size_t at = length < ZIPFILE_END_SIZE ? 0 : length - ZIPFILE_END_SIZE + 1; at-- > 0;) {
		if (get32(tail + at) != SIGNATURE_END)
			continue;
		size_t end = at + ZIPFILE_END_SIZE + get16(tail + at + 20);
		if (end == length)
			return tail + at;
		if (end < length && !loose)
			loose = tail + at;
	}
	return loose;
}

int zipfile_directory_locate(struct zipfile_directory *directory, const void *bytes, size_t length,
	int64_t file_size, struct error *err)
{
	const unsigned char *tail = bytes, *end = find_end(tail, length);
	if (!end)
		return malformed(err, "no end record");
	uint64_t size = get32(end + 12), offset = get32(end + 16), count = get16(end + 10);
	if (get16(end + 8) != count || (get16(end + 4) != 0 && get16(end + 4) != 0xffff))
		return malformed(err, "of several disks");
	const unsigned char *last = end;
	if (end - tail >= LOCATOR_SIZE && get32(end - LOCATOR_SIZE) == SIGNATURE_LOCATOR) {
		last = end - LOCATOR_SIZE - END64_SIZE;
		if (end - tail < LOCATOR_SIZE + END64_SIZE || get32(last) != SIGNATURE_END64)
			return malformed(err, "no zip64 end record");
		size = get64(last + 40);
		offset = get64(last + 48);
	}
	int64_t records_end = file_size - (int64_t)length + (last - tail);
	if (size > (uint64_t)records_end || offset > (uint64_t)records_end - size)
		return malformed(err, "the directory lies outside");
	if (size > ZIPFILE_DIRECTORY_MAX) {
		malformed(err, "directory too large");
		return error_set(err, ERROR_UNAVAILABLE, "the store's archive has too many entries");
	}
	*directory = (struct zipfile_directory){.start = records_end - (int64_t)size,
		.size = (int64_t)size,
		.base = records_end - (int64_t)size - (int64_t)offset};
	buf_append(&directory->comment, end + ZIPFILE_END_SIZE, get16(end + 20));
	return 0;
}

/* --- the table */

static const unsigned char *record_at(const struct zipfile_directory *directory, size_t place)
{
	return (const unsigned char *)directory->records.data + place;
}

static size_t record_length(const unsigned char *record)
{
	return (size_t)RECORD_SIZE + get16(record + 28) + get16(record + 30) + get16(record + 32);
}

/* Lent until the next call with the same buf. */
static const char *name_of(const unsigned char *record, struct buf *decoded, size_t *length)
{
	buf_clear(decoded);
	zipfile_name_decode((const char *)record + RECORD_SIZE, get16(record + 28),
		get16(record + 8) & ZIPFILE_UTF8_FLAG, decoded);
	*length = decoded->length;
	return decoded->length ? decoded->data : "";
}

/* FNV-1a */
static uint64_t hash(const char *name, size_t length)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return value ^ value >> 32;
}

/* The slot that has this name, or the free one that would. */
static struct zipfile_slot *slot_for(
	const struct zipfile_directory *directory, const char *name, size_t length)
{
	struct buf decoded = {0};
	size_t i = hash(name, length) & (directory->capacity - 1);
	for (;; i = (i + 1) & (directory->capacity - 1)) {
		struct zipfile_slot *slot = &directory->table[i];
		size_t other_length;
		if (!slot->place)
			break;
		const char *other = name_of(record_at(directory, slot->place - 1), &decoded, &other_length);
		if (other_length == length && memcmp(other, name, length) == 0)
			break;
	}
	buf_release(&decoded);
	return &directory->table[i];
}

static void insert(struct zipfile_directory *directory, size_t place, int64_t ordinal, struct buf *decoded)
{
	size_t length;
	const char *name = name_of(record_at(directory, place), decoded, &length);
	if (length == 0 || name[length - 1] == '/') /* a directory */
		return;
	struct zipfile_slot *slot = slot_for(directory, name, length);
	directory->used += slot->place == 0;
	*slot = (struct zipfile_slot){(uint32_t)place + 1, (uint32_t)ordinal}; /* the last of a name counts */
}

static void build_table(struct zipfile_directory *directory)
{
	struct buf decoded = {0};
	free(directory->table);
	directory->capacity = 64;
	while (directory->capacity < 2 * (size_t)(directory->count + 1))
		directory->capacity *= 2;
	directory->table = memory_alloc(directory->capacity * sizeof(*directory->table));
	directory->used = 0;
	size_t place = 0;
	for (int64_t i = 0; i < directory->count; i++) {
		insert(directory, place, i, &decoded);
		place += record_length(record_at(directory, place));
	}
	buf_release(&decoded);
}

int zipfile_directory_fill(struct zipfile_directory *directory, struct buf *records, struct error *err)
{
	size_t place = 0, length = records->length;
	directory->records = *records;
	*records = (struct buf){0};
	directory->count = 0;
	while (place < length) {
		const unsigned char *record = record_at(directory, place);
		if (length - place >= 4 && get32(record) == SIGNATURE_SIGNED)
			break;
		if (length - place < RECORD_SIZE || get32(record) != SIGNATURE_RECORD ||
			length - place < record_length(record))
			return malformed(err, "a record of the directory");
		place += record_length(record);
		directory->count++;
	}
	directory->records.length = place;
	build_table(directory);
	return 0;
}

void zipfile_directory_release(struct zipfile_directory *directory)
{
	buf_release(&directory->records);
	buf_release(&directory->comment);
	free(directory->table);
	*directory = (struct zipfile_directory){0};
}

/* --- entries */

/* Takes those numbers that did not fit from the zip64 field. */
static int widen(const unsigned char *extra, size_t length, uint64_t *const values[3])
{
	while (length >= 4) {
		size_t field = get16(extra + 2);
		if (field > length - 4)
			return -1;
		const unsigned char *at = extra + 4, *end = at + field;
		for (int i = 0; get16(extra) == EXTRA_ZIP64 && i < 3; i++) {
			if (*values[i] != FULL32)
				continue;
			if (end - at < 8)
				return -1;
			*values[i] = get64(at);
			at += 8;
		}
		extra = end;
		length -= 4 + field;
	}
	return 0;
}

static int read_entry(
	const struct zipfile_directory *directory, const struct zipfile_slot *slot, struct zipfile_entry *out)
{
	const unsigned char *record = record_at(directory, slot->place - 1);
	uint64_t size = get32(record + 24), stored = get32(record + 20), offset = get32(record + 42);
	uint64_t *const values[3] = {&size, &stored, &offset};
	if (widen(record + RECORD_SIZE + get16(record + 28), get16(record + 30), values) != 0)
		return -1;
	uint64_t room = (uint64_t)(directory->start - directory->base);
	if (offset > room || stored > room - offset || size > INT64_MAX)
		return -1;
	*out = (struct zipfile_entry){.ordinal = slot->ordinal,
		.offset = (int64_t)offset + directory->base,
		.stored_size = (int64_t)stored,
		.size = (int64_t)size,
		.crc = get32(record + 16),
		.method = get16(record + 10),
		.flags = get16(record + 8)};
	return out->method == ZIPFILE_STORED && !(out->flags & ZIPFILE_ENCRYPTED_FLAG) && stored != size ? -1
													 : 0;
}

int zipfile_directory_find(const struct zipfile_directory *directory, const char *name,
	struct zipfile_entry *out, struct error *err)
{
	const struct zipfile_slot *slot = slot_for(directory, name, strlen(name));
	if (!slot->place)
		return 0;
	return read_entry(directory, slot, out) == 0 ? 1 : malformed(err, "the record of an entry");
}

int zipfile_directory_visit(const struct zipfile_directory *directory,
	int (*visit)(void *context, const char *name, const struct zipfile_entry *entry), void *context)
{
	struct buf decoded = {0};
	int verdict = 0;
	size_t length;
	for (size_t i = 0; verdict == 0 && i < directory->capacity; i++) {
		struct zipfile_entry entry;
		const struct zipfile_slot *slot = &directory->table[i];
		if (!slot->place || read_entry(directory, slot, &entry) != 0)
			continue;
		const char *name = name_of(record_at(directory, slot->place - 1), &decoded, &length);
		if (strlen(name) == length)
			verdict = visit(context, name, &entry);
	}
	buf_release(&decoded);
	return verdict;
}

void zipfile_directory_add(struct zipfile_directory *directory, int64_t start, const struct buf *record)
{
	struct buf decoded = {0};
	size_t place = directory->records.length;
	buf_append(&directory->records, record->data, record->length);
	directory->start = start;
	directory->size = (int64_t)directory->records.length;
	directory->count++;
	if (2 * (directory->used + 1) > directory->capacity)
		build_table(directory);
	else
		insert(directory, place, directory->count - 1, &decoded);
	buf_release(&decoded);
}

int64_t zipfile_data_offset(const struct zipfile_entry *entry, const unsigned char *local)
{
	if (get32(local) != SIGNATURE_LOCAL)
		return -1;
	return entry->offset + ZIPFILE_LOCAL_SIZE + get16(local + 26) + get16(local + 28);
}
