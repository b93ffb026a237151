/* SPDX-License-Identifier: MIT */
#include "handlers/byteranges.h"

#include "common/arena.h"
#include "common/random.h"

#include <inttypes.h>
#include <string.h>

enum { BOUNDARY_BYTES = 16 };

void byteranges_init(struct byteranges *body, const struct byte_ranges *ranges, int64_t size,
	const char *content_type, struct arena *arena)
{
	char boundary[2 * BOUNDARY_BYTES + 1];
	random_hex(boundary, BOUNDARY_BYTES); /* so nobody can have put it into the bytes */
	*body = (struct byteranges){ranges, content_type, arena_strdup(arena, boundary), size, arena};
}

const char *byteranges_content_type(const struct byteranges *body)
{
	return arena_printf(body->arena, "multipart/byteranges; boundary=%s", body->boundary);
}

const char *byteranges_part_head(const struct byteranges *body, size_t index)
{
	const struct byte_range *range = &body->ranges->items[index];
	return arena_printf(body->arena,
		"%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64
		"\r\n\r\n",
		index ? "\r\n" : "", body->boundary, body->content_type, range->first, range->last,
		body->size);
}

const char *byteranges_tail(const struct byteranges *body)
{
	return arena_printf(body->arena, "\r\n--%s--\r\n", body->boundary);
}

int64_t byteranges_length(const struct byteranges *body)
{
	int64_t length = (int64_t)strlen(byteranges_tail(body));
	for (size_t i = 0; i < body->ranges->count; i++)
		length += (int64_t)strlen(byteranges_part_head(body, i)) + body->ranges->items[i].last -
			  body->ranges->items[i].first + 1;
	return length;
}
