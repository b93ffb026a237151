/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_SPOOL_ROOM_H
#define DOMAIN_SPOOL_ROOM_H

/*
 * How much the files of a spool directory may take up together. The directory itself is the account: what a
 * file may grow to is allocated for it before it is written (beyond its end, so that its size stays true),
 * where every gateway that shares the directory sees it and a crash cannot forget it. Whoever takes room
 * holds a lock on the file ".room" meanwhile. Thread-safe.
 */

#include "common/error.h"

#include <stdint.h>

struct spool_room;

/* `directory` is borrowed; max: bytes, 0: any number. */
struct spool_room *spool_room_create(int directory, int64_t max);
void spool_room_free(struct spool_room *room);

/* The file open at fd, for which *taken bytes are allocated, may be written up to `end` when it returns 0;
 * *taken is at least that then. FULL. */
MUST_CHECK int spool_room_take(
	struct spool_room *room, int fd, int64_t end, int64_t *taken, struct error *err);

#endif
