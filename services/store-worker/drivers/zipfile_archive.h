/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_ZIPFILE_ARCHIVE_H
#define DRIVERS_ZIPFILE_ARCHIVE_H

/*
 * One open archive file, for one call. Entries never move, so who knows where one is reads it without a lock;
 * the directory is read under a shared lock and rewritten under an exclusive one (flock(), which excludes
 * threads, processes and machines alike). Whoever gets a lock and finds a dead append undoes it first.
 */

#include "common/error.h"
#include "drivers/place.h"
#include "drivers/zipfile_directory.h"
#include "store/stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct zipfile_archive {
	int parent, fd;
	const char *name; /* lent by the place */
};

/* `make`: an empty archive is made where there is none. UNAVAILABLE: there is none, or no access. Close it in
 * either case. */
MUST_CHECK int zipfile_archive_open(
	struct zipfile_archive *archive, const struct place *place, bool make, struct error *err);
void zipfile_archive_close(struct zipfile_archive *archive); /* unlocks */
/* Waits for the lock; afterwards the file is still the one that has the name (it is opened anew where not), and
 * sound. `timeout_ms` 0: does not wait. UNAVAILABLE: others hold it. */
MUST_CHECK int zipfile_archive_lock(struct zipfile_archive *archive, const struct place *place,
	bool exclusive, int64_t timeout_ms, struct error *err);
/* Gives an empty file its end record. Locked exclusively. */
MUST_CHECK int zipfile_archive_make(const struct zipfile_archive *archive, struct error *err);
MUST_CHECK int zipfile_archive_stat(
	const struct zipfile_archive *archive, struct stat *out, struct error *err);
/* Reads the directory. Locked. Release *out in either case. */
MUST_CHECK int zipfile_archive_load(
	const struct zipfile_archive *archive, struct zipfile_directory *out, struct error *err);
/* Adds an entry: all of it or none, durably, whatever dies. Locked exclusively. The directory is that of the file;
 * it is not changed: *record and *start are for zipfile_directory_add(). */
MUST_CHECK int zipfile_archive_append(const struct zipfile_archive *archive,
	const struct zipfile_directory *directory, const char *key, struct source *source, struct buf *record,
	int64_t *start, struct error *err);

/* Pushes bytes first..end (exclusive) of an entry (zipfile_read.c). A whole one is held to its CRC-32: CHECKSUM; of a
 * compressed one everything before `first` is unpacked too, and the archive must be locked, which ends. UNSUPPORTED: encrypted, or an unknown compression. */
struct zipfile_extent {
	int64_t first, end;
};
MUST_CHECK int zipfile_archive_read(const struct zipfile_archive *archive, const struct zipfile_entry *entry,
	struct zipfile_extent extent, struct sink *sink, struct error *err);

#endif
