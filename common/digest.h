/* SPDX-License-Identifier: MIT */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

/* SHA-256, SHA-1, MD5 (OpenSSL) and CRC-32C over bytes that pass by, and HMAC-SHA256. */

#include <stddef.h>

enum digest_kind { DIGEST_SHA256, DIGEST_MD5, DIGEST_SHA1, DIGEST_CRC32C };
enum { DIGEST_MAX_SIZE = 32, DIGEST_HEX_SIZE = 65 /* with the NUL */ };

struct digest;

struct digest *digest_create(enum digest_kind kind);
void digest_free(struct digest *digest);     /* NULL is accepted */
void digest_cleanup(struct digest **digest); /* for CLEANUP() */
void digest_update(struct digest *digest, const void *bytes, size_t length);
/* Ends the computation and starts a new one. Returns the size: 32, 16, 20 or 4 (a CRC comes
 * most significant byte first). */
size_t digest_finish(struct digest *digest, unsigned char out[DIGEST_MAX_SIZE]);
/* The same in lower-case hex. */
void digest_finish_hex(struct digest *digest, char out[DIGEST_HEX_SIZE]);

void digest_sha256(const void *bytes, size_t length, unsigned char out[32]);
void digest_sha256_hex(const void *bytes, size_t length, char out[DIGEST_HEX_SIZE]);
/* RFC 2104 */
void digest_hmac_sha256(
	const void *key, size_t key_length, const void *bytes, size_t length, unsigned char out[32]);

/* RFC 8018 with HMAC-SHA256, 32 bytes of it. Costs what `iterations` says: the caller bounds it. */
void digest_pbkdf2_sha256(const char *password, const char *salt, int iterations, unsigned char out[32]);

#endif
