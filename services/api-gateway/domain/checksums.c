/* SPDX-License-Identifier: MIT */
#include "domain/checksums.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	struct checksum_names names;
	enum digest_kind digest;
	size_t offset;
} KINDS[CHECKSUM_COUNT] = {
	[CHECKSUM_SHA256] = {{"sha256", "sha-256", "x-amz-checksum-sha256", 32}, DIGEST_SHA256,
		offsetof(struct checksums, sha256)},
	[CHECKSUM_CRC32C] = {{"crc32c", "crc32c", "x-amz-checksum-crc32c", 4}, DIGEST_CRC32C,
		offsetof(struct checksums, crc32c)},
	[CHECKSUM_MD5] = {{"md5", "md5", "Content-MD5", 16}, DIGEST_MD5, offsetof(struct checksums, md5)},
};

const struct checksum_names *checksum_names(enum checksum_kind kind)
{
	return &KINDS[kind].names;
}

char *checksum_of(struct checksums *checksums, enum checksum_kind kind)
{
	return (char *)checksums + KINDS[kind].offset;
}

const char *checksum_get(const struct checksums *checksums, enum checksum_kind kind)
{
	return (const char *)checksums + KINDS[kind].offset;
}

void checksums_set(struct checksums *checksums, enum checksum_kind kind, const char *hex)
{
	if (hex && strlen(hex) == 2 * KINDS[kind].names.size)
		memcpy(checksum_of(checksums, kind), hex, 2 * KINDS[kind].names.size + 1);
}

void checksummer_init(struct checksummer *summer, const struct checksum_claims *claims)
{
	*summer = (struct checksummer){0};
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		bool wanted =
			kind == CHECKSUM_SHA256 ||
			(claims && (claims->wanted >> kind & 1 || *checksum_get(&claims->expected, kind)));
		if (wanted)
			summer->digests[kind] = digest_create(KINDS[kind].digest);
	}
}

void checksummer_update(struct checksummer *summer, const void *bytes, size_t length)
{
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++)
		if (summer->digests[kind])
			digest_update(summer->digests[kind], bytes, length);
	block_sums_update(&summer->blocks, bytes, length);
}

void checksummer_finish(struct checksummer *summer, struct checksums *out)
{
	char hex[DIGEST_HEX_SIZE];
	*out = (struct checksums){0};
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		if (!summer->digests[kind])
			continue;
		digest_finish_hex(summer->digests[kind], hex);
		memcpy(checksum_of(out, kind), hex, strlen(hex) + 1);
	}
	block_sums_finish(&summer->blocks);
}

void checksummer_release(struct checksummer *summer)
{
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++)
		digest_free(summer->digests[kind]);
	block_sums_release(&summer->blocks);
	*summer = (struct checksummer){0};
}

int checksums_compare(const struct checksums *expected, const struct checksums *found, struct error *err)
{
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		const char *theirs = checksum_get(expected, kind), *ours = checksum_get(found, kind);
		if (*theirs && *ours && strcmp(theirs, ours) != 0)
			return error_set(err, ERROR_CHECKSUM,
				"the bytes that came have another %s than was announced; nothing was stored",
				KINDS[kind].names.field_name);
	}
	return 0;
}
