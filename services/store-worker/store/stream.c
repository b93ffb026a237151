/* SPDX-License-Identifier: MIT */
#include "store/stream.h"

#include "common/clock.h"
#include "common/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- memory source */

static ssize_t memory_read(struct source *base, void *out, size_t size, struct error *err)
{
	(void)err;
	struct memory_source *source = (struct memory_source *)base;
	size_t left = source->length - source->at;
	if (size > left)
		size = left;
	if (size)
		memcpy(out, source->bytes + source->at, size);
	source->at += size;
	return (ssize_t)size;
}

static int memory_rewind(struct source *base, struct error *err)
{
	(void)err;
	((struct memory_source *)base)->at = 0;
	return 0;
}

void memory_source_init(struct memory_source *source, const void *bytes, size_t length)
{
	*source = (struct memory_source){
		.base = {.read = memory_read, .rewind = memory_rewind, .size = (int64_t)length},
		.bytes = bytes,
		.length = length};
}

/* --- file source */

static ssize_t file_read(struct source *base, void *out, size_t size, struct error *err)
{
	int fd = ((struct file_source *)base)->fd;
	for (;;) {
		ssize_t got = read(fd, out, size);
		if (got >= 0)
			return got;
		if (errno != EINTR)
			return error_set_cause(err, ERROR_SOURCE_FAILED, "read: %s", strerror(errno));
	}
}

static int file_rewind(struct source *base, struct error *err)
{
	if (lseek(((struct file_source *)base)->fd, 0, SEEK_SET) == 0)
		return 0;
	return error_set_cause(err, ERROR_SOURCE_FAILED, "lseek: %s", strerror(errno));
}

int file_source_adopt(struct file_source *source, int fd, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return error_set_cause(err, ERROR_INVALID, "the source is not a regular file");
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*source = (struct file_source){
		.base = {.read = file_read, .rewind = file_rewind, .size = status.st_size}, .fd = fd};
	return 0;
}

int file_source_open(struct file_source *source, const char *path, struct error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return error_set_errno(err, errno, "open source file");
	if (file_source_adopt(source, fd, err) != 0)
		return -1;
	source->base.path = path;
	source->base.file = &source->fd;
	return 0;
}

void file_source_release(struct file_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

/* --- hashing source */

static int check_going_on(const struct transfer_watch *watch, int64_t deadline_unix_ms, struct error *err)
{
	if (watch && watch->cancelled)
		return error_set(err, ERROR_CANCELLED, "the job was cancelled");
	if (deadline_unix_ms && clock_unix_ms() >= deadline_unix_ms)
		return error_set(err, ERROR_DEADLINE, NULL);
	return 0;
}

static void note_passed(struct transfer_watch *watch, size_t length)
{
	if (!watch)
		return;
	watch->done += (int64_t)length;
	if (watch->between)
		watch->between(watch->context);
}

static int check_end(struct hashing_source *source, struct error *err)
{
	if (source->skipped)
		snprintf(source->sha256, sizeof(source->sha256), "%s", source->expected);
	if (!source->sha256[0])
		digest_finish_hex(source->digest, source->sha256);
	if (source->expected && strcasecmp(source->expected, source->sha256) != 0) {
		error_set(err, ERROR_CHECKSUM, NULL);
		return error_add_cause(err, "expected %.64s, read %s", source->expected, source->sha256);
	}
	return 0;
}

static ssize_t hashing_read(struct source *base, void *out, size_t size, struct error *err)
{
	struct hashing_source *source = (struct hashing_source *)base;
	if (check_going_on(source->watch, source->deadline_unix_ms, err) != 0)
		return -1;
	ssize_t got = source->skipped ? 0 : source->inner->read(source->inner, out, size, err);
	if (got < 0)
		return -1;
	if (got == 0)
		return check_end(source, err);
	digest_update(source->digest, out, (size_t)got);
	if (source->also)
		digest_update(source->also, out, (size_t)got);
	note_passed(source->watch, (size_t)got);
	source->count += got;
	return got;
}

static int hashing_skip(struct source *base, int64_t length, struct error *err)
{
	struct hashing_source *source = (struct hashing_source *)base;
	if (check_going_on(source->watch, source->deadline_unix_ms, err) != 0)
		return -1;
	note_passed(source->watch, (size_t)length);
	source->count += length;
	source->skipped = true;
	return 0;
}

static int hashing_rewind(struct source *base, struct error *err)
{
	struct hashing_source *source = (struct hashing_source *)base;
	if (source->inner->rewind(source->inner, err) != 0)
		return -1;
	char forgotten[DIGEST_HEX_SIZE];
	digest_finish_hex(source->digest, forgotten);
	if (source->also)
		digest_finish_hex(source->also, forgotten);
	source->sha256[0] = '\0';
	source->skipped = false;
	if (source->watch)
		source->watch->done -= source->count; /* which will pass again */
	source->count = 0;
	return 0;
}

void hashing_source_init(
	struct hashing_source *source, struct source *inner, const char *expected, int64_t deadline_unix_ms)
{
	*source = (struct hashing_source){.base = *inner,
		.inner = inner,
		.digest = digest_create(DIGEST_SHA256),
		.expected = expected,
		.deadline_unix_ms = deadline_unix_ms};
	source->base.read = hashing_read;
	source->base.rewind = inner->rewind ? hashing_rewind : NULL;
	source->base.settled = expected && inner->settled;
	source->base.blocks = expected ? inner->blocks : NULL;
	source->base.pass_over = source->base.settled || source->base.blocks ? hashing_skip : NULL;
}

void hashing_source_release(struct hashing_source *source)
{
	digest_free(source->digest);
	source->digest = NULL;
}

/* --- memory sink */

static int memory_write(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct memory_sink *sink = (struct memory_sink *)base;
	if (length > sink->limit - sink->bytes.length)
		return error_set(err, ERROR_TOO_LARGE, NULL);
	buf_append(&sink->bytes, bytes, length);
	return 0;
}

void memory_sink_init(struct memory_sink *sink, size_t limit)
{
	*sink = (struct memory_sink){.base = {memory_write, NULL}, .limit = limit};
}

void memory_sink_release(struct memory_sink *sink)
{
	buf_release(&sink->bytes);
}

/* --- hashing sink */

static int hashing_write(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct hashing_sink *sink = (struct hashing_sink *)base;
	if (check_going_on(sink->watch, sink->deadline_unix_ms, err) != 0)
		return -1;
	digest_update(sink->digest, bytes, length);
	note_passed(sink->watch, length);
	sink->count += (int64_t)length;
	return 0;
}

void hashing_sink_init(struct hashing_sink *sink, int64_t deadline_unix_ms)
{
	*sink = (struct hashing_sink){.base = {hashing_write, NULL},
		.digest = digest_create(DIGEST_SHA256),
		.deadline_unix_ms = deadline_unix_ms};
}

void hashing_sink_finish(struct hashing_sink *sink, char out[65])
{
	digest_finish_hex(sink->digest, out);
}

void hashing_sink_release(struct hashing_sink *sink)
{
	digest_free(sink->digest);
	sink->digest = NULL;
}
