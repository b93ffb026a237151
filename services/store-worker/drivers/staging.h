/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_STAGING_H
#define DRIVERS_STAGING_H

/*
 * The bytes of a source brought near, for stores that lock all other writers out while they write: what comes
 * at a network's pace is read to its end first, into memory when it is small, else into a temporary beside the
 * store, and only then is the lock taken. A source that is a local file is near already.
 */

#include "drivers/temporary.h"
#include "store/stream.h"

enum { STAGING_MEMORY = 1024 * 1024 };

struct staging {
	struct source *source; /* near, at its first byte, its size known; can be read once */
	struct buf bytes;
	struct memory_source memory;
	struct {
		struct source base;
		int fd;
	} file;
	struct temporary temporary;
};

/* `source` is borrowed until staging_release(). TOO_LARGE: more than `limit` bytes (-1: none); FULL. Release it
 * in either case. */
MUST_CHECK int staging_fill(
	struct staging *staging, struct source *source, int directory, int64_t limit, struct error *err);
void staging_release(struct staging *staging);

#endif
