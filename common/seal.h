/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

/*
 * Secrets at rest and in messages: AES-256-GCM under the installation's secret key.
 * Sealed form: "v1." + base64url(nonce[12] | ciphertext | tag[16]). `context` (what the secret belongs to) is
 * authenticated, so that one sealed secret cannot be put in another's place.
 */

#include "common/error.h"

#include <stddef.h>

struct buf;

enum { SEAL_KEY_SIZE = 32 };

/* Appends the sealed form to out. */
void seal_text(
	const unsigned char key[SEAL_KEY_SIZE], const char *context, const char *secret, struct buf *out);
/* Appends the secret to out. INTERNAL, without detail, when it was sealed with another key or context, or
 * changed. */
MUST_CHECK int seal_open(const unsigned char key[SEAL_KEY_SIZE], const char *context, const char *sealed,
	struct buf *out, struct error *err);

#endif
