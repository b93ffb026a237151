/* SPDX-License-Identifier: MIT */
#include "drivers/ram_object.h"

#include "common/clock.h"
#include "common/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Full chunks are mapped, so that their memory goes back to the system; the last one is a heap block of
 * exactly its size. */
struct chunk {
	unsigned char *bytes;
	size_t length;
	bool mapped;
};

struct ram_object {
	_Atomic int references;
	int64_t size, modified_ms, reserved;
	struct chunk *chunks;
	size_t count, capacity;
};

static _Atomic int64_t limit = INT64_MAX, used;

void ram_set_limit(int64_t bytes)
{
	atomic_store(&limit, bytes);
}

int64_t ram_used(void)
{
	return atomic_load(&used);
}

static int reserve(struct ram_object *object, int64_t bytes, struct error *err)
{
	int64_t before = atomic_fetch_add(&used, bytes);
	if (bytes > atomic_load(&limit) - before) {
		atomic_fetch_sub(&used, bytes);
		return error_set(err, ERROR_FULL, "no space left in the memory for DictStores");
	}
	object->reserved += bytes;
	return 0;
}

static void chunk_release(struct chunk *chunk)
{
	if (chunk->mapped)
		munmap(chunk->bytes, RAM_CHUNK_SIZE);
	else
		free(chunk->bytes);
}

static void object_free(struct ram_object *object)
{
	for (size_t i = 0; i < object->count; i++)
		chunk_release(&object->chunks[i]);
	atomic_fetch_sub(&used, object->reserved);
	free(object->chunks);
	free(object);
}

/* A new empty chunk for `size` bytes. NULL and FULL. */
static struct chunk *chunk_add(struct ram_object *object, size_t size, struct error *err)
{
	if (reserve(object, (int64_t)size, err) != 0)
		return NULL;
	struct chunk chunk = {.mapped = size == RAM_CHUNK_SIZE};
	if (chunk.mapped) {
		chunk.bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk.bytes == MAP_FAILED) {
			error_set_cause(err, ERROR_FULL, "the system has no memory for the object");
			return NULL;
		}
	} else {
		chunk.bytes = memory_alloc(size);
	}
	if (object->count == object->capacity) {
		object->capacity = object->capacity ? 2 * object->capacity : 1;
		object->chunks = memory_resize(object->chunks, object->capacity * sizeof(chunk));
	}
	object->chunks[object->count] = chunk;
	return &object->chunks[object->count++];
}

/* Fills the chunk up to `size`: 1 full, 0 the source ended, -1. */
static int chunk_fill(struct chunk *chunk, size_t size, struct source *source, struct error *err)
{
	while (chunk->length < size) {
		ssize_t got = source->read(source, chunk->bytes + chunk->length, size - chunk->length, err);
		if (got <= 0)
			return (int)got;
		chunk->length += (size_t)got;
	}
	return 1;
}

/* Gives back what the last chunk did not need. */
static void shrink_last(struct ram_object *object, size_t size)
{
	struct chunk *last = &object->chunks[object->count - 1];
	if (last->length == size)
		return;
	struct chunk exact = {.bytes = memory_dup(last->bytes, last->length), .length = last->length};
	chunk_release(last);
	*last = exact;
	atomic_fetch_sub(&used, (int64_t)(size - exact.length));
	object->reserved -= (int64_t)(size - exact.length);
}

static int read_chunks(struct ram_object *object, struct source *source, struct error *err)
{
	int more = 1;
	while (more > 0 && object->size != source->size) {
		int64_t left = source->size < 0 ? RAM_CHUNK_SIZE : source->size - object->size;
		size_t size = left < RAM_CHUNK_SIZE ? (size_t)left : RAM_CHUNK_SIZE;
		struct chunk *chunk = chunk_add(object, size, err);
		if (!chunk)
			return -1;
		more = chunk_fill(chunk, size, source, err);
		if (more < 0)
			return -1;
		object->size += (int64_t)chunk->length;
		if (more == 0)
			shrink_last(object, size);
	}
	return 0;
}

int ram_object_read(struct source *source, int64_t overhead, struct ram_object **out, struct error *err)
{
	struct ram_object *object = memory_alloc(sizeof(*object));
	atomic_init(&object->references, 1);
	overhead += (int64_t)sizeof(*object);
	/* what cannot fit is refused before its bytes have travelled */
	if (source->size > atomic_load(&limit) - ram_used() - overhead)
		error_set(err, ERROR_FULL, "no space left in the memory for DictStores");
	else if (reserve(object, overhead, err) == 0 && read_chunks(object, source, err) == 0) {
		object->modified_ms = clock_unix_ms();
		*out = object;
		return 0;
	}
	object_free(object);
	return -1;
}

struct ram_object *ram_object_ref(struct ram_object *object)
{
	atomic_fetch_add(&object->references, 1);
	return object;
}

void ram_object_unref(struct ram_object *object)
{
	if (object && atomic_fetch_sub(&object->references, 1) == 1)
		object_free(object);
}

int64_t ram_object_size(const struct ram_object *object)
{
	return object->size;
}

int64_t ram_object_modified_ms(const struct ram_object *object)
{
	return object->modified_ms;
}

int ram_object_write(
	const struct ram_object *object, int64_t first, int64_t end, struct sink *sink, struct error *err)
{
	while (first < end) {
		const struct chunk *chunk =
			&object->chunks[first / RAM_CHUNK_SIZE]; /* all but the last are full */
		size_t offset = (size_t)(first % RAM_CHUNK_SIZE);
		size_t piece = chunk->length - offset;
		if (piece > STREAM_BUFFER_SIZE)
			piece = STREAM_BUFFER_SIZE;
		if ((int64_t)piece > end - first)
			piece = (size_t)(end - first);
		if (sink->write(sink, chunk->bytes + offset, piece, err) != 0)
			return -1;
		first += (int64_t)piece;
	}
	return 0;
}
