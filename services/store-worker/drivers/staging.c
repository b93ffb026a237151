/* SPDX-License-Identifier: MIT */
#include "drivers/staging.h"

#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/file_error.h"
#include "drivers/file_io.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static ssize_t read_file(struct source *base, void *out, size_t size, struct error *err)
{
	struct staging *staging = (struct staging *)((char *)base - offsetof(struct staging, file));
	ssize_t got = read(staging->file.fd, out, size);
	return got >= 0 ? got : file_error(err, errno, "read temporary");
}

static int too_large(int64_t limit, struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE, "this store takes objects of up to %" PRId64 " bytes", limit);
}

/* 1: there is more than fits in memory, 0: all is there, -1. */
static int fill_memory(struct staging *staging, struct source *source, int64_t limit, struct error *err)
{
	size_t room = source->size >= 0 && source->size <= STAGING_MEMORY ? (size_t)source->size + 1
									  : STAGING_MEMORY + 1;
	buf_reserve(&staging->bytes, room);
	while (staging->bytes.length < room) {
		ssize_t got = source->read(source, staging->bytes.data + staging->bytes.length,
			room - staging->bytes.length, err);
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		staging->bytes.length += (size_t)got;
		if (limit >= 0 && (int64_t)staging->bytes.length > limit)
			return too_large(limit, err);
	}
	return 1;
}

static int fill_file(
	struct staging *staging, struct source *source, int directory, int64_t limit, struct error *err)
{
	if (temporary_create(&staging->temporary, directory) != 0)
		return file_error(err, errno, "create temporary");
	int fd = staging->temporary.fd;
	int64_t size = (int64_t)staging->bytes.length;
	if (file_allocate(fd, 0, source->size) != 0 ||
		file_write_at(fd, staging->bytes.data, staging->bytes.length, 0) != 0)
		return file_error(err, errno, "write temporary");
	CLEANUP(cleanup_free) char *piece = memory_alloc(STREAM_BUFFER_SIZE);
	for (;;) {
		ssize_t got = source->read(source, piece, STREAM_BUFFER_SIZE, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		if (limit >= 0 && size + got > limit)
			return too_large(limit, err);
		if (file_write_at(fd, piece, (size_t)got, size) != 0)
			return file_error(err, errno, "write temporary");
		size += got;
	}
	buf_release(&staging->bytes);
	staging->file.fd = fd;
	staging->file.base = (struct source){.read = read_file, .size = size};
	staging->source = &staging->file.base;
	return 0;
}

int staging_fill(
	struct staging *staging, struct source *source, int directory, int64_t limit, struct error *err)
{
	*staging = (struct staging){.source = source, .temporary = {.directory = -1, .fd = -1}};
	if (limit >= 0 && source->size > limit)
		return too_large(limit, err);
	if (source->path && source->size >= 0)
		return 0;
	int more = fill_memory(staging, source, limit, err);
	if (more < 0)
		return -1;
	if (more)
		return fill_file(staging, source, directory, limit, err);
	memory_source_init(&staging->memory, staging->bytes.data, staging->bytes.length);
	staging->source = &staging->memory.base;
	return 0;
}

void staging_release(struct staging *staging)
{
	buf_release(&staging->bytes);
	temporary_release(&staging->temporary);
}
