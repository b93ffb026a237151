/* SPDX-License-Identifier: MIT */
#include "domain/intake.h"

#include "common/cleanup.h"
#include "domain/read_back.h"
#include "domain/sum_thread.h"
#include "schemas/job_message.h"

enum { PIECE_SIZE = 256 * 1024, BESIDE_FROM = 4 * PIECE_SIZE };

static int too_large(const struct intake_limits *limits, struct error *err)
{
	return error_set(err, ERROR_TOO_LARGE, "the object is larger than the %lld bytes allowed",
		(long long)limits->object_max);
}

/* --- pushed */

void intake_begin(struct intake *intake, struct spool *spool, const struct intake_limits *limits)
{
	*intake = (struct intake){.file = {.fd = -1}, .spool = spool, .limits = *limits};
	checksummer_init(&intake->summer, limits->claims);
}

static bool is_spooled(const struct intake *intake)
{
	return *intake->file.name != '\0';
}

/* What is in memory so far goes first. */
static int begin_spooling(struct intake *intake, struct error *err)
{
	if (spool_file_create(intake->spool, &intake->file, err))
		return -1;
	intake->file.for_disk = intake->limits.for_disk || intake->limits.durable;
	if (spool_file_write(&intake->file, intake->head.data, intake->head.length, err))
		return -1;
	buf_release(&intake->head);
	return 0;
}

static void sum(struct intake *intake, const void *bytes, size_t length)
{
	if (intake->behind)
		return; /* once they are in the file */
	if (intake->beside)
		sum_thread_hand(intake->beside, bytes, length);
	else
		checksummer_update(&intake->summer, bytes, length);
}

int intake_write(struct intake *intake, const void *bytes, size_t length, struct error *err)
{
	if ((int64_t)length > intake->limits.object_max - intake->size)
		return too_large(&intake->limits, err);
	intake->size += (int64_t)length;
	sum(intake, bytes, length);
	bool fits = !intake->limits.durable && (uint64_t)intake->size <= intake->limits.inline_max;
	if (!is_spooled(intake) && !fits && begin_spooling(intake, err))
		return -1;
	if (!is_spooled(intake)) {
		buf_append(&intake->head, bytes, length);
		return 0;
	}
	if (spool_file_write(&intake->file, bytes, length, err))
		return -1;
	if (intake->behind)
		read_back_note(intake->behind, bytes, length);
	return 0;
}

static int finish_spooling(struct intake *intake, struct error *err)
{
	if (spool_file_finish(intake->spool, &intake->file, intake->limits.durable, err))
		return -1;
	if (intake->was_read_back)
		spool_file_state(intake->spool, intake->file.name, intake->compared);
	return 0;
}

int intake_finish(struct intake *intake, struct error *err)
{
	checksummer_finish(&intake->summer, &intake->sums);
	if (intake->limits.claims && checksums_compare(&intake->limits.claims->expected, &intake->sums, err))
		return -1;
	if (intake->limits.durable && !is_spooled(intake) && begin_spooling(intake, err))
		return -1;
	if (is_spooled(intake))
		return finish_spooling(intake, err);
	intake->inline_bytes = intake->head.data ? intake->head.data : "";
	return 0;
}

void intake_release(struct intake *intake)
{
	if (intake->spool)
		spool_file_discard(intake->spool, &intake->file);
	buf_release(&intake->head);
	checksummer_release(&intake->summer);
}

void intake_keep(struct intake *intake)
{
	intake->file = (struct spool_file){.fd = -1};
}

/* --- pulled */

