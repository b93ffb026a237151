/* SPDX-License-Identifier: MIT */
#ifndef JOBS_WEBHOOK_SIGNATURE_H
#define JOBS_WEBHOOK_SIGNATURE_H

/*
 * Signatures as the Standard Webhooks specification 1.0 has them: HMAC-SHA256 over "id.timestamp.body" with the bytes
 * that a secret "whsec_<base64>" stands for, written "v1,<base64>".
 */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Appends the signature; INVALID when the secret is none. */
MUST_CHECK int webhook_sign(const char *secret, const char *message_id, int64_t timestamp, const void *body,
	size_t length, struct buf *out, struct error *err);

#endif
