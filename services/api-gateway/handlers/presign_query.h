/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_PRESIGN_QUERY_H
#define HANDLERS_PRESIGN_QUERY_H

#include "domain/transfer.h"

struct gateway;
struct request;

/* What the query says about a presigned URL: expires (seconds, at most seven days; else the setting), size and
 * sha256 of what will be put, and S3's response-content-type, -content-disposition, -content-encoding,
 * -content-language, -cache-control, -expires. INVALID. Lent by the request. */
MUST_CHECK int presign_query(struct gateway *gateway, const struct request *request,
	struct transfer_presign *out, struct error *err);

/* The longest that S3 lets a URL hold. */
#define PRESIGN_EXPIRES_MAX_S (INT64_C(7) * 24 * 3600)
/* NULL: not told. INVALID unless it is 64 lower-case hexadecimal digits. */
MUST_CHECK int presign_check_sha256(const char *sha256, struct error *err);

#endif
