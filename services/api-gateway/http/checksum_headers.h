/* SPDX-License-Identifier: MIT */
#ifndef HTTP_CHECKSUM_HEADERS_H
#define HTTP_CHECKSUM_HEADERS_H

/*
 * Checksums in headers, both ways: Repr-Digest and Content-Digest (RFC 9530), Content-MD5 (RFC 1864),
 * x-amz-checksum-sha256 and -crc32c (S3: base64 of the bytes, a CRC most significant byte first).
 */

#include "common/error.h"
#include "domain/checksums.h"

struct request;
struct response;

/* What a client says of the content that it sends, and which checksums it wants to be known of it
 * (Want-Repr-Digest). Algorithms that nobody here knows are ignored. BAD_REQUEST: a header that is not well
 * formed, or two that contradict each other. */
MUST_CHECK int checksum_headers_read(
	const struct request *request, struct checksum_claims *out, struct error *err);

enum checksum_extent {
	CHECKSUM_OF_CONTENT,        /* the answer's content is the whole representation */
	CHECKSUM_OF_REPRESENTATION, /* it has none (HEAD) */
	CHECKSUM_OF_PART,           /* it is a part: only Repr-Digest is true of it */
};
/* Tells what is known, as Want-Repr-Digest and Want-Content-Digest of the request have it. */
void checksum_headers_write(struct request *request, struct response *response, const struct checksums *sums,
	enum checksum_extent extent);

#endif
