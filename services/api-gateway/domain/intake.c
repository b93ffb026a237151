/* SPDX-License-Identifier: MIT */
#include "domain/intake.h"

#include "common/arena.h"
#include "common/cleanup.h"

#include <string.h>

enum { PIECE_SIZE = 256 * 1024 };

struct receiver {
	struct spool *spool;
	const struct intake_limits *limits;
	intake_read_fn *read;
	void *context;
	struct digest *digest;
};

/* Reads until the buffer is full or the bytes end. */
static ssize_t read_fully(const struct receiver *from, char *out, size_t size, struct error *err)
{
	size_t filled = 0;
	while (filled < size) {
		ssize_t got = from->read(from->context, out + filled, size - filled, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		filled += (size_t)got;
	}
	return (ssize_t)filled;
}

static int add_piece(const struct receiver *from, struct intake *intake, const char *bytes, size_t length,
	struct error *err)
{
	intake->size += (int64_t)length;
	if (intake->size > from->limits->object_max)
		return error_set(err, ERROR_TOO_LARGE, "the object is larger than the %lld bytes allowed",
			(long long)from->limits->object_max);
	digest_update(from->digest, bytes, length);
	return spool_file_write(&intake->file, bytes, length, err);
}

/* `first` holds the bytes read so far; the rest follows through the same buffer. */
static int receive_spooled(const struct receiver *from, struct intake *intake, char *first, size_t filled,
	size_t capacity, struct error *err)
{
	if (spool_file_create(from->spool, &intake->file, err))
		return -1;
	for (ssize_t got = (ssize_t)filled; got != 0; got = read_fully(from, first, capacity, err))
		if (got < 0 || add_piece(from, intake, first, (size_t)got, err))
			return -1;
	return spool_file_finish(from->spool, &intake->file, from->limits->durable, err);
}

/* One byte more than may stay in memory, to see that there is more; no more than needed when the size is
 * known. */
static size_t buffer_size(const struct intake_limits *limits, int64_t expected)
{
	size_t size = limits->inline_max + 1 > PIECE_SIZE ? limits->inline_max + 1 : PIECE_SIZE;
	return expected >= 0 && (size_t)expected + 1 < size ? (size_t)expected + 1 : size;
}

static int receive(const struct receiver *from, int64_t expected, struct arena *arena, struct intake *intake,
	struct error *err)
{
	size_t capacity = buffer_size(from->limits, expected);
	CLEANUP(cleanup_free) char *piece = malloc(capacity);
	if (!piece)
		return error_set_cause(err, ERROR_INTERNAL, "no memory for a transfer buffer");
	ssize_t got = read_fully(from, piece, capacity, err);
	if (got < 0)
		return -1;
	if ((size_t)got > from->limits->inline_max || from->limits->durable)
		return receive_spooled(from, intake, piece, (size_t)got, capacity, err);
	digest_update(from->digest, piece, (size_t)got);
	intake->inline_bytes = arena_memdup(arena, piece, (size_t)got);
	intake->size = got;
	return 0;
}

int intake_receive(struct spool *spool, const struct intake_limits *limits, intake_read_fn *read,
	void *context, int64_t expected, struct arena *arena, struct intake *out, struct error *err)
{
	if (expected > limits->object_max)
		return error_set(err, ERROR_TOO_LARGE, "the object is larger than the %lld bytes allowed",
			(long long)limits->object_max);
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_SHA256);
	CLEANUP(intake_release) struct intake intake = {.spool = spool, .file = {.fd = -1}};
	struct receiver from = {spool, limits, read, context, digest};
	if (receive(&from, expected, arena, &intake, err))
		return -1;
	digest_finish_hex(digest, intake.sha256);
	*out = intake;
	intake_keep(&intake);
	return 0;
}

struct memory_reader {
	const char *bytes;
	size_t left;
};

static ssize_t read_memory(void *context, void *out, size_t size, struct error *err)
{
	(void)err;
	struct memory_reader *reader = context;
	size_t length = size < reader->left ? size : reader->left;
	memcpy(out, reader->bytes, length);
	reader->bytes += length;
	reader->left -= length;
	return (ssize_t)length;
}

int intake_take(struct spool *spool, const struct intake_limits *limits, const void *bytes, size_t length,
	struct arena *arena, struct intake *out, struct error *err)
{
	struct memory_reader reader = {bytes, length};
	return intake_receive(spool, limits, read_memory, &reader, (int64_t)length, arena, out, err);
}

void intake_release(struct intake *intake)
{
	if (intake->spool)
		spool_file_discard(intake->spool, &intake->file);
}

void intake_keep(struct intake *intake)
{
	intake->file = (struct spool_file){.fd = -1};
}
