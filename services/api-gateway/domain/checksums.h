/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_CHECKSUMS_H
#define DOMAIN_CHECKSUMS_H

/*
 * The checksums of some bytes: SHA-256 always, CRC-32C and MD5 where somebody asked for them. Which there
 * are, and what they are called where, is one table: checksum_names().
 */

#include "common/digest.h"
#include "common/error.h"
#include "domain/block_sums.h"

#include <stddef.h>

enum checksum_kind { CHECKSUM_SHA256, CHECKSUM_CRC32C, CHECKSUM_MD5, CHECKSUM_COUNT };

/* In lower-case hex; "" where it is not known. */
struct checksums {
	char sha256[65], crc32c[9], md5[33];
};

struct checksum_names {
	const char *name;       /* in JSON: "sha256" */
	const char *field_name; /* in RFC 9530: "sha-256" */
	const char *header;     /* a header with nothing but this one, in base64; NULL: none */
	size_t size;            /* bytes */
};
const struct checksum_names *checksum_names(enum checksum_kind kind);
/* The one of a set; its buffer holds 2 * size + 1. */
char *checksum_of(struct checksums *checksums, enum checksum_kind kind);
const char *checksum_get(const struct checksums *checksums, enum checksum_kind kind);
void checksums_set(
	struct checksums *checksums, enum checksum_kind kind, const char *hex /* NULL: leaves it */);

/* What is known of bytes before they come. */
struct checksum_claims {
	struct checksums expected; /* to be found equal */
	unsigned wanted;           /* 1 << kind of each one to be computed beyond those */
};

/* Computes SHA-256 and what the claims name. Zero-initialise, or release after init. */
struct checksummer {
	struct digest *digests[CHECKSUM_COUNT];
	struct block_sums blocks; /* if its user inits them */
};
void checksummer_init(struct checksummer *summer, const struct checksum_claims *claims /* NULL: none */);
void checksummer_update(struct checksummer *summer, const void *bytes, size_t length);
void checksummer_finish(struct checksummer *summer, struct checksums *out);
void checksummer_release(struct checksummer *summer);

/* CHECKSUM, naming the first one, when one that is known to both differs. */
MUST_CHECK int checksums_compare(
	const struct checksums *expected, const struct checksums *found, struct error *err);

#endif
