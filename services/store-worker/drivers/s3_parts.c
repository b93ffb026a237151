/* SPDX-License-Identifier: MIT */
#include "drivers/s3_parts.h"

#include <stdlib.h>
#include <string.h>

static void *send_part(void *context)
{
	struct s3_part *part = context;
	const struct s3_part_body body = {part->bytes, part->bytes ? NULL : &part->file, part->length};
	part->result = s3_multipart_send(part->multipart, part->number, &body, part->etag, &part->error);
	return NULL;
}

/* The part has arrived, or was never sent. */
static int reap(struct s3_parts *parts, struct s3_part *part, struct error *err)
{
	if (!part->sent)
		return 0;
	pthread_join(part->thread, NULL);
	part->sent = false;
	if (part->result != 0) {
		*err = part->error;
		return -1;
	}
	s3_multipart_note(parts->multipart, part->number, part->etag);
	return 0;
}

static int send_alone(
	struct s3_parts *parts, struct s3_part *part, const unsigned char *bytes, struct error *err)
{
	const struct s3_part_body body = {bytes, NULL, part->length};
	if (s3_multipart_send(parts->multipart, part->number, &body, part->etag, err) != 0)
		return -1;
	s3_multipart_note(parts->multipart, part->number, part->etag);
	return 0;
}

/* Numbered; nothing of it may be under way. */
static struct s3_part *next_part(struct s3_parts *parts, size_t length)
{
	struct s3_part *part = &parts->parts[parts->next];
	part->multipart = parts->multipart;
	part->number = ++parts->number;
	part->length = length;
	return part;
}

static int launch(struct s3_parts *parts, struct s3_part *part, struct error *err)
{
	int reason = pthread_create(&part->thread, NULL, send_part, part);
	if (reason != 0)
		return error_set_cause(err, ERROR_UNAVAILABLE, "pthread_create: %s", strerror(reason));
	part->sent = true;
	parts->next = (parts->next + 1) % parts->parallel;
	return 0;
}

int s3_parts_send_file(struct s3_parts *parts, int fd, int64_t offset, size_t length,
	const char sha256[DIGEST_HEX_SIZE], struct error *err)
{
	if (reap(parts, &parts->parts[parts->next], err) != 0)
		return -1;
	struct s3_part *part = next_part(parts, length);
	memcpy(part->sha256, sha256, DIGEST_HEX_SIZE);
	part->file = (struct s3_file_body){fd, offset, part->sha256};
	return launch(parts, part, err);
}

int s3_parts_send(
	struct s3_parts *parts, unsigned char **bytes, size_t length, size_t *capacity, struct error *err)
{
	if (parts->number == S3_PARTS_MAX)
		return error_set(err, ERROR_TOO_LARGE, "an object of unknown size is larger than %d parts",
			S3_PARTS_MAX);
	struct s3_part *part = next_part(parts, length);
	if (parts->parallel <= 1)
		return send_alone(parts, part, *bytes, err);

	/* the block in hand goes out; the one whose turn is next comes back, once its part has arrived */
	free(part->bytes);
	part->bytes = *bytes;
	part->capacity = *capacity;
	*bytes = NULL;
	*capacity = 0;
	if (launch(parts, part, err) != 0)
		return -1;
	struct s3_part *free_one = &parts->parts[parts->next];
	if (reap(parts, free_one, err) != 0)
		return -1;
	*bytes = free_one->bytes;
	*capacity = free_one->capacity;
	free_one->bytes = NULL;
	return 0;
}

int s3_parts_finish(struct s3_parts *parts, struct error *err)
{
	for (int i = 0; i < parts->parallel; i++)
		if (reap(parts, &parts->parts[i], err) != 0)
			return -1;
	return 0;
}

void s3_parts_release(struct s3_parts *parts)
{
	struct error ignored;
	for (int i = 0; i < S3_PARALLEL_MAX; i++) {
		struct s3_part *part = &parts->parts[i];
		int failed = reap(parts, part, &ignored);
		(void)failed; /* it is known already, or nobody's business any more */
		free(part->bytes);
		part->bytes = NULL;
	}
}
