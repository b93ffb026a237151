/* SPDX-License-Identifier: MIT */
/* The directory of an archive, as the driver loads it: the whole input is the file. */
#include "common/cleanup.h"
#include "drivers/zipfile_directory.h"
#include "fuzz/fuzz.h"

struct walk {
	const struct zipfile_directory *directory;
	int64_t file_size;
};

/* What is named is found again, and lies within the file. */
static int check(void *context, const char *name, const struct zipfile_entry *entry)
{
	struct error err;
	struct zipfile_entry found;
	const struct walk *walk = context;
	INSIST(zipfile_directory_find(walk->directory, name, &found, &err) == 1 &&
		found.offset == entry->offset);
	INSIST(entry->offset >= 0 && entry->stored_size >= 0 && entry->size >= 0);
	INSIST(entry->offset + entry->stored_size <= walk->file_size);
	return 0;
}

static void append(struct zipfile_directory *directory)
{
	struct error err;
	CLEANUP(buf_release) struct buf record = {0}, end = {0};
	struct zipfile_entry entry = {.offset = directory->start, .size = 5, .stored_size = 5};
	zipfile_directory_record(directory, "added", &entry, &record);
	zipfile_directory_end(directory, directory->start + 40, &record, &end);
	zipfile_directory_add(directory, directory->start + 40, &record);
	INSIST(zipfile_directory_find(directory, "added", &entry, &err) == 1 && entry.size == 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err;
	CLEANUP(buf_release) struct buf records = {0};
	CLEANUP(zipfile_directory_release) struct zipfile_directory directory = {0};
	size_t tail = size < ZIPFILE_TAIL_SIZE ? size : ZIPFILE_TAIL_SIZE;
	if (zipfile_directory_locate(&directory, data + size - tail, tail, (int64_t)size, &err) != 0)
		return 0;
	INSIST(directory.start >= 0 && directory.size >= 0 &&
		directory.start + directory.size <= (int64_t)size);
	buf_append(&records, data + directory.start, (size_t)directory.size);
	if (zipfile_directory_fill(&directory, &records, &err) != 0)
		return 0;
	struct walk walk = {&directory, (int64_t)size};
	zipfile_directory_visit(&directory, check, &walk);
	append(&directory);
	return 0;
}
