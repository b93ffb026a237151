/* SPDX-License-Identifier: MIT */
#ifndef COMMON_TICKET_H
#define COMMON_TICKET_H

/*
 * A signed, expiring permission to fetch the bytes of one object over the internal HTTP listener. Form:
 * base64url(expiry as 8 bytes big-endian | claims) + "." + base64url(HMAC-SHA256 of that), which is safe
 * in a URL path. What the claims say is the issuer's business: only who made a ticket reads it.
 */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct buf;

enum { TICKET_MAX_LENGTH = 8192 };

/* Appends the ticket to out. */
void ticket_sign(
	const char *service_key, const void *claims, size_t length, int64_t expires_unix_ms, struct buf *out);
/* Appends the claims to out. FORBIDDEN when malformed, forged or expired. The comparison takes constant
 * time. */
MUST_CHECK int ticket_verify(
	const char *service_key, const char *ticket, int64_t now_unix_ms, struct buf *out, struct error *err);

#endif
