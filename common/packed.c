/* SPDX-License-Identifier: MIT */
#include "common/packed.h"

#include <assert.h>
#include <stdint.h>

enum form_kind { NEVER_USED, SCALAR, ARRAY, MAP };

/* What follows a first byte of 0xc0 to 0xdf (the msgpack specification's overview): a big-endian length of
 * `width` bytes, then `fixed` bytes, then as many bytes (SCALAR) or elements (ARRAY, MAP) as the length
 * says. */
static const struct form {
	uint8_t kind, width, fixed;
} FORMS[32] = {
	[0x00] = {SCALAR, 0, 0}, /* nil */
	[0x02] = {SCALAR, 0, 0},
	[0x03] = {SCALAR, 0, 0}, /* false, true */
	[0x04] = {SCALAR, 1, 0},
	[0x05] = {SCALAR, 2, 0},
	[0x06] = {SCALAR, 4, 0}, /* bin */
	[0x07] = {SCALAR, 1, 1},
	[0x08] = {SCALAR, 2, 1},
	[0x09] = {SCALAR, 4, 1}, /* ext */
	[0x0a] = {SCALAR, 0, 4},
	[0x0b] = {SCALAR, 0, 8}, /* float */
	[0x0c] = {SCALAR, 0, 1},
	[0x0d] = {SCALAR, 0, 2},
	[0x0e] = {SCALAR, 0, 4},
	[0x0f] = {SCALAR, 0, 8}, /* uint */
	[0x10] = {SCALAR, 0, 1},
	[0x11] = {SCALAR, 0, 2},
	[0x12] = {SCALAR, 0, 4},
	[0x13] = {SCALAR, 0, 8}, /* int */
	[0x14] = {SCALAR, 0, 2},
	[0x15] = {SCALAR, 0, 3},
	[0x16] = {SCALAR, 0, 5}, /* fixext 1, 2, 4 */
	[0x17] = {SCALAR, 0, 9},
	[0x18] = {SCALAR, 0, 17}, /* fixext 8, 16 */
	[0x19] = {SCALAR, 1, 0},
	[0x1a] = {SCALAR, 2, 0},
	[0x1b] = {SCALAR, 4, 0}, /* str */
	[0x1c] = {ARRAY, 2, 0},
	[0x1d] = {ARRAY, 4, 0},
	[0x1e] = {MAP, 2, 0},
	[0x1f] = {MAP, 4, 0},
};

struct walk {
	const unsigned char *at, *start, *end;
	size_t items_left;
	int depth, max_depth;
	uint64_t open[PACKED_MAX_DEPTH]; /* values still to come in each open array or map */
	struct error *err;
};

static int malformed(struct walk *walk, const char *what)
{
	error_set(walk->err, ERROR_INVALID, "malformed msgpack message");
	return error_add_cause(walk->err, "msgpack: %s at byte %zu of %zu", what,
		(size_t)(walk->at - walk->start), (size_t)(walk->end - walk->start));
}

/* The form of a value by its first byte; a length that stands in that byte itself goes to *length. */
static struct form form_of(unsigned char first, uint64_t *length)
{
	*length = 0;
	if (first < 0x80 || first >= 0xe0)
		return (struct form){SCALAR, 0, 0};
	if (first >= 0xc0)
		return FORMS[first - 0xc0];
	*length = first >= 0xa0 ? first & 0x1f : first & 0x0f;
	return (struct form){first >= 0xa0 ? SCALAR : first >= 0x90 ? ARRAY : MAP, 0, 0};
}

static int open_container(struct walk *walk, uint64_t values)
{
	if (values > walk->items_left)
		return malformed(walk, "too many values");
	if (values > (uint64_t)(walk->end - walk->at)) /* each takes a byte at least */
		return malformed(walk, "more elements announced than there are bytes");
	if (walk->depth == walk->max_depth)
		return malformed(walk, "nested too deep");
	walk->items_left -= values;
	walk->open[walk->depth++] = values;
	return 0;
}

static int walk_value(struct walk *walk)
{
	uint64_t length;
	if (walk->at == walk->end)
		return malformed(walk, "cut short");
	struct form form = form_of(*walk->at, &length);
	if (form.kind == NEVER_USED)
		return malformed(walk, "a byte that is never used");
	walk->at++;
	if (walk->end - walk->at < form.width)
		return malformed(walk, "cut short");
	for (int i = 0; i < form.width; i++)
		length = length << 8 | *walk->at++;
	if (form.kind == SCALAR) {
		length += form.fixed;
		if (length > (uint64_t)(walk->end - walk->at))
			return malformed(walk, "a value longer than the message");
		walk->at += length;
		return 0;
	}
	return open_container(walk, form.kind == MAP ? 2 * length : length);
}

int packed_check(const void *bytes, size_t length, int max_depth, size_t max_items, struct error *err)
{
	assert(max_depth >= 0 && max_depth <= PACKED_MAX_DEPTH);
	struct walk walk = {
		.at = bytes, .start = bytes, .items_left = max_items, .max_depth = max_depth, .err = err};
	walk.end = walk.start + length;
	if (!walk.items_left--)
		return malformed(&walk, "too many values");
	if (walk_value(&walk))
		return -1;
	while (walk.depth) {
		if (!walk.open[walk.depth - 1]) {
			walk.depth--;
			continue;
		}
		walk.open[walk.depth - 1]--;
		if (walk_value(&walk))
			return -1;
	}
	return walk.at == walk.end ? 0 : malformed(&walk, "bytes behind the value");
}
