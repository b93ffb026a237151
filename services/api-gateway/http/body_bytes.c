/* SPDX-License-Identifier: MIT */
#include "http/body_bytes.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/json_lift.h"
#include "domain/transfer.h"
#include "http/request.h"

enum { PIECE_SIZE = 64 * 1024 };

struct body_bytes {
	struct transfer *transfer;
	struct json_lift lift;
	struct base64_decoder decoder;
	struct intake intake;
	bool begun;
	bool malformed; /* what is wrong with the rest of the body is told first */
	char piece[PIECE_SIZE];
	unsigned char decoded[PIECE_SIZE / 4 * 3 + 6];
};

static void begin(void *context)
{
	struct body_bytes *bytes = context;
	struct intake_limits limits = transfer_limits(bytes->transfer);
	intake_release(&bytes->intake);
	intake_begin(&bytes->intake, transfer_spool(bytes->transfer), &limits);
	bytes->decoder = (struct base64_decoder){.pending_length = 0};
	bytes->begun = true;
	bytes->malformed = false;
}

static void spoil(struct body_bytes *bytes)
{
	intake_release(&bytes->intake);
	bytes->intake = (struct intake)INTAKE_NONE;
	bytes->malformed = true;
}

static int decode(void *context, const char *text, size_t length, struct error *err)
{
	struct body_bytes *bytes = context;
	if (bytes->malformed)
		return 0;
	ssize_t size = base64_decoder_feed(&bytes->decoder, text, length, bytes->decoded);
	if (size >= 0)
		return intake_write(&bytes->intake, bytes->decoded, (size_t)size, err);
	spoil(bytes);
	return 0;
}

static void release(void *context)
{
	intake_release(&((struct body_bytes *)context)->intake);
}

struct body_bytes *body_bytes_create(struct request *request, const char *member, struct transfer *transfer)
{
	struct body_bytes *bytes = arena_alloc(request->arena, sizeof(*bytes));
	bytes->transfer = transfer;
	bytes->intake = (struct intake)INTAKE_NONE;
	json_lift_init(&bytes->lift, member, &(struct json_lift_sink){begin, decode, bytes});
	arena_defer(request->arena, release, bytes);
	return bytes;
}

ssize_t body_bytes_read(
	struct body_bytes *bytes, struct request *request, struct buf *kept, struct error *err)
{
	ssize_t got = request_read(request, bytes->piece, sizeof(bytes->piece), err);
	if (got > 0 && json_lift_feed(&bytes->lift, bytes->piece, (size_t)got, kept, err))
		return -1;
	return got;
}

int body_bytes_finish(struct body_bytes *bytes, struct error *err)
{
	if (!bytes->begun || bytes->malformed)
		return 0;
	if (base64_decoder_is_whole(&bytes->decoder))
		return intake_finish(&bytes->intake, err);
	spoil(bytes);
	return 0;
}

int body_bytes_intake(struct body_bytes *bytes, struct intake **out, struct error *err)
{
	if (!bytes->begun || bytes->malformed)
		return error_set(err, ERROR_INVALID, "base64 is malformed; nothing was stored");
	*out = &bytes->intake;
	return 0;
}

bool body_bytes_is_empty(const struct body_bytes *bytes)
{
	return bytes->begun && !bytes->malformed && bytes->intake.size == 0;
}

const char *body_bytes_fingerprint(const struct body_bytes *bytes)
{
	return bytes->malformed ? "malformed" : bytes->intake.sums.sha256;
}
