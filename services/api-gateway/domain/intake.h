/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_INTAKE_H
#define DOMAIN_INTAKE_H

/*
 * The bytes of an upload on their way in: kept in memory while they are few, streamed into a spool file
 * beyond that, hashed as they pass. They are pushed (begin, write, finish) or pulled (receive, take); many that
 * are pulled are hashed beside their receiving, and where a store may take the spool file as it is, they are hashed as the
 * file holds them, and that compared with what came. An intake that is released without having been kept leaves nothing
 * behind. Used by one thread.
 */

#include "common/buf.h"
#include "common/error.h"
#include "domain/checksums.h"
#include "domain/spool.h"

#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct read_back;
struct sum_thread;

struct intake_limits {
	size_t inline_max;  /* bytes kept in memory */
	int64_t object_max; /* bytes at all: TOO_LARGE beyond */
	bool durable;       /* always spooled, and synced: the client will not wait for the store */
	bool for_disk;      /* its store may take the spool file as it is, and syncs it */
	bool in_blocks;     /* its store may take it in blocks, by their own sums (block_sums.h) */
	const struct checksum_claims *claims; /* NULL: none; else borrowed until the end */
};

struct intake {
	const char *inline_bytes; /* NULL when spooled, and until the end; lent by the intake */
	struct spool_file file;   /* name "" when inline */
	int64_t size;
	struct checksums sums; /* since the end */
	/* The state in which the file was read back and had them; "" when it was not. */
	char compared[FILE_STATE_SIZE];
	struct spool *spool;

	struct intake_limits limits; /* the module's own, as what follows */
	struct buf head;             /* the bytes in memory */
	struct checksummer summer;
	struct sum_thread *beside; /* hashes what is brought; NULL: who brings it does */
	struct read_back *behind;  /* hashes what the file holds; NULL: nobody does */
	bool was_read_back;
};

/* What releases to nothing: struct intake intake = INTAKE_NONE. */
#define INTAKE_NONE                                                                                          \
	{                                                                                                    \
		.file = {.fd = -1 }                                                                          \
	}

/* Whatever it held is released by the caller before. */
void intake_begin(struct intake *intake, struct spool *spool, const struct intake_limits *limits);
/* TOO_LARGE, FULL. */
MUST_CHECK int intake_write(struct intake *intake, const void *bytes, size_t length, struct error *err);
/* Everything is here: size, sums and place are known. CHECKSUM: they are not the bytes that the claims
 * announced. */
MUST_CHECK int intake_finish(struct intake *intake, struct error *err);

/* Where the bytes come from: > 0 bytes, 0 at the verified end, -1 and *err. */
typedef ssize_t intake_read_fn(void *context, void *out, size_t size, struct error *err);

/* Receives everything. `expected` is the announced size, -1 when unknown. */
MUST_CHECK int intake_receive(struct spool *spool, const struct intake_limits *limits, intake_read_fn *read,
	void *context, int64_t expected, struct intake *out, struct error *err);
/* Takes bytes that are already in memory: spooled only when there are too many for a message. */
MUST_CHECK int intake_take(struct spool *spool, const struct intake_limits *limits, const void *bytes,
	size_t length, struct intake *out, struct error *err);
/* Frees its memory and removes the spool file, if any. For CLEANUP(). */
void intake_release(struct intake *intake);
/* From now on the spool file belongs to a job. */
void intake_keep(struct intake *intake);

#endif
