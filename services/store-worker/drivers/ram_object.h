/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_RAM_OBJECT_H
#define DRIVERS_RAM_OBJECT_H

/*
 * The bytes of an object in memory, in chunks, so that an object of any size is never copied to grow. Counted
 * references: a reader keeps what it reads although the key has been replaced or removed meanwhile. All
 * objects of the process together are held to one limit, their keys and overhead included.
 */

#include "store/stream.h"

#include <stdint.h>

enum { RAM_CHUNK_SIZE = 1024 * 1024 };

struct ram_object;

void ram_set_limit(int64_t bytes);
/* What the objects take now. */
int64_t ram_used(void);

/* Reads the source to its end. FULL beyond the limit (a source of unknown size needs room for a chunk more
 * while it is read); the source's error; nothing is kept then. `overhead` is accounted with the object. The
 * caller owns one reference. */
MUST_CHECK int ram_object_read(
	struct source *source, int64_t overhead, struct ram_object **out, struct error *err);
struct ram_object *ram_object_ref(struct ram_object *object);
void ram_object_unref(struct ram_object *object); /* NULL is accepted */
int64_t ram_object_size(const struct ram_object *object);
int64_t ram_object_modified_ms(const struct ram_object *object);
/* Pushes bytes first up to end (exclusive). */
MUST_CHECK int ram_object_write(
	const struct ram_object *object, int64_t first, int64_t end, struct sink *sink, struct error *err);

#endif