/* Reads until the buffer is full or the bytes end. */
static ssize_t read_fully(
	intake_read_fn *read_bytes, void *context, char *out, size_t size, struct error *err)
{
	size_t filled = 0;
	while (filled < size) {
		ssize_t got = read_bytes(context, out + filled, size - filled, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		filled += (size_t)got;
	}
	return (ssize_t)filled;
}

static int pull(
	struct intake *intake, intake_read_fn *read_bytes, void *context, int64_t expected, struct error *err)
{
	/* one byte more than expected, to see the end */
	size_t size = expected >= 0 && expected < PIECE_SIZE ? (size_t)expected + 1 : PIECE_SIZE;
	CLEANUP(cleanup_free) char *piece = malloc(size);
	if (!piece)
		return error_set_cause(err, ERROR_INTERNAL, "no memory for a transfer buffer");
	for (;;) {
		ssize_t got = read_fully(read_bytes, context, piece, size, err);
		if (got < 0 || (got > 0 && intake_write(intake, piece, (size_t)got, err)))
			return -1;
		if ((size_t)got < size)
			return 0;
	}
}

/* The same in two buffers: one is received into while the other is hashed. */
static int pull_beside(struct intake *intake, intake_read_fn *read_bytes, void *context, struct error *err)
{
	CLEANUP(cleanup_free) char *pieces = malloc(2 * PIECE_SIZE);
	if (!pieces)
		return error_set_cause(err, ERROR_INTERNAL, "no memory for a transfer buffer");
	intake->beside = sum_thread_start(&intake->summer);
	int result = 1;
	for (char *piece = pieces; result == 1; piece = piece == pieces ? pieces + PIECE_SIZE : pieces) {
		ssize_t got = read_fully(read_bytes, context, piece, PIECE_SIZE, err);
		if (got < 0 || (got > 0 && intake_write(intake, piece, (size_t)got, err)))
			result = -1;
		else if (got < PIECE_SIZE)
			result = 0;
	}
	sum_thread_end(intake->beside);
	intake->beside = NULL;
	return result;
}

/* Hashed as the file gives them back, while the next ones are received. */
static int pull_behind(struct intake *intake, intake_read_fn *read_bytes, void *context, struct error *err)
{
	if (begin_spooling(intake, err))
		return -1;
	intake->behind = read_back_start(intake->file.fd, &intake->summer);
	int result = pull(intake, read_bytes, context, -1, err);
	struct read_back *behind = intake->behind;
	intake->behind = NULL;
	if (result) {
		read_back_abandon(behind);
		return -1;
	}
	intake->was_read_back = behind;
	return behind ? read_back_end(behind, err) : 0;
}

/* The way that suits so many bytes. */
static int pull_all(
	struct intake *intake, intake_read_fn *read_bytes, void *context, int64_t expected, struct error *err)
{
	bool many = expected >= BESIDE_FROM && (uint64_t)expected > intake->limits.inline_max;
	if (many && intake->limits.for_disk)
		return pull_behind(intake, read_bytes, context, err);
	if (expected >= 0 && expected < BESIDE_FROM)
		return pull(intake, read_bytes, context, expected, err);
	if (intake->limits.in_blocks && (expected < 0 || expected >= JOB_BLOCK_SIZE))
		block_sums_init(&intake->summer.blocks);
	return pull_beside(intake, read_bytes, context, err);
}

int intake_receive(struct spool *spool, const struct intake_limits *limits, intake_read_fn *read_bytes,
	void *context, int64_t expected, struct intake *out, struct error *err)
{
	if (expected > limits->object_max)
		return too_large(limits, err);
	CLEANUP(intake_release) struct intake intake;
	intake_begin(&intake, spool, limits);
	if (pull_all(&intake, read_bytes, context, expected, err) || intake_finish(&intake, err))
		return -1;
	*out = intake;
	intake = (struct intake)INTAKE_NONE;
	return 0;
}

int intake_take(struct spool *spool, const struct intake_limits *limits, const void *bytes, size_t length,
	struct intake *out, struct error *err)
{
	CLEANUP(intake_release) struct intake intake;
	intake_begin(&intake, spool, limits);
	if (intake_write(&intake, bytes, length, err) || intake_finish(&intake, err))
		return -1;
	*out = intake;
	intake = (struct intake)INTAKE_NONE;
	return 0;
}
