/* SPDX-License-Identifier: MIT */
#include "http/checksum_headers.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/hex.h"
#include "http/dictionary_field.h"
#include "http/request.h"
#include "http/response.h"

#include <stdbool.h>
#include <string.h>

enum { BASE64_MAX = 44, WEIGHT_MAX = 10 };

static int find_kind(const struct dictionary_member *member)
{
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		const char *name = checksum_names(kind)->field_name;
		if (strlen(name) == member->name_length &&
			memcmp(name, member->name, member->name_length) == 0)
			return kind;
	}
	return -1;
}

/* --- what comes in */

static int malformed(const char *header, struct error *err)
{
	return error_set(err, ERROR_BAD_REQUEST, "%s is malformed", header);
}

static int claim(struct checksums *expected, enum checksum_kind kind, const char *header, const char *base64,
	size_t length, struct error *err)
{
	unsigned char bytes[BASE64_MAX / 4 * 3 + 3];
	char hex[DIGEST_HEX_SIZE], *known = checksum_of(expected, kind);
	const size_t size = checksum_names(kind)->size;
	if (length > BASE64_MAX || base64_decode(base64, length, BASE64_STANDARD, bytes) != (ssize_t)size)
		return malformed(header, err);
	hex_encode(bytes, size, hex);
	if (*known && strcmp(known, hex) != 0)
		return error_set(err, ERROR_BAD_REQUEST, "%s contradicts another header", header);
	memcpy(known, hex, 2 * size + 1);
	return 0;
}

static int claim_plain(const struct request *request, struct checksums *expected, struct error *err)
{
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		const char *header = checksum_names(kind)->header, *value = request_header(request, header);
		if (value && claim(expected, kind, header, value, strlen(value), err))
			return -1;
	}
	return 0;
}

static int claim_digests(
	const struct request *request, const char *header, struct checksums *expected, struct error *err)
{
	const char *at = request_header(request, header);
	struct dictionary_member member;
	int next = 0;
	while (at && (next = dictionary_next(&at, &member)) == 1) {
		int kind = find_kind(&member);
		if (kind < 0)
			continue;
		if (member.kind != DICTIONARY_BYTES)
			return malformed(header, err);
		if (claim(expected, kind, header, member.base64, member.base64_length, err))
			return -1;
	}
	return next < 0 ? malformed(header, err) : 0;
}

/* The kinds that a Want- header gives a weight, and those it gives none, 0. It is a wish: one that is not
 * well formed is none. */
static void read_wish(const char *header, unsigned *wanted, unsigned *unwanted)
{
	struct dictionary_member member;
	*wanted = *unwanted = 0;
	for (int next; header && (next = dictionary_next(&header, &member)) != 0;) {
		if (next < 0) {
			*wanted = *unwanted = 0;
			return;
		}
		int kind = find_kind(&member);
		bool weighed = member.kind == DICTIONARY_INTEGER && member.integer >= 0 &&
			       member.integer <= WEIGHT_MAX;
		if (kind >= 0 && weighed)
			*(member.integer ? wanted : unwanted) |= 1U << kind;
	}
}

int checksum_headers_read(const struct request *request, struct checksum_claims *out, struct error *err)
{
	struct checksum_claims claims = {0};
	unsigned unwanted;
	if (claim_plain(request, &claims.expected, err) ||
		claim_digests(request, "Repr-Digest", &claims.expected, err) ||
		claim_digests(request, "Content-Digest", &claims.expected, err))
		return -1;
	read_wish(request_header(request, "Want-Repr-Digest"), &claims.wanted, &unwanted);
	*out = claims;
	return 0;
}

/* --- what goes out */

static const char *encode(const struct checksums *sums, enum checksum_kind kind, char out[BASE64_MAX + 1])
{
	unsigned char bytes[DIGEST_MAX_SIZE];
	const size_t size = checksum_names(kind)->size;
	const char *hex = checksum_get(sums, kind);
	if (!*hex || hex_decode(hex, bytes, size) != 0)
		return NULL;
	base64_encode(bytes, size, BASE64_STANDARD, out);
	return out;
}

static unsigned known_kinds(const struct checksums *sums)
{
	unsigned known = 0;
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++)
		if (*checksum_get(sums, kind))
			known |= 1U << kind;
	return known;
}

static void write_digest(struct request *request, struct response *response, const struct checksums *sums,
	const char *header, const char *wish_header)
{
	CLEANUP(buf_release) struct buf field = {0};
	char text[BASE64_MAX + 1];
	unsigned wanted, unwanted, known = known_kinds(sums);
	read_wish(request_header(request, wish_header), &wanted, &unwanted);
	unsigned chosen = wanted & known ? wanted & known : known & ~unwanted;
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++)
		if (chosen >> kind & 1 && encode(sums, kind, text))
			buf_printf(&field, "%s%s=:%s:", field.length ? ", " : "",
				checksum_names(kind)->field_name, text);
	if (field.length)
		response_header(request, response, header, field.data);
}

void checksum_headers_write(struct request *request, struct response *response, const struct checksums *sums,
	enum checksum_extent extent)
{
	char text[BASE64_MAX + 1];
	write_digest(request, response, sums, "Repr-Digest", "Want-Repr-Digest");
	if (extent == CHECKSUM_OF_PART)
		return;
	if (extent == CHECKSUM_OF_CONTENT)
		write_digest(request, response, sums, "Content-Digest", "Want-Content-Digest");
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++)
		if (encode(sums, kind, text))
			response_header(request, response, checksum_names(kind)->header, text);
}
