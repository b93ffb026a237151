/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_INTAKE_H
#define DOMAIN_INTAKE_H

/*
 * The bytes of an upload on their way in: kept in memory while they are few, streamed into a spool file
 * beyond that, hashed as they pass. An intake that is released without having been kept leaves nothing
 * behind.
 */

#include "common/digest.h"
#include "common/error.h"
#include "domain/spool.h"

#include <sys/types.h>

struct arena;

struct intake_limits {
	size_t inline_max;  /* bytes kept in memory */
	int64_t object_max; /* bytes at all: TOO_LARGE beyond */
	bool durable;       /* always spooled, and synced: the client will not wait for the store */
};

struct intake {
	const char *inline_bytes; /* NULL when spooled; lent by the arena */
	struct spool_file file;   /* name "" when inline */
	int64_t size;
	char sha256[DIGEST_HEX_SIZE];
	struct spool *spool;
};

/* Where the bytes come from: > 0 bytes, 0 at the verified end, -1 and *err. */
typedef ssize_t intake_read_fn(void *context, void *out, size_t size, struct error *err);

/* Receives everything. `expected` is the announced size, -1 when unknown. */
MUST_CHECK int intake_receive(struct spool *spool, const struct intake_limits *limits, intake_read_fn *read,
	void *context, int64_t expected, struct arena *arena, struct intake *out, struct error *err);
/* Takes bytes that are already in memory and stay there (borrowed): spooled only when there are too many
 * for a message. */
MUST_CHECK int intake_take(struct spool *spool, const struct intake_limits *limits, const void *bytes,
	size_t length, struct arena *arena, struct intake *out, struct error *err);
/* Removes the spool file, if any. For CLEANUP(). */
void intake_release(struct intake *intake);
/* From now on the spool file belongs to a job. */
void intake_keep(struct intake *intake);

#endif
