/* SPDX-License-Identifier: MIT */
#include "drivers/s3_upload.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/memory.h"
#include "drivers/s3_multipart.h"
#include "drivers/s3_object.h"
#include "drivers/s3_parts.h"
#include "drivers/s3_request.h"
#include "schemas/job_message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 * 1024 };

struct upload {
	const struct s3_bucket *bucket;
	struct s3_object object;
	struct source *source;
	int64_t total;        /* bytes taken from the source so far */
	unsigned char *bytes; /* the part in hand */
	size_t length, capacity, limit;
	bool ended;     /* the source has no more */
	bool has_ahead; /* one byte was read to find that out */
	unsigned char ahead;
};

static void upload_release(struct upload *upload)
{
	free(upload->bytes);
}

int64_t s3_upload_part_size(int64_t part_size, int64_t size)
{
	int64_t needed = size > 0 ? (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX : 0;
	int64_t chosen = part_size > needed ? part_size : needed;
	chosen = chosen < S3_PART_SIZE_MIN ? S3_PART_SIZE_MIN : chosen;
	return chosen > S3_PART_SIZE_MAX ? S3_PART_SIZE_MAX : chosen;
}

static ssize_t read_source(struct upload *upload, void *out, size_t size, struct error *err)
{
	ssize_t got = upload->source->read(upload->source, out, size, err);
	if (got > 0)
		upload->total += got;
	return got;
}

/* A known size is allocated at once, an unknown one as it turns out. */
static void grow(struct upload *upload)
{
	int64_t known = upload->source->size;
	size_t wanted = upload->capacity ? upload->capacity * 2 : FIRST_CAPACITY;
	if (known >= 0)
		wanted = (uint64_t)known < upload->limit ? (size_t)known : upload->limit;
	upload->capacity = wanted < upload->limit ? wanted : upload->limit;
	upload->bytes = memory_resize(upload->bytes, upload->capacity);
}

/* Whether the part in hand is the last. A known size tells; otherwise the next byte does, and is kept. */
static int look_ahead(struct upload *upload, struct error *err)
{
	if (upload->source->size >= 0)
		return 0;
	ssize_t got = read_source(upload, &upload->ahead, 1, err);
	upload->has_ahead = got == 1;
	upload->ended = got == 0;
	return got == -1 ? -1 : 0;
}

/* The next part: as many bytes as fit, fewer only at the end of the source. */
static int fill(struct upload *upload, struct error *err)
{
	upload->length = 0;
	if (upload->has_ahead) {
		if (upload->capacity == 0)
			grow(upload);
		upload->bytes[upload->length++] = upload->ahead;
		upload->has_ahead = false;
	}
	upload->ended = upload->total == upload->source->size;
	while (upload->length < upload->limit && !upload->ended) {
		if (upload->length == upload->capacity)
			grow(upload);
		ssize_t got = read_source(
			upload, upload->bytes + upload->length, upload->capacity - upload->length, err);
		if (got == -1)
			return -1;
		upload->length += (size_t)got;
		upload->ended = got == 0 || upload->total == upload->source->size;
	}
	return upload->ended ? 0 : look_ahead(upload, err);
}

/* The server has compared it with the hash that is signed; whoever puts looks at it afterwards. */
static int put_single(struct upload *upload, struct error *err)
{
	return s3_object_put(
		upload->bucket, &upload->object, upload->bytes, upload->length, upload->source->receipt, err);
}

static int add_parts(struct upload *upload, struct s3_multipart *multipart, int parallel, struct error *err)
{
	CLEANUP(s3_parts_release) struct s3_parts parts = {.multipart = multipart, .parallel = parallel};
	for (;;) {
		if (s3_parts_send(&parts, &upload->bytes, upload->length, &upload->capacity, err) == -1)
			return -1;
		if (upload->ended)
			return s3_parts_finish(&parts, err);
		if (fill(upload, err) == -1)
			return -1;
	}
}

/* Reads a part of the source's file to its end, for the source to hash and this one to hash. */
static int hash_part(struct upload *upload, size_t length, char sha256[DIGEST_HEX_SIZE], struct error *err)
{
	CLEANUP(digest_cleanup) struct digest *digest = digest_create(DIGEST_SHA256);
	for (size_t at = 0; at < length;) {
		size_t left = length - at;
		ssize_t got = read_source(
			upload, upload->bytes, left < upload->capacity ? left : upload->capacity, err);
		if (got < 0)
			return -1;
		if (got == 0)
			return error_set(err, ERROR_SOURCE_FAILED, "the source ended too early");
		digest_update(digest, upload->bytes, (size_t)got);
		at += (size_t)got;
	}
	digest_finish_hex(digest, sha256);
	return 0;
}

/* The sum of the part that begins at the offset: known, where the parts are the blocks whose sums came with the file. */
static int sum_part(
	struct upload *upload, int64_t offset, size_t length, char sha256[DIGEST_HEX_SIZE], struct error *err)
{
	struct source *source = upload->source;
	if (!source->blocks || upload->limit != JOB_BLOCK_SIZE)
		return hash_part(upload, length, sha256, err);
	hex_encode(source->blocks + offset / JOB_BLOCK_SIZE * JOB_BLOCK_SUM_SIZE, JOB_BLOCK_SUM_SIZE, sha256);
	if (source->pass_over(source, (int64_t)length, err) == -1)
		return -1;
	upload->total += (int64_t)length;
	return 0;
}

/* A file's parts need not be held: each is sent from the file while the next one is hashed. Were it not the same
 * then, the server would refuse it. */
static int add_file_parts(
	struct upload *upload, struct s3_multipart *multipart, int parallel, struct error *err)
{
	CLEANUP(cleanup_fd)
	int fd = open(upload->source->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(s3_parts_release)
	struct s3_parts parts = {.multipart = multipart, .parallel = parallel < 1 ? 1 : parallel};
	if (fd < 0)
		return error_set_errno(err, errno, "open source file");
	upload->capacity = STREAM_BUFFER_SIZE;
	upload->bytes = memory_alloc(upload->capacity);
	while (upload->total < upload->source->size) {
		char sha256[DIGEST_HEX_SIZE];
		int64_t offset = upload->total, left = upload->source->size - offset;
		size_t length = (uint64_t)left < upload->limit ? (size_t)left : upload->limit;
		if (sum_part(upload, offset, length, sha256, err) == -1 ||
			s3_parts_send_file(&parts, fd, offset, length, sha256, err) == -1)
			return -1;
	}
	return s3_parts_finish(&parts, err);
}

/* When the answer to the completion got lost, or says that the upload is not there (an attempt before it
 * succeeded), the object itself tells. */
static int complete(struct upload *upload, struct s3_multipart *multipart, struct error *err)
{
	struct error doubt;
	if (s3_multipart_complete(multipart, err) == 0)
		return s3_object_verify(upload->bucket, &upload->object, upload->total, true, err);
	return s3_object_verify(upload->bucket, &upload->object, upload->total, false, &doubt);
}

static bool is_file(const struct upload *upload)
{
	return upload->source->path && upload->source->size >= (int64_t)upload->limit;
}

static int put_multipart(struct upload *upload, int parallel, struct error *err)
{
	CLEANUP(s3_multipart_release) struct s3_multipart multipart = {0};
	struct error ignored;
	if (s3_multipart_begin(&multipart, upload->bucket, &upload->object, err) == -1)
		return -1;
	int added = is_file(upload) ? add_file_parts(upload, &multipart, parallel, err)
				    : add_parts(upload, &multipart, parallel, err);
	if (added == 0 && complete(upload, &multipart, err) == 0)
		return 0;
	if (s3_multipart_abort(&multipart, &ignored) == -1)
		log_debug("upload not aborted", LOG_ERROR(&ignored));
	return -1;
}

int s3_upload_run(const struct s3_bucket *bucket, const char *key, struct source *source,
	const char *content_type, struct s3_part_limits limits, struct error *err)
{
	CLEANUP(upload_release)
	struct upload upload = {.bucket = bucket,
		.source = source,
		.limit = (size_t)s3_upload_part_size(limits.size, source->size)};
	s3_object_init(&upload.object, key, content_type);
	if (is_file(&upload))
		return put_multipart(&upload, limits.parallel, err);
	if (fill(&upload, err) == -1)
		return -1;
	if (!upload.ended || source->size >= (int64_t)upload.limit)
		return put_multipart(&upload, limits.parallel, err);
	return put_single(&upload, err);
}
